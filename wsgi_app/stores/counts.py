"""What was counted, kept in a file while the server does not run: uWSGI's cache lives in memory alone."""

import zlib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import structlog

from wsgi_app.base.counters import MOST_NAMES, Counters, is_name
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.stores.files import open_plain, write_whole

LARGEST_BYTES = MEBIBYTE  # several times what a full cache needs

log = structlog.get_logger("porteiro")

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class Kept(msgspec.Struct):
    """What is in the file.

    Attributes:
        check: CRC-32 of the counts, as JSON in the order of their names.
    """

    version: Literal[1]
    check: int
    counts: dict[str, Count]


def write_counts(file: Path, counts: dict[str, int]) -> None:
    """Keep what was counted.

    Raises:
        OSError: it cannot be written; what was kept before is kept.
    """
    write_whole(file, msgspec.json.encode(Kept(1, _check(counts), counts)))


def read_counts(file: Path) -> dict[str, int]:
    """What was counted.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not what was written, or of a release that writes it otherwise.
    """
    with open_plain(file) as stream:
        data = stream.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise ValueError(f"it has more than {LARGEST_BYTES} bytes")
    kept = msgspec.json.decode(data, type=Kept)
    if kept.check != _check(kept.counts):
        raise ValueError("it was changed")
    if len(kept.counts) > MOST_NAMES or not all(map(is_name, kept.counts)):
        raise ValueError("nothing of Porteiro's counts so")
    return kept.counts


def set_aside_unusable(file: Path) -> None:
    """Move the file aside if it cannot be used, so that counting begins anew."""
    try:
        read_counts(file)
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        aside = file.with_name(f"{file.stem}.damaged{file.suffix}")
        log.warning(
            "what was counted cannot be read, so counting begins anew", why=str(error), kept=str(aside)
        )
        file.replace(aside)


def _check(counts: dict[str, int]) -> int:
    return zlib.crc32(msgspec.json.encode(counts, order="sorted"))


class CountsKeeper:
    """Keeps what was counted, as often as it is asked to and something was.

    Args:
        file: where.
        counters: of all processes.
    """

    def __init__(self, file: Path, counters: Counters):
        self._file, self._counters = file, counters
        self._kept: dict[str, int] = {}
        self._fails = False

    def keep(self) -> None:
        """Write the file where it would be another one. Where it cannot be written the log says so once."""
        counts = self._counters.read()
        if counts == self._kept:
            return
        if len(counts) >= MOST_NAMES > len(self._kept):
            log.warning("the counters are full, and what is new is not counted", names=len(counts))
        try:
            write_counts(self._file, counts)
        except OSError as error:
            if not self._fails:
                log.warning("what is counted cannot be kept", why=str(error))
            self._fails = True
        else:
            self._kept, self._fails = counts, False
