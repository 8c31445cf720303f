"""Writing a backup, and reading it."""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import msgspec
import pytest

from wsgi_app.base.errors import BackupError
from wsgi_app.stores.backups.folder import MANIFEST
from wsgi_app.stores.backups.forms import PLAIN, BackupForm, Sealed
from wsgi_app.stores.backups.manifest import DATABASE, FORMAT, Manifest
from wsgi_app.stores.backups.reading import SUM, Backup, form_of, open_backup, sum_line
from wsgi_app.stores.backups.writing import Writer
from wsgi_app.stores.database_copies import Counts

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
EMPTY = Manifest(FORMAT, AT, "0.1.0", "0008", Counts(), (), (), (), {})
SEALED = Sealed("correct horse", bytes(16))


@pytest.fixture(params=["plain", "sealed"])
def form(request: pytest.FixtureRequest) -> BackupForm:
    return PLAIN if request.param == "plain" else SEALED


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Files as a house has them."""
    folder = tmp_path / "house"
    (folder / "photos").mkdir(parents=True)
    (folder / DATABASE).write_bytes(b"database")
    for name in ("a", "b"):
        (folder / "photos" / name).write_bytes(name.encode() * 1000)
    return folder


NAMES = ("photos/a", "photos/b")


def written(
    house: Path, name: str, form: BackupForm, earlier: Sequence[Path] = (), names: Sequence[str] = NAMES
) -> Writer:
    """A backup of it beside it."""
    folder = house.parent / name
    folder.mkdir()
    writer = Writer(folder, form, earlier)
    with writer.staging(house.parent, DATABASE) as path:
        shutil.copyfile(house / DATABASE, path)
    for file in names:
        assert writer.add(file, house / file)
    writer.finish(EMPTY)
    return writer


def opened(folder: Path, form: BackupForm) -> Backup:
    backup = open_backup(folder, form)
    backup.check()
    return backup


def content(backup: Backup, name: str) -> bytes:
    out = BytesIO()
    backup.take(name, out)
    return out.getvalue()


def stored(folder: Path, name: str, form: BackupForm) -> Path:
    return folder / f"{name}{form.suffix}"


def test_a_backup_has_every_file_as_it_was(house: Path, form: BackupForm) -> None:
    written(house, "one", form)

    backup = opened(house.parent / "one", form)
    assert {name: content(backup, name) for name in backup.files} == {
        name: (house / name).read_bytes() for name in (DATABASE, *NAMES)
    }
    modes = {stat.S_IMODE(path.stat().st_mode) for path in backup.path.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_what_the_one_before_has_is_linked_and_what_changed_is_copied(house: Path, form: BackupForm) -> None:
    written(house, "one", form)
    (house / "photos/b").write_bytes(b"B" * 1000)

    writer = written(house, "two", form, [house.parent / "one"])

    links = [stored(house.parent / "two", name, form).stat().st_nlink for name in NAMES]
    assert (writer.linked, links) == (1, [2, 1])
    assert content(opened(house.parent / "two", form), "photos/b") == b"B" * 1000
    assert content(opened(house.parent / "one", form), "photos/b") == b"b" * 1000


def test_each_backup_is_whole_without_the_others(house: Path, form: BackupForm) -> None:
    written(house, "one", form)
    written(house, "two", form, [house.parent / "one"])
    shutil.rmtree(house.parent / "one")

    assert content(opened(house.parent / "two", form), "photos/a") == b"a" * 1000


def test_a_file_of_the_one_before_that_has_suffered_is_copied_anew(house: Path, form: BackupForm) -> None:
    written(house, "one", form)
    with stored(house.parent / "one", "photos/a", form).open("r+b") as file:
        (last,) = file.read()[-1:]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))

    writer = written(house, "two", form, [house.parent / "one"])

    assert (writer.healed, writer.linked) == (1, 1)
    assert content(opened(house.parent / "two", form), "photos/a") == b"a" * 1000


def refuse(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_disk_without_links_gets_copies(
    house: Path, form: BackupForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(house, "one", form)
    monkeypatch.setattr(os, "link", refuse)

    assert written(house, "two", form, [house.parent / "one"]).linked == 0
    opened(house.parent / "two", form)


@pytest.mark.parametrize("links", [True, False])
def test_what_the_house_lost_comes_from_the_newest_backup_that_has_it_whole(
    house: Path, form: BackupForm, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    written(house, "one", form)
    written(house, "two", form)
    written(house, "three", form, names=["photos/b"])
    stored(house.parent / "two", "photos/a", form).write_bytes(b"junk")
    if not links:
        monkeypatch.setattr(os, "link", refuse)
    folder = house.parent / "four"
    folder.mkdir()
    writer = Writer(folder, form, [house.parent / name for name in ("three", "two", "one")])
    with writer.staging(house.parent, DATABASE) as path:
        path.write_bytes(b"database")

    (house / "photos/a").unlink()
    assert not writer.add("photos/a", house / "photos/a")
    assert writer.carry("photos/a")
    assert not writer.carry("photos/none")
    writer.finish(EMPTY)

    assert content(opened(folder, form), "photos/a") == b"a" * 1000


@pytest.mark.parametrize("kind", ["gone", "link", "folder", "below a file", "no file at all"])
def test_what_is_no_plain_file_is_not_there(house: Path, form: BackupForm, kind: str) -> None:
    path = house / "photos" / kind
    if kind == "link":
        path.symlink_to("a")
    elif kind == "folder":
        path.mkdir()
    elif kind == "below a file":
        path = house / "photos/a/b"
    elif kind == "no file at all":
        os.mkfifo(path)
    (house.parent / "one").mkdir()

    assert not Writer(house.parent / "one", form, ()).add("photos/x", path)
    assert list((house.parent / "one").rglob("*.age")) == []


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "cut off": lambda path: os.truncate(path, path.stat().st_size - 1),
    "empty": lambda path: os.truncate(path, 0),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"!"),
    "another one": lambda path: path.write_bytes(b"!" * path.stat().st_size),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("name", [DATABASE, "photos/a", MANIFEST])
def test_whatever_is_damaged_is_noticed_and_named(
    house: Path, form: BackupForm, name: str, damage: Callable[[Path], object]
) -> None:
    written(house, "one", form)
    damage(stored(house.parent / "one", name, form))

    with pytest.raises(BackupError) as refused:
        opened(house.parent / "one", form)

    assert refused.value.key == "restore:damaged"
    assert refused.value.values["file"] in (name, f"{name}.age")


def test_a_manifest_without_its_sum_is_damaged(house: Path) -> None:
    written(house, "one", PLAIN)
    (house.parent / "one" / SUM).unlink()

    with pytest.raises(BackupError):
        open_backup(house.parent / "one", PLAIN)


def test_one_in_a_form_of_a_newer_release_says_which(house: Path) -> None:
    written(house, "one", PLAIN)
    path = house.parent / "one"
    data = b'{"format": 2, "version": "9.9"}'
    (path / MANIFEST).write_bytes(data)
    (path / SUM).write_text(sum_line(data))

    with pytest.raises(BackupError) as refused:
        open_backup(path, PLAIN)

    assert (refused.value.key, refused.value.values) == ("restore:format", {"backup": path, "version": "9.9"})


def test_a_disk_that_gives_back_something_else_is_found_at_once(
    house: Path, form: BackupForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = house.parent / "one"

    def flip(path: Path, **_: object) -> None:
        if "photos" in str(path):
            path.write_bytes(b"!" * path.stat().st_size)

    monkeypatch.setattr(os, "utime", flip)
    folder.mkdir()
    writer = Writer(folder, form, ())
    with writer.staging(house.parent, DATABASE) as path:
        path.write_bytes(b"database")
    writer.add("photos/a", house / "photos/a")

    with pytest.raises(BackupError) as refused:
        writer.finish(EMPTY)

    assert (refused.value.key, refused.value.values) == ("backup:altered", {"file": "photos/a"})


def test_a_full_disk_is_said_as_such_and_a_bad_source_is_a_loss(
    house: Path, form: BackupForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house.parent / "one").mkdir()
    writer = Writer(house.parent / "one", form, ())

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            writer.add("photos/a", house / "photos/a")
    assert writer.files == ()
    assert not any(path.is_file() for path in (house.parent / "one").rglob("*"))


def test_the_passphrase_opens_it_and_no_other(house: Path) -> None:
    written(house, "plain", PLAIN)
    written(house, "sealed", SEALED)
    sealed = house.parent / "sealed"

    assert form_of(house.parent / "plain", None) is form_of(house.parent / "plain", "whatever") is PLAIN
    assert form_of(sealed, "correct horse").suffix == ".age"
    for passphrase, key in ((None, "restore:encrypted"), ("another one", "restore:passphrase")):
        with pytest.raises(BackupError) as refused:
            form_of(sealed, passphrase)
        assert (refused.value.key, refused.value.values) == (key, {"backup": sealed})
    (sealed / "sealing.json").write_text("{")
    with pytest.raises(BackupError, match="restore:damaged"):
        form_of(sealed, "correct horse")
    with pytest.raises(BackupError, match="restore:none"):
        form_of(house, None)


def test_nothing_of_an_encrypted_one_is_put_anywhere_as_it_is(house: Path) -> None:
    (house / DATABASE).write_bytes(b"Ana lives here" * 1000)
    written(house, "one", SEALED)

    assert not any(
        b"Ana lives here" in path.read_bytes()
        for path in house.parent.rglob("*")
        if path.is_file() and house not in path.parents
    )


def test_a_manifest_names_what_is_set_and_lost(house: Path) -> None:
    (house.parent / "one").mkdir()
    writer = Writer(house.parent / "one", PLAIN, ())
    with writer.staging(house.parent, DATABASE) as path:
        path.write_bytes(b"database")
    manifest = writer.finish(
        msgspec.structs.replace(EMPTY, lost=("photos/people/f1.png",), settings={"PORTEIRO_PREFIX": "/"})
    )

    assert open_backup(house.parent / "one", PLAIN).manifest == manifest
    assert (manifest.lost, manifest.settings) == (("photos/people/f1.png",), {"PORTEIRO_PREFIX": "/"})
