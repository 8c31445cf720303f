"""Backing a house up, whatever happens meanwhile."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.backups import EMBEDDING, backed_up, content, enrolled, opened, order, visited
from tests.conftest import Clock
from tests.galleries import SHARP
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.deeds import Deed
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import BackupError
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house import backups
from wsgi_app.house.backups import Made, back_up
from wsgi_app.stores.backups.folder import LOCK, backups_in
from wsgi_app.stores.backups.state import BackupState, read_state
from wsgi_app.stores.database_copies import examine
from wsgi_app.stores.files import locked
from wsgi_app.stores.secret_file import open_secret
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path.resolve())})


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where backups go, which is not there yet."""
    return tmp_path_factory.mktemp("disk") / "porteiro"


def full_of_links(*_: object, **__: object) -> None:
    raise OSError(errno.EMLINK, os.strerror(errno.EMLINK))


def told(stores: Stores) -> list[tuple[str, str]]:
    events = stores.events.after(0, 1000)
    return [(event.action, event.subject) for event in events if event.kind == "backup"]


def entries(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_backup_has_all_that_a_house_needs(config: Config, stores: Stores, folder: Path) -> None:
    ana = enrolled(stores, "Ana")
    (hers,) = stores.faces.of(ana)
    visit = visited(stores, b"at the door")
    removed = stores.faces.add(ana, b"to come back", SHARP, EMBEDDING)
    with stores.changes.record(Deed.FACE_REMOVED, ana, [ana]):
        stores.faces.remove(ana, removed.id)
    open_secret(config.door_secret_file)
    (config.data / "models" / "zoo").mkdir(parents=True)
    (config.data / "models" / "zoo" / "net.onnx").write_bytes(b"network")
    (config.data / "models" / "chosen").write_text("zoo\n")

    made = backed_up(config, stores, folder)

    backup = opened(made.path)
    assert content(backup, backup.files.keys() - {"porteiro.db"}) == {
        f"photos/{visit.photo}": b"at the door",
        f"photos/{visit.photo.removesuffix('.jpg')}.thumb.jpg": b"small",
        f"photos/{hers.crop}": b"png of Ana",
        f"photos/{removed.crop}": b"to come back",
        "models/zoo/net.onnx": b"network",
        "models/chosen": b"zoo\n",
        "keys/doors.key": config.door_secret_file.read_bytes(),
    }
    counts = backup.manifest.counts
    assert (counts.people, counts.faces, counts.visits, counts.devices) == (1, 1, 1, 0)
    assert (made.path.name, made.linked, made.lost) == ("2026-01-05T10-00-00Z", 0, 0)
    assert read_state(config.data) == BackupState(
        at=stores.now(),
        name=made.path.name,
        files=8,
        size=made.manifest.size,
        tried_at=stores.now(),
        folders=(str(folder),),
    )


def test_networks_that_lie_elsewhere_are_taken_along(
    config: Config, stores: Stores, folder: Path, tmp_path_factory: pytest.TempPathFactory, pack_folder: Path
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(pack_folder, elsewhere / "pack")
    (elsewhere / "nose.onnx").write_bytes(b"nose")
    own = replace(config, pack=str(elsewhere / "pack"), nose_model=elsewhere / "nose.onnx")

    names = opened(backed_up(own, stores, folder).path).files.keys()

    assert {"networks/nose/nose.onnx", "networks/pack/models.toml"} < names
    assert sum(name.startswith("networks/pack/") for name in names) > 3


def test_the_next_one_links_what_is_as_before(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    first = visited(stores)
    backed_up(config, stores, folder)
    clock.advance(86_400)
    second = visited(stores)

    made = backed_up(config, stores, folder)

    links = [(made.path / "photos" / visit.photo).stat().st_nlink for visit in (first, second)]
    assert (made.linked, links) == (2, [2, 1])
    assert stores.photos.path(first.photo).stat().st_nlink == 1  # the house's own is apart


def test_so_many_stay_as_are_wanted(config: Config, stores: Stores, folder: Path, clock: Clock) -> None:
    made: list[Made] = []
    for _ in range(4):
        clock.advance(86_400)
        made.append(back_up(config, stores, order(folder, keep=2)))

    assert [len(each.removed) for each in made] == [0, 0, 1, 1]
    assert backups_in(folder) == [made[3].path, made[2].path]


def test_an_encrypted_one_leaves_nothing_in_the_clear(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    enrolled(stores, "Ana Pereira")
    (config.data / "run" / "backup-killed").mkdir(parents=True)
    (config.data / "run" / "backup-killed" / "porteiro.db").write_bytes(b"Ana Pereira")

    back_up(config, stores, order(folder, passphrase="correct horse"))
    clock.advance(60)
    made = back_up(config, stores, order(folder, passphrase="correct horse"))
    clock.advance(60)
    another = back_up(config, stores, order(folder, passphrase="another passphrase"))

    assert (made.linked, another.linked) == (1, 0)
    assert not any(b"Ana Pereira" in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert entries(config.data / "run") == {"backup.lock"}


# What is lost, and what goes meanwhile


def test_what_is_removed_meanwhile_is_no_loss(
    config: Config, stores: Stores, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, stays = visited(stores), visited(stores)

    def removing(file: Path) -> object:
        stores.visits.remove(gone.id, lambda _: True)
        return examine(file)

    monkeypatch.setattr(backups, "examine", removing)
    made = backed_up(config, stores, folder)

    names = opened(made.path).files.keys()
    assert (f"photos/{gone.photo}" in names, f"photos/{stays.photo}" in names) == (False, True)
    assert (made.lost, read_state(config.data).lost) == (0, 0)


def test_what_the_house_lost_stays_in_the_backups(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    ana = enrolled(stores, "Ana")
    (face,) = stores.faces.of(ana)
    back_up(config, stores, order(folder, keep=1))
    visit = visited(stores)
    for name in (face.crop, visit.photo):
        stores.photos.path(name).unlink()
    clock.advance(60)

    for _ in range(2):
        made = back_up(config, stores, order(folder, keep=1))
        clock.advance(60)

    assert (made.manifest.carried, made.manifest.lost) == (
        (f"photos/{face.crop}",),
        (f"photos/{visit.photo}",),
    )
    assert content(opened(made.path), made.manifest.carried) == {f"photos/{face.crop}": b"png of Ana"}
    assert read_state(config.data).lost == 2


def damage(stores: Stores, name: str) -> None:
    """Write something else over a photo."""
    stores.photos.path(name).write_bytes(b"something else")


@pytest.mark.parametrize("links", [True, False])
def test_a_photo_that_is_not_what_was_kept_is_lost_unless_an_earlier_backup_has_it(
    config: Config,
    stores: Stores,
    folder: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    links: bool,
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", full_of_links)
    (face,) = stores.faces.of(enrolled(stores, "Ana"))
    backed_up(config, stores, folder)
    visit, well = visited(stores, sha256=True), visited(stores, b"another", sha256=True)
    for name in (face.crop, visit.photo):
        damage(stores, name)
    clock.advance(60)

    made = backed_up(config, stores, folder)

    assert (made.manifest.carried, made.manifest.lost) == (
        (f"photos/{face.crop}",),
        (f"photos/{visit.photo}",),
    )
    backup, names = opened(made.path), [f"photos/{name}" for name in (face.crop, well.photo)]
    assert content(backup, names) == {names[0]: b"png of Ana", names[1]: b"another"}
    assert f"photos/{visit.photo}" not in backup.files
    assert read_state(config.data).lost == 2


def test_a_photo_that_has_suffered_in_house_and_backup_is_lost_and_the_rest_is_kept(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    visit, well = visited(stores, sha256=True), visited(stores, b"another", sha256=True)
    first = backed_up(config, stores, folder)
    clock.advance(60)
    for path in (stores.photos.path(visit.photo), first.path / "photos" / visit.photo):
        status = path.stat()
        path.write_bytes(b"tepj")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    made = backed_up(config, stores, folder)

    assert (made.manifest.lost, made.manifest.carried) == ((f"photos/{visit.photo}",), ())
    names = opened(made.path).files.keys()
    assert (f"photos/{visit.photo}" in names, f"photos/{well.photo}" in names) == (False, True)


def test_a_visit_without_a_photo_lacks_none(config: Config, stores: Stores, folder: Path) -> None:
    visit = Visit(0, "v1", stores.now(), DoorId.of("device:door"), Outcome.UNKNOWN, None, None, None, "", 1.0)
    stores.visits.add(visit, StoredAnswer(404, b"{}"), None)

    made = backed_up(config, stores, folder)

    assert (made.lost, list(opened(made.path).files)) == (0, ["porteiro.db"])


def test_a_house_with_doors_that_has_no_secret_any_more_has_lost_it(
    config: Config, stores: Stores, folder: Path
) -> None:
    stores.devices.add("front", b"hash", b"salt")

    assert backed_up(config, stores, folder).manifest.lost == ("keys/doors.key",)


# What goes wrong


def full(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/mnt/backup/x")


def test_one_that_fails_leaves_nothing_and_is_told_once(
    config: Config, stores: Stores, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = backed_up(config, stores, folder)
    before = read_state(config.data)
    clock.advance(3600)
    visited(stores)

    for _ in range(2):
        with monkeypatch.context() as disk:
            disk.setattr(backups, "examine", lambda _: full(0))
            with pytest.raises(BackupError) as refused:
                backed_up(config, stores, folder)

    assert (refused.value.key, refused.value.values) == (
        "backup:system",
        {"path": "/mnt/backup/x", "why": "No space left on device"},
    )
    assert entries(folder) == {whole.path.name, LOCK, "tombstones.jsonl"}
    why = "The backup cannot be written: /mnt/backup/x: No space left on device."
    state = read_state(config.data)
    assert (state.at, state.tried_at, state.why) == (before.at, clock.now(), why)
    assert told(stores) == [("failed", "")]
    made = backed_up(config, stores, folder)
    assert (read_state(config.data).why, told(stores)) == ("", [("failed", ""), ("made", made.path.name)])


def test_a_database_that_is_damaged_fails_it(
    config: Config, stores: Stores, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_: Path) -> None:
        raise BackupError("backup:database", why="database disk image is malformed")

    monkeypatch.setattr(backups, "examine", damaged)
    with pytest.raises(BackupError, match="malformed"):
        backed_up(config, stores, folder)

    assert entries(folder) == {LOCK}
    assert "malformed" in read_state(config.data).why


def test_what_was_killed_is_cleared_away_and_never_taken_for_a_backup(
    config: Config, stores: Stores, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as power:
        power.setattr(shutil, "rmtree", lambda *_, **__: None)  # nobody is left who could
        power.setattr(Path, "rename", lambda *_: full(0))
        with pytest.raises(BackupError):
            backed_up(config, stores, folder)
    assert ".unfinished-2026-01-05T10-00-00Z" in entries(folder)
    assert backups_in(folder) == []
    clock.advance(60)

    made = backed_up(config, stores, folder)

    assert entries(folder) == {made.path.name, LOCK, "tombstones.jsonl"}


@pytest.mark.parametrize("held", ["the house", "the folder"])
def test_two_at_once_are_refused_and_that_is_no_failure(
    config: Config, stores: Stores, folder: Path, held: str
) -> None:
    lock = config.data / "run" / "backup.lock" if held == "the house" else folder / LOCK
    lock.parent.mkdir(parents=True)

    with locked(lock), pytest.raises(BackupError, match="backup:busy"):
        backed_up(config, stores, folder)

    assert read_state(config.data) == BackupState()


def test_several_may_be_of_one_second(config: Config, stores: Stores, folder: Path) -> None:
    made = [backed_up(config, stores, folder) for _ in range(12)]

    names = [each.path.name.removeprefix("2026-01-05T10-00-00Z") for each in made]
    assert names == ["", *(f"-{number}" for number in range(2, 13))]
    assert backups_in(folder) == [each.path for each in reversed(made)]
    assert made[1].linked == len(made[0].manifest.files) - 1


def test_a_nightly_one_is_not_put_where_a_disk_is_missing(
    config: Config, stores: Stores, folder: Path, clock: Clock
) -> None:
    back_up(config, stores, order(folder, nightly=True))
    folder.rename(folder.with_name("unmounted"))
    folder.mkdir()
    clock.advance(86_400)

    with pytest.raises(BackupError, match="backup:other_folder"):
        back_up(config, stores, order(folder, nightly=True))
    assert entries(folder) == set()
    back_up(config, stores, order(folder))  # by hand: somebody says that it is the right one
    clock.advance(86_400)
    back_up(config, stores, order(folder, nightly=True))


def test_the_first_nightly_one_makes_its_folder_but_none_above(
    config: Config, stores: Stores, folder: Path
) -> None:
    with pytest.raises(BackupError, match="backup:other_folder"):
        back_up(config, stores, order(folder / "deeper", nightly=True))
    assert not folder.exists()

    back_up(config, stores, order(folder, nightly=True))


def test_old_ones_that_cannot_be_removed_are_told_and_the_new_one_counts(
    config: Config, stores: Stores, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(config, stores, folder)
    clock.advance(60)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))

    monkeypatch.setattr(backups, "rotate", refuse)
    with pytest.raises(BackupError, match="Permission denied"):
        back_up(config, stores, order(folder, keep=1))

    state = read_state(config.data)
    assert (state.at, len(backups_in(folder)), "Permission denied" in state.why) == (clock.now(), 2, True)


def test_a_passphrase_that_cannot_be_read_fails_it(config: Config, stores: Stores, folder: Path) -> None:
    def unreadable() -> None:
        raise BackupError("passphrase:unfit", least=8, most=1024)

    with pytest.raises(BackupError, match="passphrase:unfit"):
        back_up(config, stores, replace(order(folder), passphrase=unreadable))

    assert "passphrase" in read_state(config.data).why


def test_a_full_disk_of_the_house_keeps_no_backup_from_being_made(
    config: Config, stores: Stores, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "write_state", lambda *_: full(0))

    with pytest.raises(BackupError, match="No space"):
        backed_up(config, stores, folder)

    assert len(backups_in(folder)) == 1


def test_it_is_private(config: Config, stores: Stores, folder: Path) -> None:
    made = backed_up(config, stores, folder)

    assert [path.stat().st_mode & 0o777 for path in (folder, made.path)] == [0o700, 0o700]
