"""The folder in which backups lie: which there are, and throwing away those that are too many."""

import re
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import Path

LOCK = ".lock"
MANIFEST = "manifest.json"
# A backup's moment, and which one of that second it is, if not the first.
NAME = re.compile(r"(?P<at>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)(-(?P<number>\d{1,4}))?")
TIME = "%Y-%m-%dT%H-%M-%SZ"
AHEAD = timedelta(hours=1)  # of a moment that no clock which is about right gave
# Before the name of one that is being written, or thrown away: neither is taken for a backup.
UNFINISHED, REMOVING = ".unfinished-", ".removing-"


def name_at(at: datetime) -> str:
    """What a backup of a moment is called, for any file system."""
    return f"{at.astimezone(UTC):{TIME}}"


def free_path(folder: Path, at: datetime) -> Path:
    """Where a backup of a moment is put that takes no other one's place."""
    names = chain([name_at(at)], (f"{name_at(at)}-{number}" for number in count(2)))
    return next(path for path in map(folder.joinpath, names) if not path.exists())


def moment_of(name: str) -> datetime | None:
    """Of which moment a backup is, by its name; ``None`` where it has another."""
    found = NAME.fullmatch(name)
    try:
        return datetime.strptime(found["at"], TIME).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def is_backup(path: Path) -> bool:
    """Whether a folder is a backup that came to its end; its name does not matter."""
    return not path.is_symlink() and any((path / f"{MANIFEST}{suffix}").is_file() for suffix in ("", ".age"))


def backups_in(folder: Path) -> list[Path]:
    """The backups in a folder by their times, the newest first; whatever else is there is left alone."""
    if not folder.is_dir():
        return []
    named = (path for path in folder.iterdir() if NAME.fullmatch(path.name))
    return sorted(filter(is_backup, named), key=_age, reverse=True)


def _age(path: Path) -> tuple[str, int]:
    at, _, number = path.name.partition("Z-")
    return at.rstrip("Z"), int(number or 1)


def is_ahead(at: datetime | None, now: datetime) -> bool:
    """Whether a moment lies so far in the future that a clock was ahead which gave it."""
    return at is not None and at > now + AHEAD


def ahead_last(backups: Iterable[Path], now: datetime) -> list[Path]:
    """Backups in the order as given, but for those of a clock that was ahead: these come last."""
    return sorted(backups, key=lambda path: is_ahead(moment_of(path.name), now))


def clear(folder: Path) -> None:
    """Remove what a backup, or a removal, left behind that did not come to its end."""
    for path in folder.iterdir():
        for prefix in (UNFINISHED, REMOVING):
            if path.name.startswith(prefix) and NAME.fullmatch(path.name.removeprefix(prefix)):
                shutil.rmtree(path)


def rotate(folder: Path, keep: int, newest: Path, now: datetime) -> list[str]:
    """Remove all but so many of the newest backups; gives the names of those removed.

    Args:
        folder: where they lie.
        keep: how many stay.
        newest: the one that was just made, which stays.
        now: by which one of a clock that was ahead is told; no other one goes in its favour.
    """
    others = [path for path in ahead_last(backups_in(folder), now) if path != newest]
    removed = others[keep - 1 :]
    for path in removed:
        doomed = path.with_name(f"{REMOVING}{path.name}")
        path.rename(doomed)  # no part of it is ever taken for a whole one
        shutil.rmtree(doomed)
    return [path.name for path in removed]
