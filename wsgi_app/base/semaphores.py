"""The semaphores that uWSGI's locks are: whoever dies with one, the system gives it back (``SEM_UNDO``).

They are System V's, and outlive who made them: uWSGI removes them when it ends, but not where it is killed.
And it lets every user of the machine take them, who could stop the server with that. So its master keeps them
for its own user, and writes into a file of its data folder, which has one server, which they are.

The master loads this file by itself: it imports nothing of Porteiro's.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TABLE = Path("/proc/sysvipc/sem")
WITHOUT_KEY = 0
BY_UWSGI, FOR_OWNER = 0o666, 0o600
ROUNDS = 100  # in which those who wait for one get their turn

# What Linux calls them: sys/ipc.h, sys/sem.h.
IPC_RMID, IPC_SET, IPC_STAT = 0, 1, 2
GETPID, GETVAL, GETNCNT, GETZCNT, SETVAL = 11, 12, 14, 15, 16

Written = tuple[int, int]


class Semaphore(NamedTuple):
    """A row of the system's table, of a set of semaphores that has no key.

    Attributes:
        id: it may be another one's after a reboot.
        changed: when its owner changed it last, in seconds.
    """

    id: int
    mode: int
    size: int
    user: int
    changed: int

    @property
    def written(self) -> Written:
        """What tells it from all others."""
        return self.id, self.changed


class Settings(ctypes.Structure):
    """The C structure semid_ds, up to where machines differ."""

    _fields_ = (
        ("key", ctypes.c_int),
        ("user", ctypes.c_uint),
        ("group", ctypes.c_uint),
        ("maker", ctypes.c_uint),
        ("makers_group", ctypes.c_uint),
        ("mode", ctypes.c_uint),
        ("more", ctypes.c_byte * 256),
    )


def refuse_none() -> None:
    """Make a semaphore, and remove it.

    Raises:
        OSError: there are none, or no more.
    """
    _control(_checked(_libc().semget(WITHOUT_KEY, 1, FOR_OWNER)), IPC_RMID)


def keep_own(file: Path) -> None:
    """Keep those that uWSGI made in this process for its user, before others use them, and write them down.

    Where the system does not show which there are, nothing is kept.

    Raises:
        OSError: somebody else uses them.
    """
    own = {one.id for one in _singles(BY_UWSGI) if _control(one.id, GETPID) == os.getpid()}
    for number in own:
        _keep(number)
    lines = (f"{one.id} {one.changed}\n" for one in _singles(FOR_OWNER) if one.id in own)
    with suppress(OSError):  # a full disk: after a kill they are left
        file.write_text("".join(lines), encoding="ascii")


def remove_left(file: Path) -> None:
    """Remove those that are written in a file, whose writer lives no more; then the file."""
    written = _read(file)
    for left in _singles(FOR_OWNER):
        if left.written in written:
            with suppress(OSError):
                _control(left.id, IPC_RMID)
    file.unlink(missing_ok=True)


def are_there(file: Path) -> bool:
    """Whether nobody removed any of those that are written in a file."""
    return _read(file) <= {one.written for one in _singles(FOR_OWNER)}


def _singles(mode: int) -> Iterator[Semaphore]:
    """Those of this user's that are alone in their set, as uWSGI's are."""
    try:
        rows = TABLE.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    for row in rows:
        key, number, permissions, size, user, *_, changed = row.split()
        one = Semaphore(int(number), int(permissions, 8), int(size), int(user), int(changed))
        if (int(key), one.mode, one.size, one.user) == (WITHOUT_KEY, mode, 1, os.geteuid()):
            yield one


def _keep(number: int) -> None:
    """Have a semaphore for its user alone, and free."""
    settings = Settings()
    _control(number, IPC_STAT, ctypes.byref(settings))
    settings.mode = FOR_OWNER
    _control(number, IPC_SET, ctypes.byref(settings))
    for _ in range(ROUNDS):  # another user may have been quicker; what they took or waited for is undone
        _control(number, SETVAL, 1)
        if (_control(number, GETVAL), _control(number, GETNCNT), _control(number, GETZCNT)) == (1, 0, 0):
            return
    raise OSError(f"somebody else waits for the semaphore {number}: ipcrm -s {number}")


def _read(file: Path) -> set[Written]:
    """What is written in a file; of half a line, nothing."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
        return {(int(number), int(changed)) for number, changed in map(str.split, lines)}
    except (OSError, ValueError):
        return set()


def _control(number: int, command: int, argument: object = 0) -> int:
    return _checked(_libc().semctl(number, 0, command, argument))


def _checked(answer: int) -> int:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
