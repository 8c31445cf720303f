"""The rules by which a folder is shown: what may be seen of it, and never anything outside it."""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

from wsgi_app.base.errors import Forbidden, NotFound, RequestError, Unavailable
from wsgi_app.base.limits import UploadLimits

MOST_ENTRIES = 1000  # of one listing
MOST_NAMES = 10_000  # that are read of a folder, so that a full one keeps nobody waiting
MOST_BYTES = UploadLimits.photo_bytes  # of a file: as much as the house itself sends at once
BLOCK_BYTES = 64 * 1024
LATEST_S = 253_370_764_800  # 9999-01-01, the last year that a date can tell

# A name that may be seen: no dotfile, no way up, nothing that an address or a line of text could not tell.
SHOWN = re.compile(r"(?!\.)[^/\\\x00-\x1f\x7f]+")

# A name in a folder that went away in this moment, or that this user may not look at.
OUT_OF_SIGHT = (FileNotFoundError, PermissionError)

# Not for what was asked for, but for everybody: this process, or the machine, has too many files open.
NO_MORE_FILES = (errno.EMFILE, errno.ENFILE)

# How each name of a path is opened: never through a link, nor waiting for somebody at a pipe's other end.
STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True)
class FolderEntry:
    """One line of a listing.

    Attributes:
        name: of a file or a folder.
        kind: which of them it is.
        size: of a file, in bytes.
        changed: when it was last.
    """

    name: str
    kind: Literal["folder", "file"]
    size: int | None
    changed: datetime


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes:
        path: below the shown folder, as it was asked for; ``""`` for that itself.
        entries: folders first, each by its name.
        more: whether there are more than are listed.
    """

    path: str
    entries: tuple[FolderEntry, ...]
    more: bool


@dataclass(frozen=True)
class OpenFile:
    """A file that may be sent.

    Attributes:
        name: its own, without the folders.
        status: what the system says of it.
        file: to read from; whoever has it closes it.
    """

    name: str
    status: os.stat_result
    file: BinaryIO

    @property
    def changed(self) -> datetime:
        """When it was last, in whole seconds, as HTTP's dates are."""
        return _changed(self.status)


def look_up(place: Path, path: str) -> Listing | OpenFile:
    """What there is at a path below a folder; a file's path has no slash at its end, a folder's may have.

    Each name is opened inside the folder that was opened before it, and links are not followed at all: so
    there is no way out, not even for somebody who swaps a folder for a link in this very moment.

    Raises:
        NotFound: nothing is there, or nothing that may be seen.
        Forbidden: a file too large to be sent.
        Unavailable: the server has too many files open.
    """
    inner, slash = path.removesuffix("/"), path.endswith("/")
    names = inner.split("/") if path else []
    descriptor = _open(place, names)
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode):
        return _listing(descriptor, path)
    file = os.fdopen(descriptor, "rb", buffering=0)
    if slash or not stat.S_ISREG(status.st_mode):
        file.close()
        raise _nothing()
    if status.st_size > MOST_BYTES:
        file.close()
        raise Forbidden("large_file", bytes=MOST_BYTES)
    return OpenFile(names[-1], status, file)


@dataclass(frozen=True)
class Blocks:
    """The bytes of a file from ``start`` to before ``stop``, read block by block while they are sent.

    A WSGI server closes whatever it was given to send, read to its end or not.
    """

    file: BinaryIO
    start: int
    stop: int

    def __iter__(self) -> Iterator[bytes]:
        """The blocks; fewer bytes if the file has shrunk."""
        self.file.seek(self.start)
        left = self.stop - self.start
        while block := self.file.read(min(left, BLOCK_BYTES)):
            left -= len(block)
            yield block

    def close(self) -> None:
        """The file is not needed any more."""
        self.file.close()


def _open(place: Path, names: list[str]) -> int:
    if not all(SHOWN.fullmatch(name) for name in names):
        raise _nothing()
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        for name in names:
            outer = descriptor
            try:
                descriptor = os.open(name.encode(), STEP, dir_fd=outer)
            finally:
                os.close(outer)
    except OSError as error:
        raise _refusal(error) from error
    return descriptor


def _listing(descriptor: int, path: str) -> Listing:
    try:
        with os.scandir(descriptor) as scan:
            scanned = list(islice(scan, MOST_NAMES + 1))
            shown = sorted(_shown(scanned))
        entries = [_entry(name, descriptor) for _, name in shown[:MOST_ENTRIES]]
    except OSError as error:
        raise _refusal(error) from error
    finally:
        os.close(descriptor)
    more = len(shown) > MOST_ENTRIES or len(scanned) > MOST_NAMES
    return Listing(path, tuple(entry for entry in entries if entry is not None), more)


def _shown(entries: Iterable["os.DirEntry[str]"]) -> Iterator[tuple[bool, str]]:
    """Whether it is a file and its name, of what may be seen: no links, and names that are UTF-8 alone."""
    for entry in entries:
        with suppress(UnicodeDecodeError, *OUT_OF_SIGHT):
            name = os.fsencode(entry.name).decode()
            is_folder = entry.is_dir(follow_symlinks=False)
            if SHOWN.fullmatch(name) and (is_folder or entry.is_file(follow_symlinks=False)):
                yield not is_folder, name


def _entry(name: str, folder: int) -> FolderEntry | None:
    try:
        status = os.stat(name.encode(), dir_fd=folder, follow_symlinks=False)
    except OUT_OF_SIGHT:
        return None
    is_folder = stat.S_ISDIR(status.st_mode)
    return FolderEntry(
        name, "folder" if is_folder else "file", None if is_folder else status.st_size, _changed(status)
    )


def _changed(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(min(max(int(status.st_mtime), 0), LATEST_S), UTC)


def _refusal(error: OSError) -> RequestError:
    if error.errno in NO_MORE_FILES:
        return Unavailable("unavailable:files")
    return _nothing()


def _nothing() -> NotFound:
    return NotFound("not_found:file_or_folder")
