"""The secret from which the tokens of doors are made: in a file of its own, so that no database has it."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wsgi_app.base.errors import ConfigError

SECRET_BYTES = 32


def open_secret(file: Path) -> bytes:
    """The secret [32] in a file; made at random, for its owner alone, by whoever comes first.

    Raises:
        ConfigError: the file cannot be read or made, or holds something else; the message names it.
    """
    try:
        secret = _read(file)
        if secret is None:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone_in(file.parent):
                secret = _read(file)
                secret = _make(file) if secret is None else secret
    except OSError as error:
        raise ConfigError(
            f"PORTEIRO_SECRET_FILE: {file} cannot be used: {error.strerror or error}. It has to be readable "
            "by whoever runs the server."
        ) from error
    if len(secret) != SECRET_BYTES:
        raise ConfigError(
            f"PORTEIRO_SECRET_FILE: {file} holds no secret of {SECRET_BYTES} bytes. Bring back the file that "
            "was there; without one another is made, and doors that ask over plain http need new tokens."
        )
    return secret


def _read(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return stream.read(SECRET_BYTES + 1)
    except FileNotFoundError:
        return None


def _make(file: Path) -> bytes:
    secret = secrets.token_bytes(SECRET_BYTES)
    number, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # for its owner alone: 0600
    staged = Path(name)
    try:
        with os.fdopen(number, "wb") as stream:
            stream.write(secret)
            stream.flush()
            os.fsync(number)
        staged.replace(file)  # whole on the disk before it has its name
    finally:
        staged.unlink(missing_ok=True)
    return secret


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes; gives it back with its name's changes on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
        os.fsync(number)
    finally:
        os.close(number)
