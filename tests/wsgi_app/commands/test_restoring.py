"""`porteiro restore`, and `porteiro roll-back`."""

import re
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.backups import enrolled, visited
from tests.houses import copy_new_database
from tests.owners import Owner
from wsgi_app.house import backups
from wsgi_app.stores.backups.contents import named_photos
from wsgi_app.stores.backups.folder import backups_in
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.schema_snapshots import keep_snapshot
from wsgi_app.stores.tombstones import FILE


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path.resolve() / "disk"


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    """An owner of a house with Ana, Bruno and a visit."""
    data = tmp_path.resolve() / "data"
    copy_new_database(data / "porteiro.db")
    owner = Owner({"PORTEIRO_DATA": str(data)})
    with owner.house() as stores:
        enrolled(stores, "Ana")
        enrolled(stores, "Bruno")
        visited(stores)
    return owner


def test_a_restore_tells_what_it_found_and_what_to_set(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)
    (path,) = backups_in(disk)
    house = disk / "house"

    said = owner.does("restore", disk, "--to", house).splitlines()

    assert re.fullmatch(
        rf"{path}: of [\d-]{{10}} [\d:]{{8}} UTC, by Porteiro \S+, schema {SCHEMA_REVISION}, not encrypted",
        said[0],
    )
    assert said[1] == "2 people, 2 faces, 1 visit, 0 doors, 0 accounts"
    assert re.fullmatch(
        r"5 files, 0\.\d MB, 4 of them photos and small copies of these; the database is whole, and each "
        r"file as it was written\.",
        said[2],
    )
    assert said[3:] == [
        f"Restored into {house}: 4 photos, small copies among them",
        "Start the server with the settings of before, which are now",
        f"  PORTEIRO_DATA={house}",
    ]
    assert Owner({"PORTEIRO_DATA": str(house)}).enrolled() == {"Ana": 1, "Bruno": 1}


def test_the_settings_of_before_are_said_but_for_what_lies_elsewhere_now(owner: Owner, disk: Path) -> None:
    elsewhere = disk / "elsewhere.db"
    disk.mkdir()
    (owner.data / "porteiro.db").rename(elsewhere)
    settings = {"PORTEIRO_DATABASE_URL": f"sqlite:///{elsewhere}", "PORTEIRO_PREFIX": "/"}
    Owner({**owner.settings, **settings}).does("backup", disk / "backups")

    said = owner.does("restore", disk / "backups", "--to", disk / "house")

    assert said.partition("which are now\n")[2] == f"  PORTEIRO_DATA={disk}/house\n  PORTEIRO_PREFIX=/\n"


def test_a_dry_run_restores_nothing(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)

    said = owner.does("restore", disk, "--dry-run")  # into the house itself, which is not empty

    assert "the database is whole" in said
    assert "Restored" not in said


def test_one_of_a_clock_that_was_ahead_is_named_and_another_one_taken(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)
    (path,) = backups_in(disk)
    ahead = disk / "2999-01-01T00-00-00Z"
    shutil.copytree(path, ahead)
    why = "is of a time that is yet to come: a clock was ahead when it was made, or this one is behind."

    assert owner.does("restore", disk, "--dry-run").startswith(f"{path}: of ")
    said = [owner.types("restore", folder, "--dry-run").stderr for folder in (disk, ahead)]
    assert said == [f"{ahead} {why} It is not taken for the newest.\n", f"{ahead} {why}\n"]


def test_the_house_itself_is_restored_once_it_is_moved_away(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)
    assert owner.is_told("restore", disk) == (
        f"porteiro: {owner.data} is not empty. Move what is there aside, or restore into another folder with "
        "--to."
    )
    owner.data.rename(disk / "moved")

    owner.does("restore", backups_in(disk)[0])

    assert owner.enrolled() == {"Ana": 1, "Bruno": 1}


@pytest.mark.parametrize("known_from", ["the folder of the backups", "the house", "a file"])
def test_who_was_forgotten_since_stays_forgotten(owner: Owner, disk: Path, known_from: str) -> None:
    owner.does("backup", disk)
    owner.does("forget", "Ana")
    house = disk / "house"
    options: list[str | Path] = ["--to", house]
    if known_from != "the folder of the backups":
        (disk / FILE).unlink()
    if known_from == "a file":
        (disk / "gone").write_text(owner.does("tombstones"))
        options += ["--tombstones", disk / "gone"]
    if known_from != "the house":
        owner.data.rename(disk / "moved")

    said = owner.does("restore", disk, *options)

    assert (
        "Forgotten or shut out since, and so again: 1 person, 1 face, 0 visits, 0 doors, 0 accounts\n" in said
    )
    assert Owner({"PORTEIRO_DATA": str(house)}).enrolled() == {"Bruno": 1}


