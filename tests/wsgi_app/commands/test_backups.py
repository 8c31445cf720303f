"""`porteiro backup`, and what the server makes of it each night."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.backups import enrolled
from tests.houses import copy_new_database
from tests.owners import Owner
from wsgi_app.stores.backups.folder import backups_in, name_at
from wsgi_app.stores.backups.state import BackupState, read_state, write_state
from wsgi_app.stores.tombstones import FILE, lines_in

NAME = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(-\d+)?"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Where backups go."""
    return tmp_path.resolve() / "disk"


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    """An owner of a house with Ana."""
    data = tmp_path.resolve() / "data"
    copy_new_database(data / "porteiro.db")
    owner = Owner({"PORTEIRO_DATA": str(data)})
    with owner.house() as stores:
        enrolled(stores, "Ana")
    return owner


def nightly(owner: Owner, disk: Path, **settings: str) -> Owner:
    return Owner({**owner.settings, "PORTEIRO_BACKUP": str(disk), **settings})


def age(folder: Path, days: int) -> None:
    """Have the newest backup be of so many days ago."""
    (path, *_) = backups_in(folder)
    path.rename(folder / name_at(datetime.now(UTC) - timedelta(days=days)))


def test_a_backup_says_what_is_in_it_and_warns_of_what_could_be_better(owner: Owner, disk: Path) -> None:
    result = owner.types("backup", disk)

    assert result.exit_code == 0
    assert re.fullmatch(
        rf"{disk}/{NAME}: 1 person, 1 face, 0 visits, 0 doors, 0 accounts\n"
        r"2 files, 0\.\d MB, 0 of them those of the backup before; "
        r"all were read back as they were written\.\n",
        result.stdout,
    )
    assert result.stderr.splitlines() == [
        "It is not encrypted, and has faces, names and the secret of the doors' tokens in it: whoever reads "
        "it can imitate a door. A passphrase prevents that: --passphrase-file.",
        "It lies on the disk that has the house: what takes that one takes both.",
    ]


def test_only_so_many_stay_as_are_asked_for(owner: Owner, disk: Path) -> None:
    for days in (3, 2):
        owner.does("backup", disk)
        age(disk, days)
    first, second = reversed(backups_in(disk))

    said = owner.does("backup", disk, "--verify", "--keep", "2")

    assert said.endswith(f"Removed: {first.name}\n")
    assert second in backups_in(disk)
    assert len(backups_in(disk)) == 2


def test_without_a_folder_it_is_the_one_that_is_set_with_as_many_as_are_set(owner: Owner, disk: Path) -> None:
    set_up = nightly(owner, disk, PORTEIRO_BACKUP_KEEP="1")
    owner.does("backup", disk)
    age(disk, 1)

    assert "Removed: " in set_up.does("backup")
    assert len(backups_in(disk)) == 1
    assert owner.types("backup").exit_code == 2


def test_the_passphrase_comes_from_a_file_or_is_asked_for(owner: Owner, disk: Path, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse\n")
    file.chmod(0o600)
    set_up = Owner({**owner.settings, "PORTEIRO_BACKUP_PASSPHRASE_FILE": str(file)})

    owner.does("backup", disk / "option", "--passphrase-file", file)
    set_up.does("backup", disk / "setting")
    asked = owner.types("backup", disk / "short", "--ask-passphrase", input="short\nshort\n")

    assert (asked.exit_code, asked.stderr.splitlines()[-1]) == (
        1,
        "porteiro: A passphrase has from 8 to 1024 bytes, on one line, in UTF-8.",
    )
    assert (
        "not encrypted"
        not in owner.types("backup", disk / "asked", "--ask-passphrase", input="12345678\n" * 2).stderr
    )
    for name in ("option", "setting", "asked"):
        assert [path.name for path in backups_in(disk / name)[0].glob("*.db*")] == ["porteiro.db.age"]
    file.chmod(0o644)
    assert set_up.is_told("backup", disk / "setting").startswith("porteiro: The file of the passphrase, ")


def test_what_is_lost_is_named_and_the_exit_status_says_so(owner: Owner, disk: Path) -> None:
    with owner.house() as stores:
        (face,) = stores.faces.of(stores.people.page(1)[0].id)
    (owner.data / "photos" / face.crop).unlink()

    result = owner.types("backup", disk)

    assert result.exit_code == 1
    assert f"\nLost or damaged: photos/{face.crop}\n" in result.stdout
    assert result.stderr.splitlines()[-1] == (
        "porteiro: 1 file that the house should have cannot be read any more, or not as it was kept; 0 of "
        "these were in earlier backups, and are in this one."
    )
    assert len(backups_in(disk)) == 1


def test_what_fails_is_said_in_one_sentence_and_kept(owner: Owner, disk: Path) -> None:
    disk.write_text("in the way")

    assert owner.is_told("backup", disk) == (f"porteiro: The backup cannot be written: {disk}: File exists.")
    assert read_state(owner.data).why == f"The backup cannot be written: {disk}: File exists."


def test_the_settings_of_the_house_are_in_it(owner: Owner, disk: Path) -> None:
    nightly(owner, disk, PORTEIRO_TIMEZONE="Europe/Lisbon").does("backup")

    settings = json.loads((backups_in(disk)[0] / "manifest.json").read_bytes())["settings"]

    assert settings == {
        "PORTEIRO_DATA": str(owner.data),
        "PORTEIRO_BACKUP": str(disk),
        "PORTEIRO_TIMEZONE": "Europe/Lisbon",
    }


# What the server asks for every ten minutes


def test_it_is_made_once_and_then_not_until_it_is_due(owner: Owner, disk: Path) -> None:
    server = nightly(owner, disk)

    first = server.types("backup", "--if-due")
    assert (first.exit_code, first.stdout) == (0, "")
    assert 'event="backup made"' in first.stderr
    (path,) = backups_in(disk)
    assert server.types("backup", "--if-due").output == ""
    assert backups_in(disk) == [path]

    age(disk, 2)
    state = read_state(owner.data)
    write_state(owner.data, BackupState(at=datetime.now(UTC) - timedelta(days=2), folders=state.folders))
    server.types("backup", "--if-due")
    assert len(backups_in(disk)) == 2


def test_one_that_fails_is_logged_and_tried_again_after_an_hour(owner: Owner, disk: Path) -> None:
    server = nightly(owner, disk / "missing" / "porteiro")

    first, second = (server.types("backup", "--if-due") for _ in range(2))

    assert (first.exit_code, second.exit_code, second.output) == (1, 0, "")
    assert 'level=error event="backup failed"' in first.stderr
    state = read_state(owner.data)
    assert "Is a disk missing?" in state.why
    assert state.tried_at is not None
    write_state(owner.data, BackupState(tried_at=state.tried_at - timedelta(hours=1), why=state.why))
    assert server.types("backup", "--if-due").exit_code == 1


def test_whoever_is_forgotten_is_kept_beside_the_backups_at_once(owner: Owner, disk: Path) -> None:
    owner.does("backup", disk)
    assert owner.does("tombstones") == ""
    owner.does("token", "add", "front")

    owner.does("forget", "Ana")
    owner.does("token", "revoke", "front")

    lines = lines_in(disk / FILE)
    assert [json.loads(line)["gone"] for line in lines] == ["person", "device"]
    assert owner.does("tombstones").splitlines() == lines
