"""Files and folders that are whole on the disk before anybody finds them under their names."""

import errno
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def write_whole(path: Path, data: bytes) -> None:
    """Put a file there for its owner alone, in place of one that may be there, at no moment a part of it."""
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    staged = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(number)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
    flush_folder(path.parent)


def make_private(folder: Path) -> None:
    """Make a folder for its owner alone, with those on the way to it; flushed up to where it begins."""
    if folder.is_dir():
        return
    make_private(folder.parent)
    folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
    flush_folder(folder.parent)


def open_plain(path: Path) -> IO[bytes]:
    """A file to be read, which is no link and nothing that one would wait for.

    Raises:
        OSError: there is none, or it cannot be read.
    """
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(number).st_mode):
        os.close(number)
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return os.fdopen(number, "rb")


def flush_folder(folder: Path) -> None:
    """Have the names in a folder on the disk: a file survives a power cut only with its own."""
    flush(folder)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextmanager
def locked(file: Path) -> Iterator[bool]:
    """Hold a lock against other processes, until the end or the death of this one; whether it was free.

    Where the file system knows no locks, it is as if it were free.
    """
    number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    try:
        yield _is_taken(number)
    finally:
        os.close(number)


def _is_taken(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        return error.errno in WITHOUT_LOCKS
    return True
