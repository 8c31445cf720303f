"""Copies of the database from before its schema was changed: the way back to the release before.

They lie beside it, and only for a while: whoever is forgotten is in them as well.
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.stores.database_copies import copy_database
from wsgi_app.stores.files import flush_folder, make_private

FOLDER = "snapshots"
KEPT = 3
NAME = re.compile(r"(?P<revision>\d{4})-(?P<at>\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{6}Z)\.db")
TIME = "%Y-%m-%dT%H-%M-%S.%fZ"
UNFINISHED = ".unfinished-"  # before the name of one that is being made
COMPANIONS = ("-journal", "-wal", "-shm")  # SQLite leaves them where it is cut off


@dataclass(frozen=True, order=True)
class SchemaSnapshot:
    """One of them.

    Attributes:
        at: when it was made.
        revision: of the schema that it has.
        path: its file.
    """

    at: datetime
    revision: str
    path: Path


def snapshot_path(database: Path, revision: str, at: datetime) -> Path:
    """Where one of a database is put."""
    return database.parent / FOLDER / f"{revision}-{at.astimezone(UTC):{TIME}}.db"


def snapshots_of(database: Path) -> list[SchemaSnapshot]:
    """Those that a database has, the newest first."""
    folder = database.parent / FOLDER
    paths = folder.iterdir() if folder.is_dir() else ()
    named = ((NAME.fullmatch(path.name), path) for path in paths)
    found = (SchemaSnapshot(_moment(name["at"]), name["revision"], path) for name, path in named if name)
    return sorted(found, reverse=True)


def keep_snapshot(engine: sa.Engine, database: Path, revision: str, at: datetime) -> Path:
    """Copy a database as it is now; only the newest copies stay.

    Raises:
        BackupError: it cannot be read whole.
        OSError: there is no room for it.
    """
    path = snapshot_path(database, revision, at)
    make_private(path.parent)
    remove_unfinished(database)
    copy = unfinished(path)
    copy_database(engine, copy)
    copy.replace(path)
    flush_folder(path.parent)
    for old in snapshots_of(database)[KEPT:]:
        old.path.unlink(missing_ok=True)
    return path


def remove_snapshots(database: Path, before: datetime | None = None) -> int:
    """Remove those that were made before a moment, or all; gives how many. One that stays goes next time.

    What was cut off while one was made goes too, whenever that was.
    """
    removed = 0
    remove_unfinished(database)
    for snapshot in snapshots_of(database):
        if before is None or snapshot.at < before:
            with suppress(OSError):
                snapshot.path.unlink(missing_ok=True)
                removed += 1
    return removed


def remove_unfinished(database: Path) -> None:
    """Remove what is left of copies that were cut off, those of earlier releases too."""
    folder = database.parent / FOLDER
    for path in [path for path in folder.iterdir() if _is_unfinished(path)] if folder.is_dir() else ():
        with suppress(OSError):
            path.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """Where a copy is written before it gets its own name."""
    return path.with_name(f"{UNFINISHED}{path.name}")


def _is_unfinished(path: Path) -> bool:
    name = path.name.removeprefix(UNFINISHED)
    ending = next((ending for ending in COMPANIONS if name.endswith(ending)), "")
    if not NAME.fullmatch(name.removesuffix(ending)):
        return False
    if ending or name != path.name:
        return True
    with suppress(FileNotFoundError):
        return path.stat().st_size == 0 or path.with_name(f"{name}-journal").exists()
    return False


def _moment(text: str) -> datetime:
    return datetime.strptime(text, TIME).replace(tzinfo=UTC)
