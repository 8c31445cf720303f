"""Restoring a backup into an empty folder: `porteiro restore`."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from wsgi_app.base.config import Config
from wsgi_app.base.errors import BackupError
from wsgi_app.house.tombstones import Gathered, forget_again
from wsgi_app.stores.backups.contents import in_backup, knows_photos, named_photos, thumbnail_of
from wsgi_app.stores.backups.folder import backups_in, is_backup
from wsgi_app.stores.backups.manifest import CHOICE, DATABASE, NETWORKS, PHOTOS, SECRET, KeptFile
from wsgi_app.stores.backups.reading import Backup
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_copies import Counts, examine, reading
from wsgi_app.stores.files import PRIVATE_FILE, PRIVATE_FOLDER, flush, flush_folder, make_private
from wsgi_app.stores.photo_folder import put_marker
from wsgi_app.stores.schema import REVISIONS, SCHEMA_REVISION
from wsgi_app.stores.unfinished import UNFINISHED

OF_THE_DISK = {"lost+found"}  # of one that is empty
PACK, NOSE = f"{NETWORKS}pack/", f"{NETWORKS}nose/"


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


def chosen(path: Path) -> Path:
    """The backup that a folder is, or the newest that lies in it.

    Raises:
        BackupError: it is none, and has none.
    """
    if is_backup(path):
        return path
    found = backups_in(path)
    if not found:
        raise BackupError("restore:none", folder=path)
    return found[0]


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
        OSError: the folder cannot be written; it is empty again then.
    """
    refuse_place(target, backup)
    make_private(target.data)
    staging = target.data / UNFINISHED
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(PRIVATE_FOLDER)
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
        _put_in_place(target, staging)
    except BaseException:
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
    with closing(Database(f"sqlite:///{file}")) as database:
        database.migrate(keeps_snapshot=False)
        applied, _ = forget_again(database, gathered.stones)
        with database.read() as connection:
            named = named_photos(connection)
    return applied, {in_backup(photo) for name in named for photo in (name, thumbnail_of(name))}


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


def _put_in_place(target: Config, staging: Path) -> None:
    """Give every file its own name; the database, by which a house is one, the last."""
    if (staging / SECRET).exists():
        _move(staging / SECRET, target.door_secret_file)
        (staging / SECRET).parent.rmdir()
    for path in _but(staging.iterdir(), DATABASE):
        path.rename(target.data / path.name)
    flush_folder(target.data)
    _move(staging / DATABASE, target.database_file)
    staging.rmdir()
    flush_folder(target.data)


def _but(paths: Iterable[Path], name: str) -> list[Path]:
    return [path for path in paths if path.name != name]


def _move(source: Path, target: Path) -> None:
    make_private(target.parent)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.restoring")
        shutil.copyfile(source, beside)
        beside.chmod(PRIVATE_FILE)
        flush(beside)
        beside.replace(target)
        source.unlink()
    flush_folder(target.parent)
