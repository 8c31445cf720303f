"""Restoring a backup into an empty folder: `porteiro restore`."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from wsgi_app.base.config import Config
from wsgi_app.base.errors import BackupError, ConfigError, StorageFull, StorageTrouble
from wsgi_app.house.tombstones import Gathered, forget_again
from wsgi_app.stores.backups.contents import in_backup, knows_photos, named_photos, thumbnail_of
from wsgi_app.stores.backups.folder import ahead_last, backups_in, is_ahead, is_backup, moment_of
from wsgi_app.stores.backups.manifest import CHOICE, DATABASE, NETWORKS, PHOTOS, SECRET, KeptFile
from wsgi_app.stores.backups.reading import Backup
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_copies import Counts, examine, reading
from wsgi_app.stores.disks import has_no_room
from wsgi_app.stores.files import PRIVATE_FILE, PRIVATE_FOLDER, flush, flush_folder, make_private
from wsgi_app.stores.photo_folder import put_marker
from wsgi_app.stores.schema import REVISIONS, SCHEMA_REVISION
from wsgi_app.stores.unfinished import UNFINISHED

OF_THE_DISK = {"lost+found"}  # of one that is empty
PACK, NOSE = f"{NETWORKS}pack/", f"{NETWORKS}nose/"

Move = tuple[Path, Path]  # from where, and to where


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes:
        photos: how many, small copies among them.
        applied: what was forgotten since, and is again.
        to_set: settings that name files which lie elsewhere now, by their keys.
    """

    photos: int
    applied: Counts
    to_set: dict[str, str]


def chosen(path: Path, now: datetime) -> Path:
    """The backup that a folder is, or the newest that lies in it; one of a clock that was ahead is the last.

    Raises:
        BackupError: it is none, and has none.
    """
    if is_backup(path):
        return path
    found = backups_in(path)
    if not found:
        raise BackupError("restore:none", folder=path)
    return ahead_last(found, now)[0]


def ahead_in(path: Path, now: datetime) -> list[Path]:
    """The backups in a folder, or the one that it is, whose moments lie in the future: a clock was ahead."""
    backups = [path] if is_backup(path) else backups_in(path)
    return [backup for backup in backups if is_ahead(moment_of(backup.name), now)]


def look_through(backup: Backup) -> list[str]:
    """Read a backup whole, its database too; gives the photos that are not what was kept.

    These were damaged before it was made: it has them as they were then.

    Raises:
        BackupError: it is damaged.
    """
    backup.check()
    with TemporaryDirectory(prefix="porteiro-") as folder:
        file = Path(folder, DATABASE)
        _restore_file(backup, backup.files[DATABASE], file)
        examine(file)
        with reading(file) as connection:
            named = named_photos(connection) if knows_photos(connection) else {}
    sums = {name: kept.sha256 for name, kept in backup.files.items()}
    return [name for name, sha256 in named.items() if sha256 not in (None, sums.get(in_backup(name), sha256))]


def refuse_place(target: Config, backup: Backup) -> None:
    """Refuse to restore where something is already.

    Raises:
        BackupError: a folder is not empty, or a file is there.
    """
    if target.data.exists():
        names = {path.name for path in target.data.iterdir()} - OF_THE_DISK - {UNFINISHED}
        if names:
            raise BackupError("restore:not_empty", folder=target.data)
    if target.database_file.exists():
        raise BackupError("restore:in_the_way", file=target.database_file)
    secret = target.door_secret_file
    if secret.exists() and SECRET in backup.files:
        own = BytesIO()
        backup.take(SECRET, own)
        if secret.read_bytes() != own.getvalue():
            raise BackupError("restore:in_the_way", file=secret)


def restore(target: Config, backup: Backup, gathered: Gathered) -> Restored:
    """Restore a backup; the photos of what was forgotten since are not written anywhere.

    Until its end the folder has what keeps a server from starting on a part of it.

    Raises:
        BackupError: a folder is not empty, the backup is damaged, or a newer release wrote it.
        ConfigError: its database cannot be brought up to date.
        OSError: there is no room, or it cannot be written; the folder is empty again then, or nothing starts
            on it, as after a power cut.
    """
    refuse_place(target, backup)
    make_private(target.data)
    staging = target.data / UNFINISHED
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(PRIVATE_FOLDER)
    begun = False  # by then some has its own name, and what is left keeps a server from starting on that
    try:
        applied, wanted = _restore_database(backup, staging / DATABASE, gathered)
        for name, kept in backup.files.items():
            if name != DATABASE and (name in wanted or not name.startswith(PHOTOS)):
                _restore_file(backup, kept, staging / name)
        to_set = _settings(target, backup, staging)
        for folder, _, _ in os.walk(staging):
            flush_folder(Path(folder))
        photos = sum(path.is_file() for path in (staging / PHOTOS).rglob("*"))
        put_marker(staging / PHOTOS)
        with ExitStack() as copies:
            moves = [copies.enter_context(move) for move in _moves(target, staging)]
            begun = True
            _put_in_place(target, staging, moves)
    except BaseException:
        if not begun:
            shutil.rmtree(staging, ignore_errors=True)
        raise
    return Restored(photos, applied, to_set)


