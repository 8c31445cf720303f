"""How the last backup went: kept in the data folder, apart from the database, which may be what is broken."""

from datetime import datetime
from pathlib import Path

import msgspec

from wsgi_app.stores.files import write_whole

FILE = "backup.json"
MOST_FOLDERS = 10


class BackupState(msgspec.Struct, frozen=True):
    """How the last backup went.

    Attributes:
        at: of which moment the last whole one is; ``None`` before the first.
        name: what it is called.
        files: how many it has.
        size: of these together, in bytes, before encryption.
        lost: how many photos the database named that the house has not, or not as they were.
        tried_at: when one was tried last.
        why: that one failed, in a sentence; ``""`` where it did not.
        folders: where backups were put, the last one first.
    """

    at: datetime | None = None
    name: str = ""
    files: int = 0
    size: int = 0
    lost: int = 0
    tried_at: datetime | None = None
    why: str = ""
    folders: tuple[str, ...] = ()


def read_state(data: Path) -> BackupState:
    """What is kept in a data folder; as before the first backup where that is nothing, or cannot be read."""
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=BackupState)
    except (OSError, msgspec.MsgspecError):
        return BackupState()


def write_state(data: Path, state: BackupState) -> None:
    """Keep it; raises OSError where that cannot be done."""
    write_whole(data / FILE, msgspec.json.encode(state) + b"\n")
