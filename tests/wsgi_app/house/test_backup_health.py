"""How the backups are, and when the next one is due."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wsgi_app.base.config import Config, load_config
from wsgi_app.house.backup_health import BackupHealth, health, is_due
from wsgi_app.stores.backups.folder import name_at
from wsgi_app.stores.backups.state import BackupState, write_state

HOUR = timedelta(hours=1)
NOW = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)  # 12:00 in Berlin; the last 03:00 there was at 01:00


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = {"PORTEIRO_BACKUP": f"{tmp_path}/backups", "PORTEIRO_TIMEZONE": "Europe/Berlin"}
    return load_config({"PORTEIRO_DATA": str(tmp_path), **settings})


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (BackupState(), True),
        (BackupState(at=NOW - 9 * HOUR), False),
        (BackupState(at=NOW - 9 * HOUR - timedelta(seconds=1)), True),
        (BackupState(at=NOW), False),
        (BackupState(at=NOW + 300 * HOUR), True),  # a clock that was ahead
        (BackupState(tried_at=NOW - HOUR / 2, why="full"), False),
        (BackupState(tried_at=NOW - HOUR, why="full"), True),
        (BackupState(tried_at=NOW + HOUR, why="full"), True),
        (BackupState(at=NOW - HOUR, tried_at=NOW - 2 * HOUR, why="not removed"), False),
    ],
)
def test_it_is_due_from_its_hour_on_until_it_is_made(
    config: Config, tmp_path: Path, state: BackupState, due: bool
) -> None:
    write_state(config.data, state)

    assert is_due(config, tmp_path / "backups", NOW) is due


def test_what_lies_in_the_folder_counts_though_nothing_is_kept_of_it(config: Config, tmp_path: Path) -> None:
    for ago, due in ((20 * HOUR, True), (HOUR, False)):
        path = tmp_path / "backups" / name_at(NOW - ago)
        path.mkdir(parents=True)
        (path / "manifest.json").touch()
        assert is_due(config, tmp_path / "backups", NOW) is due


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),  # 02:00 is 03:00
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 24, 1, 0, tzinfo=UTC)),
    ],
)
def test_the_hour_is_that_of_the_house_when_its_clocks_change_too(
    config: Config, tmp_path: Path, now: datetime, slot: datetime
) -> None:
    found = []
    for at in (slot - timedelta(seconds=1), slot):
        write_state(config.data, BackupState(at=at))
        found.append(is_due(config, tmp_path / "backups", now))

    assert found == [True, False]


def test_where_no_backup_is_wanted_or_made_there_is_nothing_to_say(tmp_path: Path) -> None:
    plain = load_config({"PORTEIRO_DATA": str(tmp_path)})

    assert health(plain, NOW) is None
    write_state(tmp_path, BackupState(at=NOW - 100 * HOUR, tried_at=NOW))
    assert health(plain, NOW) == BackupHealth(NOW - 100 * HOUR, 360_000, "", 0, is_late=False)


@pytest.mark.parametrize(
    ("state", "age", "ok"),
    [
        (BackupState(), None, False),
        (BackupState(at=NOW - HOUR), 3600, True),
        (BackupState(at=NOW - 26 * HOUR), 93_600, True),
        (BackupState(at=NOW - 27 * HOUR), 97_200, False),
        (BackupState(at=NOW + HOUR), 0, True),
        (BackupState(at=NOW + 2 * HOUR), None, False),  # a clock that was ahead
        (BackupState(at=NOW - HOUR, why="full"), 3600, False),
        (BackupState(at=NOW - HOUR, lost=1), 3600, False),
    ],
)
def test_it_is_as_it_should_be_while_it_is_whole_and_of_last_night(
    config: Config, state: BackupState, age: float | None, ok: bool
) -> None:
    write_state(config.data, state)

    found = health(config, NOW)

    assert found is not None
    assert (found.age_s, found.ok) == (age, ok)
