"""What a file that cannot be kept says of its disk: that it is full, or that it fails."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from wsgi_app.base.errors import StorageFull, StorageTrouble, is_full
from wsgi_app.base.seldom import Seldom

PROBE_BYTES = 65_536  # more than a file system finds room for where it is full

log = structlog.get_logger("porteiro")


class DiskGuard:
    """Says what is wrong where a file cannot be kept, and tells the log seldom.

    Args:
        seldom: when the log is told again.
    """

    def __init__(self, seldom: Seldom | None = None):
        self._seldom = seldom or Seldom()

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Keep a file inside; what is wrong with the disk is said as an error.

        Raises:
            StorageFull: it has no room, or takes no more files.
            StorageTrouble: it cannot be written for any other reason.
        """
        try:
            yield
        except FileExistsError:  # which says nothing of the disk
            raise
        except OSError as error:
            raise self._found(error) from error
        if self._seldom.end():
            log.info("the disk takes files again")

    def _found(self, error: OSError) -> StorageTrouble:
        why = f"{error.strerror or error}: {error.filename or ''}".removesuffix(": ")
        if self._seldom.is_due(why):
            log.error("the disk takes no file", why=why)
        if is_full(error):
            return StorageFull("storage_full:files") if _has_room(error) else StorageFull("storage_full")
        if error.errno == errno.EROFS:
            return StorageTrouble("unavailable:disk_read_only")
        return StorageTrouble("unavailable:disk")


def write_probe(folder: Path) -> None:
    """Write a file into a folder as a photo is written, and let it go; raises OSError where that fails."""
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(PROBE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def has_no_room(folder: Path) -> bool:
    """Whether a folder's disk is found full by writing to it; a quota of the system's is seen so alone."""
    try:
        write_probe(folder)
    except OSError as error:
        return is_full(error)
    return False


def _has_room(error: OSError) -> bool:
    """Whether a disk that took no file has room for what is in one, and just no files left."""
    if not error.filename:  # it was made, so it is what is in it that has no room
        return False
    try:
        room = os.statvfs(Path(os.fsdecode(error.filename)).parent)
    except OSError:
        return False
    return room.f_files > 0 and room.f_favail == 0 and room.f_bavail > 0
