"""The folder in which backups lie."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from wsgi_app.stores.backups.folder import (
    AHEAD,
    ahead_last,
    backups_in,
    clear,
    is_ahead,
    is_backup,
    moment_of,
    name_at,
    rotate,
)

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


def put(folder: Path, days: int, prefix: str = "") -> Path:
    """A folder with what makes it a backup."""
    path = folder / f"{prefix}{name_at(AT + timedelta(days=days))}"
    (path / "photos").mkdir(parents=True)
    (path / "manifest.json").touch()
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_is_called_after_its_moment_in_utc() -> None:
    assert name_at(AT.astimezone(timezone(timedelta(hours=5)))) == "2026-01-05T10-00-00Z"
    assert moment_of("2026-01-05T10-00-00Z") == AT
    assert moment_of("2026-01-05T10-00-00Z-12") == AT
    assert (moment_of("2026-13-05T10-00-00Z"), moment_of("holiday")) == (None, None)


def test_only_so_many_stay_and_nothing_else_is_touched(tmp_path: Path) -> None:
    made = [put(tmp_path, days) for days in range(5)]
    (tmp_path / "2020-01-01T00-00-00Z").mkdir()  # no backup: it has no manifest
    (tmp_path / "holiday.jpg").touch()
    (tmp_path / "2019-01-01T00-00-00Z").symlink_to(made[4])

    assert rotate(tmp_path, 2, made[4], AT + timedelta(days=4)) == [
        path.name for path in (made[2], made[1], made[0])
    ]

    assert backups_in(tmp_path) == [made[4], made[3]]
    assert names(tmp_path) == [
        "2019-01-01T00-00-00Z",
        "2020-01-01T00-00-00Z",
        made[3].name,
        made[4].name,
        "holiday.jpg",
    ]


def test_the_one_that_was_just_made_stays_though_a_clock_was_ahead(tmp_path: Path) -> None:
    ahead, new, old = put(tmp_path, 400), put(tmp_path, 1), put(tmp_path, 0)

    assert rotate(tmp_path, 1, new, AT + timedelta(days=1)) == [old.name, ahead.name]
    assert backups_in(tmp_path) == [new]


def test_one_of_a_clock_that_was_ahead_is_the_last_and_none_goes_in_its_favour(tmp_path: Path) -> None:
    oldest, old, new, ahead = (put(tmp_path, days) for days in (0, 1, 2, 400))
    now = AT + timedelta(days=2)

    assert ahead_last(backups_in(tmp_path), now) == [new, old, oldest, ahead]
    assert rotate(tmp_path, 3, new, now) == [ahead.name]
    assert rotate(tmp_path, 2, new, now) == [oldest.name]
    assert [is_ahead(at, now) for at in (None, now + AHEAD, now + AHEAD + timedelta(seconds=1))] == [
        False,
        False,
        True,
    ]


def test_what_did_not_come_to_its_end_is_no_backup_and_goes(tmp_path: Path) -> None:
    whole = put(tmp_path, 0)
    put(tmp_path, 1, ".unfinished-")
    put(tmp_path, 2, ".removing-")
    (tmp_path / ".unfinished-notes").mkdir()

    assert backups_in(tmp_path) == [whole]
    clear(tmp_path)
    assert names(tmp_path) == [".unfinished-notes", whole.name]


@pytest.mark.parametrize("manifest", ["manifest.json", "manifest.json.age"])
def test_a_folder_is_a_backup_by_its_manifest_under_any_name(tmp_path: Path, manifest: str) -> None:
    (tmp_path / "mine").mkdir()
    assert not is_backup(tmp_path / "mine")
    (tmp_path / "mine" / manifest).touch()
    assert is_backup(tmp_path / "mine")
    assert not is_backup(tmp_path / "none")
    assert backups_in(tmp_path / "none") == []
