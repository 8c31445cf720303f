"""The way back to an earlier release."""

import errno
import os
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.backups import enrolled, visited
from tests.conftest import Clock
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.errors import BackupError, ConfigError
from wsgi_app.house.rolling_back import roll_back
from wsgi_app.stores.database import open_database
from wsgi_app.stores.database_copies import examine
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.schema_snapshots import keep_snapshot, snapshots_of
from wsgi_app.stores.stores import Stores, open_stores

NOW = datetime(2026, 1, 6, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path.resolve())})


def upgraded(stores: Stores, clock: Clock) -> Path:
    """Do what a newer release does: keep a copy of before, and change the schema."""
    path = keep_snapshot(stores.database.engine, stores.database.path, SCHEMA_REVISION, clock.now())
    with stores.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(sa.text("CREATE TABLE newer (id TEXT)"))
    return path


def test_the_database_is_as_it_was_before_the_upgrade(config: Config, stores: Stores, clock: Clock) -> None:
    enrolled(stores, "Ana")
    visited(stores)
    snapshot = upgraded(stores, clock)
    visited(stores)
    stores.database.close()
    with pytest.raises(ConfigError, match="roll-back"):
        open_stores(config)

    done = roll_back(config, NOW)

    assert (done.snapshot.path, done.before.visits, done.after.visits) == (snapshot, 2, 1)
    with closing(open_stores(config).database) as database, database.read() as connection:
        assert not sa.inspect(connection).has_table("newer")
    assert [kept.revision for kept in snapshots_of(config.database_file)] == ["9999", SCHEMA_REVISION]
    assert {path.name for path in config.data.iterdir() if path.name.startswith(".")} == set()


def test_who_was_forgotten_since_the_upgrade_stays_forgotten(
    config: Config, stores: Stores, clock: Clock
) -> None:
    ana, visit = enrolled(stores, "Ana"), visited(stores)
    snapshot = upgraded(stores, clock)
    kept = snapshot.read_bytes()
    stores.people.remove(ana, lambda _: True)
    snapshot.write_bytes(kept)  # as where a crash kept it from going
    stores.visits.remove(visit.id, lambda _: True)
    stores.database.close()

    done = roll_back(config, NOW)

    assert (done.applied.people, done.applied.visits, done.applied.faces) == (1, 1, 1)
    again = open_stores(config)
    assert (again.people.page(10), again.visits.page(10)) == ([], [])
    again.database.close()


def test_what_was_left_of_one_that_was_cut_off_is_not_read_into_the_next(
    config: Config, stores: Stores, clock: Clock
) -> None:
    enrolled(stores, "Ana")
    upgraded(stores, clock)
    stores.database.close()
    for ending in ("", "-wal", "-shm", "-journal"):
        (config.data / f".porteiro.db.rolling-back{ending}").write_bytes(b"cut off")

    roll_back(config, NOW)

    assert {path.name for path in config.data.iterdir() if path.name.startswith(".")} == set()


def test_one_that_finds_no_room_leaves_the_database_and_nothing_else(
    config: Config, stores: Stores, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kept = upgraded(stores, clock)
    stores.database.close()
    monkeypatch.setattr("wsgi_app.house.rolling_back.flush", full)
    with pytest.raises(OSError, match="No space"):
        roll_back(config, NOW)

    assert examine(config.database_file)[0] == "9999"
    assert {path.name for path in config.data.iterdir() if path.name.startswith(".")} == set()
    assert kept in [snapshot.path for snapshot in snapshots_of(config.database_file)]


def test_a_disk_without_second_names_of_files_gets_a_copy(
    config: Config, stores: Stores, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    upgraded(stores, clock)
    stores.database.close()
    monkeypatch.setattr(os, "link", refuse)

    assert examine(roll_back(config, NOW).aside)[0] == "9999"


def test_while_the_server_runs_nothing_is_touched(config: Config, stores: Stores, clock: Clock) -> None:
    upgraded(stores, clock)
    with stores.database.read():
        pass
    before = config.database_file.read_bytes()

    with pytest.raises(BackupError, match="roll_back:in_use"):
        roll_back(config, NOW)

    assert config.database_file.read_bytes() == before


def test_without_a_copy_or_a_need_it_is_refused(config: Config, stores: Stores, clock: Clock) -> None:
    stores.database.close()
    with pytest.raises(BackupError, match="roll_back:needless"):
        roll_back(config, NOW)
    upgraded(stores, clock).unlink()
    stores.database.close()
    with pytest.raises(BackupError, match="roll_back:none"):
        roll_back(config, NOW)
    with pytest.raises(BackupError, match="roll_back:needless"):
        roll_back(load_config({"PORTEIRO_DATA": f"{config.data}/other"}), NOW)
    with closing(open_database(f"sqlite:///{config.data}/new.db")):
        pass


def test_a_database_that_is_damaged_is_said_to_be(config: Config) -> None:
    config.database_file.write_bytes(b"a letter, and no database at all; " * 200)

    with pytest.raises(BackupError, match="backup:database"):
        roll_back(config, NOW)
