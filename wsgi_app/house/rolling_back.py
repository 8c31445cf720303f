"""The way back to an earlier release, whose schema the database has no more: `porteiro roll-back`."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wsgi_app.base.config import Config
from wsgi_app.base.errors import BackupError
from wsgi_app.house.tombstones import forget_again
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_copies import ANY_ERROR, Counts, examine, why_of
from wsgi_app.stores.database_file import beside
from wsgi_app.stores.files import flush, flush_folder
from wsgi_app.stores.photo_folder import photos_of
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.schema import REVISIONS, SCHEMA_REVISION
from wsgi_app.stores.schema_snapshots import (
    COMPANIONS,
    SchemaSnapshot,
    snapshot_path,
    snapshots_of,
    unfinished,
)
from wsgi_app.stores.tombstones import tombstones_of

WAIT_MS = 1000  # for whoever has the database open and is about to close it


@dataclass(frozen=True)
class RolledBack:
    """What was put in the database's place.

    Attributes:
        snapshot: the copy that was.
        aside: where the newer database is now.
        before: how much that has of each.
        after: how much there is now.
        applied: what was forgotten since, and is again.
    """

    snapshot: SchemaSnapshot
    aside: Path
    before: Counts
    after: Counts
    applied: Counts


def roll_back(config: Config, now: datetime) -> RolledBack:
    """Put the newest copy in the database's place that has a schema of this release, and the database aside.

    Who was forgotten since is forgotten in it, too. Nobody may use the database meanwhile.

    Raises:
        BackupError: there is no such copy, the database is none of a newer release, or somebody uses it.
        OSError: there is no room.
    """
    file = config.database_file
    if not file.exists():
        raise BackupError("roll_back:needless", schema=SCHEMA_REVISION)
    _refuse_in_use(file)
    revision, before = examine(file)
    if revision in REVISIONS:
        raise BackupError("roll_back:needless", schema=SCHEMA_REVISION)
    snapshot = next((kept for kept in snapshots_of(file) if kept.revision in REVISIONS), None)
    if snapshot is None:
        raise BackupError("roll_back:none", folder=file.parent / "snapshots")
    examine(snapshot.path)
    staged = file.with_name(f".{file.name}.rolling-back")
    with _leaving_nothing(staged):
        shutil.copyfile(snapshot.path, staged)
        with closing(Database(f"sqlite:///{staged}")) as database:
            database.migrate(keeps_snapshot=False)
            applied, photos = forget_again(database, tombstones_of(file))
        _, after = examine(staged)
        aside = snapshot_path(file, revision, now)
        _keep_aside(file, aside)
        flush(staged)
        staged.replace(file)
    flush_folder(file.parent)
    for photo in photos:
        PhotoStore(photos_of(config)).remove(photo)
    return RolledBack(snapshot, aside, before, after, applied)


@contextmanager
def _leaving_nothing(staged: Path) -> Iterator[None]:
    """Have nothing lie where a copy is prepared, before (its log would be read into this one) and after."""
    paths = [staged, *(Path(beside(staged, ending)) for ending in COMPANIONS)]
    try:
        for path in paths:
            path.unlink(missing_ok=True)
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


def _keep_aside(file: Path, aside: Path) -> None:
    """Give a file a second name; at no moment is there none of its first."""
    try:
        os.link(file, aside)
    except OSError:  # a file system without second names
        copy = unfinished(aside)
        shutil.copyfile(file, copy)
        flush(copy)
        copy.replace(aside)
    flush_folder(aside.parent)


def _refuse_in_use(file: Path) -> None:
    """Fold the write-ahead log into the database, which only who has it alone can do."""
    try:
        with closing(sqlite3.connect(file, timeout=WAIT_MS / 1000)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise BackupError("roll_back:in_use", database=file) from error
    except ANY_ERROR as error:
        raise BackupError("backup:database", why=why_of(error)) from error
    if mode != "delete":
        raise BackupError("roll_back:in_use", database=file)
