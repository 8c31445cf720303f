"""The lock on the data folder, which the server's master has as long as it lives: there is one server alone.

uWSGI takes it (``flock2`` in uwsgi.ini) before it opens a socket, and the system lets it go however the
master ends. It is a lock of POSIX's kind: no child inherits it, and the system tells who has it.
"""

import fcntl
import os
import struct
from pathlib import Path

# The C structure flock of Linux: type, whence, start, length, process id.
FLOCK = "@hhqqi"


def lock_file(data: Path) -> Path:
    """Which file of a data folder is locked."""
    return data / "run" / "lock"


def take_lock(data: Path) -> bool:
    """Have the lock until this process ends; whether it was free. Without a file nothing is taken."""
    try:
        number = os.open(lock_file(data), os.O_RDWR | os.O_CLOEXEC)  # never closed: that would let it go
    except (FileNotFoundError, NotADirectoryError):
        return True
    try:
        fcntl.lockf(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def server_of(data: Path) -> int | None:
    """The process that serves a data folder; ``None`` for none.

    0 stands for one that cannot be seen from here, as one in another container.

    Raises:
        OSError: the lock is there, and cannot be looked at.
    """
    try:
        number = os.open(lock_file(data), os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = struct.unpack(FLOCK, fcntl.fcntl(number, fcntl.F_GETLK, asked))
    finally:
        os.close(number)
    return None if kind == fcntl.F_UNLCK else max(process, 0)
