"""Restoring a backup into an empty folder."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.accounts import add_account
from tests.backups import backed_up, enrolled, opened, order, visited
from tests.conftest import Clock
from tests.disks import fill, small_disk
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import BackupError, ConfigError
from wsgi_app.front.start import prepare
from wsgi_app.house import restoring
from wsgi_app.house.backups import back_up
from wsgi_app.house.restoring import ahead_in, chosen, look_through, refuse_place, restore
from wsgi_app.house.tombstones import Gathered, gather
from wsgi_app.stores.backups.reading import form_of, open_backup
from wsgi_app.stores.photos import MARKER
from wsgi_app.stores.secret_file import open_secret
from wsgi_app.stores.stores import Stores, open_stores
from wsgi_app.stores.tables import metadata

NOBODY = Gathered([], [])


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path.resolve())})


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("disk")


@pytest.fixture
def target(disk: Path) -> Config:
    """A house that is not there yet."""
    return load_config({"PORTEIRO_DATA": f"{disk}/restored"})


@contextmanager
def living(config: Config) -> Iterator[Stores]:
    stores = open_stores(config)
    yield stores
    stores.database.close()


def rows(stores: Stores) -> dict[str, list[tuple[object, ...]]]:
    """Everything that a database has, but for sign-ins and links, which end."""
    with stores.database.read() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
            if name not in ("sessions", "invitations", "gallery", "photo_folder")
        }


def photos(folder: Path) -> dict[str, bytes]:
    root = folder / "photos"
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != MARKER
    }


def test_what_is_restored_is_what_was_there(
    config: Config, stores: Stores, disk: Path, target: Config
) -> None:
    ana = enrolled(stores, "Ana")
    for person in (ana, None):
        visited(stores, os.urandom(1000), person)
    stores.devices.add("front", b"hash", b"salt")
    secret = open_secret(config.door_secret_file)
    made = backed_up(config, stores, disk / "backups")

    restored = restore(target, opened(made.path), NOBODY)

    with living(target) as again:
        assert rows(again) == rows(stores)
    assert photos(target.data) == photos(config.data)
    assert open_secret(target.door_secret_file) == secret
    assert (target.data / "photos" / MARKER).is_file()
    assert (restored.photos, restored.to_set) == (5, {})
    assert {path.name for path in target.data.iterdir()} == {"porteiro.db", "keys", "photos"}
    prepare({"PORTEIRO_DATA": str(target.data), "PORTEIRO_SOCKET": f"{target.data}/run/w.sock"})


def test_an_encrypted_one_is_restored_with_its_passphrase(
    config: Config, stores: Stores, disk: Path, target: Config
) -> None:
    enrolled(stores, "Ana")
    made = back_up(config, stores, order(disk / "backups", passphrase="correct horse"))
    backup = open_backup(made.path, form_of(made.path, "correct horse"))
    look_through(backup)

    restore(target, backup, NOBODY)

    assert photos(target.data) == photos(config.data)


def test_who_was_forgotten_since_is_written_nowhere(
    config: Config, stores: Stores, disk: Path, target: Config
) -> None:
    ana, bruno = enrolled(stores, "Ana Pereira"), enrolled(stores, "Bruno")
    visited(stores, b"at the door", ana)
    made = backed_up(config, stores, disk / "backups")
    stores.people.remove(ana, lambda _: True)

    restored = restore(target, opened(made.path), gather((), (stores.database.path,)))

    with living(target) as again:
        assert [person.id for person in again.people.page(10)] == [bruno]
        assert again.visits.page(10) == []
    assert list(photos(target.data).values()) == [b"png of Bruno"]
    assert (restored.applied.people, restored.applied.visits, restored.applied.faces) == (1, 1, 1)
    assert not any(b"Ana Pereira" in path.read_bytes() for path in target.data.rglob("*") if path.is_file())


def test_everybody_has_to_sign_in_anew(config: Config, stores: Stores, disk: Path, target: Config) -> None:
    olga = add_account(stores, "Olga", "owner")
    stores.sessions.start(b"key", olga, "127.0.0.1")
    made = backed_up(config, stores, disk / "backups")

    restore(target, opened(made.path), NOBODY)

    with living(target) as again:
        assert again.sessions.account(b"key") is None
        assert [account.name for account in again.accounts.page(10)] == ["Olga"]


def test_the_newest_of_a_folder_is_chosen_or_the_one_that_is_named(
    config: Config, stores: Stores, disk: Path, clock: Clock
) -> None:
    first = backed_up(config, stores, disk / "backups").path
    clock.advance(60)
    second = backed_up(config, stores, disk / "backups").path

    now = clock.now()
    assert (chosen(disk / "backups", now), chosen(first, now)) == (second, first)
    assert (ahead_in(disk / "backups", now), ahead_in(first, now)) == ([], [])
    earlier = now - timedelta(days=1)
    assert (chosen(disk / "backups", earlier), ahead_in(second, earlier)) == (second, [second])
    with pytest.raises(BackupError, match="restore:none"):
        chosen(disk, now)


def test_one_of_a_clock_that_was_ahead_is_not_the_newest(
    config: Config, stores: Stores, disk: Path, clock: Clock
) -> None:
    right = backed_up(config, stores, disk / "backups").path
    now = clock.now()
    clock.advance(400 * 86_400)
    ahead = backed_up(config, stores, disk / "backups").path

    assert (chosen(disk / "backups", now), chosen(ahead, now)) == (right, ahead)
    assert ahead_in(disk / "backups", now) == [ahead]


def test_only_an_empty_folder_is_taken(config: Config, stores: Stores, disk: Path, target: Config) -> None:
    backup = opened(backed_up(config, stores, disk / "backups").path)
    target.data.mkdir()
    (target.data / "lost+found").mkdir()  # an empty disk
    refuse_place(target, backup)
    (target.data / "porteiro.db").touch()

    with pytest.raises(BackupError, match="restore:not_empty"):
        restore(target, backup, NOBODY)

    assert (target.data / "porteiro.db").read_bytes() == b""


@pytest.mark.parametrize("setting", ["PORTEIRO_DATABASE_URL", "PORTEIRO_SECRET_FILE"])
def test_what_is_set_to_lie_elsewhere_is_put_there_and_takes_no_place(
    config: Config, stores: Stores, disk: Path, setting: str
) -> None:
    stores.devices.add("front", b"hash", b"salt")
    open_secret(config.door_secret_file)
    backup = opened(backed_up(config, stores, disk / "backups").path)
    file = disk / "elsewhere" / "file"
    prefix = "sqlite:///" if setting == "PORTEIRO_DATABASE_URL" else ""
    target = load_config({"PORTEIRO_DATA": f"{disk}/restored", setting: f"{prefix}{file}"})
    file.parent.mkdir(mode=0o700)
    file.write_bytes(b"another one")

    with pytest.raises(BackupError, match="restore:in_the_way"):
        restore(target, backup, NOBODY)
    assert not target.data.exists()

    file.unlink()
    restore(target, backup, NOBODY)
    assert file.stat().st_size > 0
    with living(target) as again:
        assert [device.id for device in again.devices.page(10)] == ["front"]
    assert open_secret(target.door_secret_file) == open_secret(config.door_secret_file)


def test_a_secret_that_is_there_still_is_as_good(config: Config, stores: Stores, disk: Path) -> None:
    own = replace(config, secret_file=disk / "keys" / "doors.key")
    open_secret(own.door_secret_file)
    backup = opened(backed_up(own, stores, disk / "backups").path)

    restore(
        replace(own, data=disk / "restored", database_url=f"sqlite:///{disk}/restored/p.db"), backup, NOBODY
    )


def test_one_of_a_newer_release_is_refused(
    config: Config, stores: Stores, disk: Path, target: Config
) -> None:
    with stores.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    backup = opened(backed_up(config, stores, disk / "backups").path)

    with pytest.raises(BackupError) as refused:
        restore(target, backup, NOBODY)

    assert (refused.value.key, refused.value.values["schema"]) == ("restore:newer", "9999")
    assert list(target.data.iterdir()) == []


def test_one_that_is_cut_off_leaves_a_folder_on_which_nothing_starts(
    config: Config, stores: Stores, disk: Path, target: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(stores, "Ana")
    backup = opened(backed_up(config, stores, disk / "backups").path)

    def cut_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for step in ("_restore_database", "_settings", "_put_in_place", "_move"):
        with monkeypatch.context() as power:
            power.setattr(restoring, step, cut_off)
            power.setattr(shutil, "rmtree", lambda *_, **__: None)  # nobody is left who could
            with pytest.raises(KeyboardInterrupt):
                restore(target, backup, NOBODY)
        with pytest.raises(ConfigError, match="did not come to its end"):
            open_stores(target)
        with pytest.raises(ConfigError, match="did not come to its end"):
            prepare({"PORTEIRO_DATA": str(target.data)})
        shutil.rmtree(target.data)

    restore(target, backup, NOBODY)
    assert photos(target.data) == photos(config.data)


@pytest.mark.parametrize("step", ["_restore_file", "_settings"])
def test_one_that_fails_leaves_an_empty_folder(
    config: Config, stores: Stores, disk: Path, target: Config, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    backup = opened(backed_up(config, stores, disk / "backups").path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as no_room:
        no_room.setattr(restoring, step, full)
        with pytest.raises(OSError, match="No space"):
            restore(target, backup, NOBODY)

    assert list(target.data.iterdir()) == []
    restore(target, backup, NOBODY)


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own for the database, with less room than it takes."""
    with small_disk(tmp_path_factory.mktemp("elsewhere") / "disk", 1) as folder:
        fill(folder)
        yield folder


