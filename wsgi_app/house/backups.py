"""Backing the house up: `porteiro backup`."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from wsgi_app import __version__
from wsgi_app.base.config import Config
from wsgi_app.base.errors import BackupError, Unavailable
from wsgi_app.base.sentences import Place
from wsgi_app.house.models import networks_outside
from wsgi_app.house.tombstones import keep_tombstones
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.backups.contents import in_backup, models_in, named_photos, thumbnail_of
from wsgi_app.stores.backups.folder import (
    LOCK,
    UNFINISHED,
    ahead_last,
    backups_in,
    clear,
    free_path,
    rotate,
)
from wsgi_app.stores.backups.forms import PLAIN, BackupForm, Sealed
from wsgi_app.stores.backups.manifest import DATABASE, FORMAT, NETWORKS, SECRET, Manifest
from wsgi_app.stores.backups.reading import form_of
from wsgi_app.stores.backups.state import MOST_FOLDERS, BackupState, read_state, write_state
from wsgi_app.stores.backups.writing import Writer, clear_scratch
from wsgi_app.stores.database_copies import ANY_ERROR, Counts, copy_database, examine, reading, why_of
from wsgi_app.stores.files import PRIVATE_FOLDER, flush_folder, locked, make_private
from wsgi_app.stores.photo_folder import photos_of
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tombstones import FILE as TOMBSTONES

Sums = dict[str, str | None]  # of photos, by their names
PassphraseReader = Callable[[], str | None]


@dataclass(frozen=True)
class BackupOrder:
    """What backup is wanted.

    Attributes:
        folder: where it is put.
        keep: how many stay there; ``None`` for all.
        passphrase: gives the one with which it is encrypted; ``None`` where it is not.
        settings: that are set, by their keys.
        is_nightly: whether nobody looks on who could say that the folder is the right one.
    """

    folder: Path
    keep: int | None
    passphrase: PassphraseReader
    settings: Mapping[str, str]
    is_nightly: bool = False


@dataclass(frozen=True)
class Made:
    """A backup that was made, and read back.

    Attributes:
        path: where it is.
        manifest: what it says of itself.
        linked: how many of its files are those of the backup before.
        healed: how many of those had suffered, and were copied anew.
        removed: the names of older backups that went for it.
    """

    path: Path
    manifest: Manifest
    linked: int
    healed: int
    removed: list[str]

    @property
    def lost(self) -> int:
        """How many files the house has lost."""
        return len(self.manifest.carried) + len(self.manifest.lost)


def back_up(config: Config, stores: Stores, order: BackupOrder) -> Made:
    """Make a backup, and keep how that went; the live feed is told where it fails, and when it does no more.

    Raises:
        BackupError: it cannot be made, or it is made and others cannot be removed.
    """
    before, run = read_state(config.data), config.data / "run"
    with ExitStack() as held:
        with _keeping_failures(config, stores, order, before):
            _find_folder(before, order)
            make_private(run)
            locks = (run / "backup.lock", order.folder / LOCK)
            is_alone = [held.enter_context(locked(lock)) for lock in locks]
        if not all(is_alone):
            raise BackupError("backup:busy")
        with _keeping_failures(config, stores, order, before):
            made = _made(config, stores, order)
            keep_tombstones(stores, order.folder)
            state = _state_after(made, before)
            write_state(config.data, state)
        if before.why or order.is_nightly:
            _tell(stores, "made", made.path.name)
        if order.keep is not None:
            with _keeping_failures(config, stores, order, state):
                made.removed.extend(rotate(order.folder, order.keep, made.path, stores.now()))
    return made


def _state_after(made: Made, before: BackupState) -> BackupState:
    manifest = made.manifest
    folders = dict.fromkeys((str(made.path.parent), *before.folders))
    return BackupState(
        at=manifest.at,
        name=made.path.name,
        files=len(manifest.files),
        size=manifest.size,
        lost=made.lost,
        tried_at=manifest.at,
        folders=tuple(folders)[:MOST_FOLDERS],
    )


@contextmanager
def _keeping_failures(
    config: Config, stores: Stores, order: BackupOrder, before: BackupState
) -> Iterator[None]:
    """Keep and tell what goes wrong; raises it as a BackupError."""
    try:
        with _named(order.folder):
            yield
    except BackupError as error:
        why = sentence(error, Place.PAGE)
        with suppress(OSError):  # a full disk, which may be why it failed
            write_state(config.data, msgspec.structs.replace(before, tried_at=stores.now(), why=why))
        if not before.why:
            _tell(stores, "failed", "")
        raise


@contextmanager
def _named(folder: Path) -> Iterator[None]:
    try:
        yield
    except (Unavailable, *ANY_ERROR) as error:
        raise BackupError("backup:database", why=why_of(error)) from error
    except OSError as error:
        path = error.filename or folder
        raise BackupError("backup:system", why=error.strerror or str(error), path=path) from error


def _tell(stores: Stores, action: str, name: str) -> None:
    with suppress(Unavailable, *ANY_ERROR):
        stores.events.tell_backup(action, name)


def _made(config: Config, stores: Stores, order: BackupOrder) -> Made:
    if not stores.photos.is_there():
        raise BackupError("backup:photos_missing", folder=photos_of(config))
    clear(order.folder)
    clear_scratch(config.data / "run")
    at = stores.now()
    path = free_path(order.folder, at)
    form, earlier = _form(order, at)
    unfinished = path.with_name(f"{UNFINISHED}{path.name}")
    unfinished.mkdir(PRIVATE_FOLDER)
    try:
        writer = Writer(unfinished, form, earlier)
        manifest = _write(config, stores, writer, at)
        manifest = writer.finish(msgspec.structs.replace(manifest, settings=dict(order.settings)))
        unfinished.rename(path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    flush_folder(order.folder)
    return Made(path, manifest, writer.linked, writer.healed, [])


def _find_folder(before: BackupState, order: BackupOrder) -> None:
    """Make the folder where it is not there; that of a disk which is missing is not made by itself."""
    folder = order.folder
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:
        raise BackupError("backup:folder_name") from error
    is_known = str(folder) in before.folders
    is_there = (folder / TOMBSTONES).exists() if is_known else folder.parent.is_dir()
    if order.is_nightly and not is_there:
        raise BackupError("backup:other_folder", folder=folder)
    make_private(folder)


def _form(order: BackupOrder, now: datetime) -> tuple[BackupForm, list[Path]]:
    """How it is written, and which earlier ones are written so too, the newest first."""
    passphrase = order.passphrase()
    known: list[tuple[BackupForm, Path]] = []
    for path in ahead_last(backups_in(order.folder), now):
        with suppress(BackupError):  # of one that is damaged, or has another passphrase
            known.append((form_of(path, passphrase), path))
    if passphrase is None:
        return PLAIN, [path for form, path in known if form is PLAIN]
    sealed = [(form, path) for form, path in known if isinstance(form, Sealed)]
    form = sealed[0][0] if sealed else Sealed(passphrase)
    return form, [path for other, path in sealed if other.opens(form.sealing)]


def _write(config: Config, stores: Stores, writer: Writer, at: datetime) -> Manifest:
    """Write all files; gives what the backup says of itself but for these."""
    schema, counts, photos = _write_database(config, stores, writer)
    missing = {
        name
        for name, sha256 in photos.items()
        if not writer.add(in_backup(name), stores.photos.path(name), sha256)
    }
    if missing:  # those of visits that were removed meanwhile are no loss
        with stores.database.read() as connection:
            missing &= named_photos(connection).keys()
    lost = {in_backup(name): photos[name] for name in missing}
    for name in photos:
        writer.add(in_backup(thumbnail_of(name)), stores.photos.thumbnail_path(name))
    for name, path in _other_files(config):
        is_needed = name != SECRET or counts.devices > 0  # before the first door there may be no secret
        if not writer.add(name, path.resolve()) and is_needed:
            lost[name] = None
    carried = {name for name, sha256 in sorted(lost.items()) if writer.carry(name, sha256)}
    return Manifest(
        format=FORMAT,
        at=at,
        version=__version__,
        schema=schema,
        counts=counts,
        files=(),
        lost=tuple(sorted(lost.keys() - carried)),
        carried=tuple(sorted(carried)),
        settings={},
    )


def _write_database(config: Config, stores: Stores, writer: Writer) -> tuple[str, Counts, Sums]:
    with writer.staging(config.data / "run", DATABASE) as copy:
        copy_database(stores.database.engine, copy)
        schema, counts = examine(copy)
        with reading(copy) as connection:
            return schema, counts, named_photos(connection)


def _other_files(config: Config) -> Iterator[tuple[str, Path]]:
    yield from models_in(config.data)
    yield from ((f"{NETWORKS}{name}", path) for name, path in networks_outside(config).items())
    yield SECRET, config.door_secret_file