def test_tombstones_that_cannot_be_read_are_told(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)
    (disk / FILE).write_text("junk\n")

    result = owner.types("restore", disk, "--to", disk / "house")

    assert (result.exit_code, result.stderr) == (
        0,
        f"Who was forgotten there cannot be read, and may be back: {disk}/{FILE}: 1 of its lines\n",
    )


def test_an_encrypted_one_needs_its_passphrase(owner: Owner, disk: Path, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse")
    file.chmod(0o600)
    owner.does("backup", disk, "--passphrase-file", file)
    (path,) = backups_in(disk)

    assert owner.is_told("restore", disk, "--dry-run") == (
        f"porteiro: {path} is encrypted: give its passphrase with --passphrase-file or --ask-passphrase."
    )
    result = owner.types("restore", disk, "--dry-run", "--ask-passphrase", input="wrong horse\n")
    assert result.stderr.splitlines()[-1] == f"porteiro: This is not the passphrase of {path}."
    assert "encrypted\n" in owner.does("restore", disk, "--dry-run", "--passphrase-file", file)


def test_a_damaged_one_is_named_and_nothing_restored(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)
    (path,) = backups_in(disk)
    (path / "porteiro.db").write_bytes(b"junk")

    assert owner.is_told("restore", disk, "--to", disk / "house") == (
        f"porteiro: {path} is damaged: porteiro.db is not what was written. Restore another one: its folder "
        "in place of this one, and --dry-run tells first whether it is whole."
    )
    assert not (disk / "house").exists()


@pytest.mark.parametrize("folder", ["none", "disk"])
def test_where_there_is_no_backup_that_is_said(owner: Owner, disk: Path, folder: str) -> None:
    disk.mkdir()
    place = disk.parent / folder
    assert owner.is_told("restore", place, "--dry-run") == f"porteiro: There is no backup in {place}."


def test_photos_that_were_damaged_before_the_backup_are_named_and_the_rest_is_restored(
    owner: Owner, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner.house() as stores:
        well, damaged = visited(stores, sha256=True), visited(stores, b"another", sha256=True)
        stores.photos.path(damaged.photo).write_bytes(b"something else")
    with monkeypatch.context() as earlier:  # a release that did not look
        earlier.setattr(backups, "named_photos", lambda connection: dict.fromkeys(named_photos(connection)))
        owner.does("backup", disk)
    house = disk / "house"

    said = owner.does("restore", disk, "--to", house)

    assert f"\nNot what was kept, 1 photo: {damaged.photo}\n" in said
    assert [(house / "photos" / visit.photo).read_bytes() for visit in (well, damaged)] == [
        b"jpeg",
        b"something else",
    ]


def test_a_backup_of_a_house_whose_doors_lost_their_secret_says_so(owner: Owner, disk: Path) -> None:
    owner.does("token", "add", "front")
    shutil.rmtree(owner.data / "keys")
    assert owner.types("backup", disk).exit_code == 1

    said = owner.does("restore", disk, "--dry-run")

    assert "Lost or damaged before it was made: keys/doors.key\n" in said
    assert "The secret of the doors' tokens is not in it: each door needs a new token.\n" in said


def test_the_way_back_after_an_upgrade(owner: Owner) -> None:
    with owner.house() as stores:
        keep_snapshot(stores.database.engine, stores.database.path, SCHEMA_REVISION, stores.now())
        visited(stores)
        with stores.database.write() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    assert "type: porteiro roll-back." in owner.is_told("people")

    said = owner.does("roll-back").splitlines()

    assert re.fullmatch(
        r"The database is as it was at [\d-]{10} [\d:]{8} UTC: 2 people, 2 faces, 1 visit, 0 doors, 0 "
        r"accounts",
        said[0],
    )
    assert re.fullmatch(
        rf"Not in it: 1 visit since then\. That database is {owner.data}/snapshots/9999-\S+\.db now\.",
        said[1],
    )
    assert len(said) == 2
    assert owner.enrolled() == {"Ana": 1, "Bruno": 1}
    assert owner.is_told("roll-back") == (
        f"porteiro: The database has no schema that is newer than this release's {SCHEMA_REVISION}; there is "
        "nothing to roll back."
    )
