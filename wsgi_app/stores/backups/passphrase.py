"""The passphrase of backups, out of a file."""

import os
import stat
from pathlib import Path

from wsgi_app.base.errors import BackupError
from wsgi_app.stores.files import open_plain

LEAST, MOST = 8, 1024  # bytes
OTHERS = 0o077  # permissions of everybody but the owner


def read_passphrase(file: Path) -> str:
    """What a file holds, without the end of its last line.

    Raises:
        BackupError: it cannot be read, others can read it, or what it holds is too short or no text.
    """
    try:
        with open_plain(file.resolve()) as stream:
            mode, data = os.fstat(stream.fileno()).st_mode, stream.read(MOST + 1)
    except (OSError, RuntimeError) as error:
        raise BackupError("passphrase:unreadable", file=file, why=_why(error)) from error
    if mode & OTHERS:
        raise BackupError("passphrase:others", file=file, mode=f"{stat.S_IMODE(mode):04o}")
    return checked(data.removesuffix(b"\n").removesuffix(b"\r"))


def checked(data: bytes) -> str:
    """A passphrase.

    Raises:
        BackupError: it is too short, too long, or no text.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BackupError("passphrase:unfit", least=LEAST, most=MOST) from error
    if not LEAST <= len(data) <= MOST:
        raise BackupError("passphrase:unfit", least=LEAST, most=MOST)
    return text


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