def test_a_full_disk_of_the_database_is_named_and_nothing_is_left(
    config: Config, stores: Stores, disk: Path, elsewhere: Path
) -> None:
    visited(stores)
    stores.devices.add("front", b"hash", b"salt")
    open_secret(config.door_secret_file)
    backup = opened(backed_up(config, stores, disk / "backups").path)
    settings = {"PORTEIRO_DATA": f"{disk}/restored", "PORTEIRO_DATABASE_URL": f"sqlite:///{elsewhere}/p.db"}
    target = load_config(settings)

    with pytest.raises(OSError, match="No space") as refused:
        restore(target, backup, NOBODY)

    assert Path(refused.value.filename).parent == elsewhere
    assert list(target.data.iterdir()) == []
    assert [path.name for path in elsewhere.iterdir()] == ["filling"]
    (elsewhere / "filling").unlink()
    restore(target, backup, NOBODY)
    assert {path.name for path in target.data.iterdir()} == {"keys", "photos"}
    assert [path.name for path in elsewhere.iterdir()] == ["p.db"]
    with living(target) as again:
        assert len(again.visits.page(10)) == 1


def test_nothing_starts_on_one_of_which_a_part_has_its_place(
    config: Config, stores: Stores, disk: Path, target: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited(stores)
    backup = opened(backed_up(config, stores, disk / "backups").path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as no_room:
        no_room.setattr(restoring, "_move", full)
        with pytest.raises(OSError, match="No space"):
            restore(target, backup, NOBODY)

    assert {path.name for path in target.data.iterdir()} == {"photos", ".restoring"}
    with pytest.raises(ConfigError, match="did not come to its end"):
        prepare({"PORTEIRO_DATA": str(target.data)})


@pytest.mark.parametrize("room_kib", [-100, 4, 12, 36])  # beyond what the database itself takes
def test_a_full_disk_is_said_to_be_one(
    config: Config, stores: Stores, disk: Path, elsewhere: Path, room_kib: int
) -> None:
    backup = opened(backed_up(config, stores, disk / "backups").path)
    filling = elsewhere / "filling"
    free = backup.files["porteiro.db"].size + room_kib * 1024
    os.truncate(filling, filling.stat().st_size - free)
    target = load_config({"PORTEIRO_DATA": f"{elsewhere}/restored"})

    with pytest.raises(OSError, match="No space"):
        restore(target, backup, NOBODY)

    assert not target.data.exists() or list(target.data.iterdir()) == []


def test_a_damaged_one_is_not_restored(config: Config, stores: Stores, disk: Path, target: Config) -> None:
    visit = visited(stores)
    backup = opened(backed_up(config, stores, disk / "backups").path)
    (backup.path / "photos" / visit.photo).write_bytes(b"junk")

    for act in (lambda: look_through(backup), lambda: restore(target, backup, NOBODY)):
        with pytest.raises(BackupError, match="restore:damaged"):
            act()

    assert list(target.data.iterdir()) == []


def test_networks_of_elsewhere_are_named_by_where_they_are_now(
    config: Config, stores: Stores, disk: Path, target: Config, pack_folder: Path
) -> None:
    shutil.copytree(pack_folder, disk / "pack")
    (disk / "nose.onnx").write_bytes(b"nose")
    (config.data / "models").mkdir()
    (config.data / "models" / "chosen").write_text(f"{disk}/pack\n")
    own = replace(config, nose_model=disk / "nose.onnx")
    backup = opened(back_up(own, stores, order(disk / "backups")).path)

    restored = restore(target, backup, NOBODY)

    assert restored.to_set == {"PORTEIRO_NOSE_MODEL": f"{target.data}/networks/nose/nose.onnx"}
    assert (target.data / "models" / "chosen").read_text() == f"{target.data}/networks/pack\n"
    assert (target.data / "networks" / "pack" / "models.toml").is_file()


def test_a_pack_that_was_set_has_to_be_set_again(
    config: Config, stores: Stores, disk: Path, target: Config, pack_folder: Path
) -> None:
    shutil.copytree(pack_folder, disk / "pack")
    own = replace(config, pack=f"{disk}/pack")
    settings = {"PORTEIRO_PACK": f"{disk}/pack"}
    backup = opened(back_up(own, stores, order(disk / "backups", settings=settings)).path)

    assert restore(target, backup, NOBODY).to_set == {"PORTEIRO_PACK": f"{target.data}/networks/pack"}
