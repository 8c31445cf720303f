"""The secret from which the tokens of doors are made: in a file of its own, so that no database has it."""

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from wsgi_app.base.errors import ConfigError
from wsgi_app.stores.files import write_whole

SECRET_BYTES = 32
LEAST_DIFFERENT = 9  # bytes: one secret in 10^33 made at random has fewer
OTHERS = 0o077  # permissions of everybody but the owner
FIRST_USERS_GROUP = 1000  # below are a system's own, whose members are trusted (login.defs)
MOST_LINKS = 40  # as in Linux
WAIT_S, LOOK_S = 10.0, 0.05  # for the folder: at most, and between two tries

log = structlog.get_logger("porteiro")


class LiveSecret:
    """The secret as its file has it: read again where that was replaced while the server runs."""

    def __init__(self, file: Path):
        """Read it, or make it.

        Raises:
            ConfigError: as ``open_secret`` says.
        """
        self._file, self._seen = file, _state(file)
        self._secret = open_secret(file)

    def now(self) -> bytes:
        """The secret [32]; where the file is gone, or holds none any more, the last one that it held."""
        seen = _state(self._file)
        if seen not in (None, self._seen):
            self._seen = seen
            try:
                self._secret = read_secret(self._file) or self._secret
            except ConfigError as error:
                log.warning("the secret of the doors' tokens stays the one of before", why=str(error))
        return self._secret


def open_secret(file: Path) -> bytes:
    """The secret [32] in a file; made at random, for its owner alone, by whoever comes first.

    Raises:
        ConfigError: as ``read_secret``, or the file cannot be made; the message names it.
    """
    with _named(file):
        secret = _read(file)
        if secret is None:
            _refuse_lost(file)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone_in(file.parent):
                secret = _read(file)
                secret = _make(file) if secret is None else secret
    return secret


def read_secret(file: Path) -> bytes | None:
    """The secret [32] in a file; ``None`` where there is no file.

    Raises:
        ConfigError: it cannot be read, holds something else, or others can read or replace it; the message
            names it and says what to do.
    """
    with _named(file):
        return _read(file)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Have what the system says of a file name it, with its setting."""
    try:
        yield
    except OSError as error:
        raise _refusal(
            file,
            f"cannot be used: {error.strerror or error}. It has to be readable by whoever runs the server.",
        ) from error


def _refusal(file: Path, why: str) -> ConfigError:
    return ConfigError(f"PORTEIRO_SECRET_FILE: {file} {why}")


def _read(file: Path) -> bytes | None:
    try:
        number = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # nobody waits for a pipe's writer
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(number)
        mode = status.st_mode
        if not stat.S_ISREG(mode):
            raise _refusal(file, "is no plain file.")
        if mode & OTHERS:
            raise _refusal(
                file,
                f"can be read or changed by others (mode {stat.S_IMODE(mode):04o}): chmod 600 {file}, or "
                "where it is mounted, say mode 0400 there. If somebody may have read it, put it away and "
                "make every door a new token.",
            )
        _refuse_stranger(file, status, "has it")
        secret = os.read(number, SECRET_BYTES + 1)
    finally:
        os.close(number)
    _refuse_open_folders(file)
    if len(secret) != SECRET_BYTES or len(set(secret)) < LEAST_DIFFERENT:
        raise _refusal(
            file,
            f"holds no secret of {SECRET_BYTES} bytes made at random. Bring back the file that was there; "
            "without one another is made, and doors that ask over plain http need new tokens.",
        )
    return secret


def _refuse_open_folders(file: Path) -> None:
    """Refuse a file that others could put another in place of, in any folder on the way to it.

    In a sticky folder, as /tmp is, they may only replace what is theirs.
    """
    for folder, entry in _way_to(file):
        status = folder.stat()
        _refuse_stranger(folder, status, "can replace what is in it")
        leads_on = entry.is_dir() and not entry.is_symlink()
        if status.st_mode & stat.S_ISVTX:
            if os.path.lexists(entry) and entry.lstat().st_uid not in (os.geteuid(), status.st_uid, 0):
                raise _refusal(
                    entry, "belongs to somebody else, who can replace it: chown it, or choose another place."
                )
        elif status.st_mode & _writing_others(status, leads_on=leads_on):
            raise _refusal(
                file,
                f"can be replaced by others, who may write to {folder} "
                f"(mode {stat.S_IMODE(status.st_mode):04o}): chmod go-w {folder}",
            )


def _writing_others(status: os.stat_result, *, leads_on: bool) -> int:
    """The permissions by which others may replace what is in a folder."""
    is_ours = status.st_gid in (os.getegid(), status.st_uid) or status.st_gid < FIRST_USERS_GROUP
    return stat.S_IWOTH if leads_on and is_ours else stat.S_IWOTH | stat.S_IWGRP


def _way_to(file: Path) -> Iterator[tuple[Path, Path]]:
    """Each folder that is passed on the way to a file, and what is looked up there: links are followed."""
    here, waiting, links = Path("/"), list((Path.cwd() / file).parts[1:]), 0
    while waiting:
        name = waiting.pop(0)
        if name == "..":
            here = here.parent
            continue
        entry = here / name
        yield here, entry
        if not entry.is_symlink():
            here = entry
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = entry.readlink()
        here = Path("/") if target.is_absolute() else here
        waiting = [*target.parts[target.is_absolute() :], *waiting]


def _refuse_stranger(path: Path, status: os.stat_result, may: str) -> None:
    if os.geteuid() and status.st_uid not in (os.geteuid(), 0):  # root runs commands for whoever serves
        raise _refusal(
            path,
            f"belongs to somebody else (user {status.st_uid}), who {may}: chown it, or choose another place.",
        )


def _refuse_lost(file: Path) -> None:
    """Refuse to make a file where a link on the way to it leads nowhere: the file may be there later."""
    for part in (file, *file.parents):
        if part.is_symlink() and not part.exists():
            raise _refusal(file, f"is not there: the link {part} leads nowhere. Is a disk missing?")


def _state(file: Path) -> tuple[int, ...] | None:
    """What tells a file from another that takes its place; ``None`` where it cannot be told."""
    try:
        found = file.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _make(file: Path) -> bytes:
    _refuse_open_folders(file)
    secret = secrets.token_bytes(SECRET_BYTES)
    write_whole(file, secret)
    return secret


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes; gives it back with its name's changes on the disk.

    Raises:
        OSError: others hold it, and for long: whoever may look into a folder can.
    """
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(number)
        yield
        os.fsync(number)
    finally:
        os.close(number)


def _lock(number: int) -> None:
    for _ in range(round(WAIT_S / LOOK_S)):
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(LOOK_S)
        else:
            return
    raise OSError(errno.EBUSY, "another process holds the folder")