def _restore_database(backup: Backup, file: Path, gathered: Gathered) -> tuple[Counts, set[str]]:
    """Put the database there, up to date; gives what was forgotten again, and which photos it names then."""
    _restore_file(backup, backup.files[DATABASE], file)
    schema, _ = examine(file)
    if schema not in REVISIONS:
        version = backup.manifest.version
        raise BackupError("restore:newer", schema=schema, version=version, own=SCHEMA_REVISION)
    with closing(Database(f"sqlite:///{file}")) as database, _naming_no_room(file):
        database.migrate(keeps_snapshot=False)
        applied, _ = forget_again(database, gathered.stones)
        with database.read() as connection:
            named = named_photos(connection)
    return applied, {in_backup(photo) for name in named for photo in (name, thumbnail_of(name))}


@contextmanager
def _naming_no_room(file: Path) -> Iterator[None]:
    """Say of a full disk what it is: SQLite says many things of that, and no setting is wrong."""
    try:
        yield
    except (ConfigError, StorageTrouble) as error:
        if isinstance(error, StorageFull) or has_no_room(file.parent):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file)) from error
        raise


def _restore_file(backup: Backup, kept: KeptFile, path: Path) -> None:
    make_private(path.parent)
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(number, "wb") as stream:
        backup.take(kept.name, stream)
        stream.flush()
        os.fsync(number)
    os.utime(path, ns=(kept.mtime_ns, kept.mtime_ns))


def _settings(target: Config, backup: Backup, staging: Path) -> dict[str, str]:
    """Have the choice of models name the folder that they are in now; gives the settings that have to."""
    to_set = {}
    pack = str(target.data / PACK).rstrip("/")
    if (staging / PACK).is_dir():
        choice = staging / CHOICE
        if "PORTEIRO_PACK" in backup.manifest.settings:
            to_set["PORTEIRO_PACK"] = pack
        elif choice.is_file():
            choice.write_text(f"{pack}\n", encoding="utf-8")
            flush(choice)
    for file in _names(backup, NOSE):
        to_set["PORTEIRO_NOSE_MODEL"] = str(target.data / file)
    return to_set


def _names(backup: Backup, beginning: str) -> Iterator[str]:
    return (name for name in backup.files if name.startswith(beginning))


def _moves(target: Config, staging: Path) -> Iterator[AbstractContextManager[Move]]:
    """What settings may have at another place, as it gets there; the database the last."""
    for name, place in ((SECRET, target.door_secret_file), (DATABASE, target.database_file)):
        if (staging / name).exists():
            yield _beside(staging / name, place, target.data)


@contextmanager
def _beside(source: Path, target: Path, data: Path) -> Iterator[Move]:
    """A file, or its copy where its place may be on another disk: there it needs no more room for its name.

    Raises:
        OSError: it cannot be copied; nothing is left of it then.
    """
    if target.is_relative_to(data):
        yield source, target
        return
    make_private(target.parent)
    copy = target.with_name(f".{target.name}{UNFINISHED}")
    try:
        _copy(source, copy)
        yield copy, target
    finally:
        copy.unlink(missing_ok=True)


def _copy(source: Path, copy: Path) -> None:
    try:
        shutil.copyfile(source, copy)
        copy.chmod(PRIVATE_FILE)
        flush(copy)
    except OSError as error:  # which may name the source alone
        raise OSError(error.errno, error.strerror, str(copy)) from error


def _put_in_place(target: Config, staging: Path, moves: list[Move]) -> None:
    """Give every file its own name; the database, by which a house is one, the last."""
    *others, database = moves
    for move in others:
        _move(*move)
    shutil.rmtree((staging / SECRET).parent, ignore_errors=True)
    for path in list(staging.iterdir()):
        if path.name != DATABASE:
            path.rename(target.data / path.name)
    flush_folder(target.data)
    _move(*database)
    shutil.rmtree(staging)
    flush_folder(target.data)


def _move(source: Path, target: Path) -> None:
    make_private(target.parent)
    source.replace(target)
    flush_folder(target.parent)
