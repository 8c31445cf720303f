"""Copies of the database from before its schema was changed."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy as sa
import structlog

from tests.wsgi_app.stores.test_database import settings_of
from wsgi_app.base.errors import ConfigError
from wsgi_app.front.start import prepare
from wsgi_app.stores import schema_snapshots
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.database_copies import examine
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.schema_snapshots import (
    KEPT,
    keep_snapshot,
    remove_snapshots,
    snapshot_path,
    snapshots_of,
    unfinished,
)
from wsgi_app.stores.stores import Stores

BEFORE = f"{int(SCHEMA_REVISION) - 1:04}"
AT = datetime(2026, 1, 5, 10, tzinfo=UTC)


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A database of the release before."""
    file = tmp_path / "porteiro.db"
    with closing(Database(f"sqlite:///{file}")) as database, database.write() as connection:
        alembic.command.upgrade(settings_of(connection), BEFORE)
        connection.execute(sa.text("INSERT INTO devices (id, token_hash, created_at, missed) "
                                   "VALUES ('front', x'00', '2026-01-05 10:00:00', 0)"))  # fmt: skip
    return file


def test_an_upgrade_keeps_a_copy_of_before_and_says_so_in_the_log(earlier: Path) -> None:
    with structlog.testing.capture_logs() as logged:
        open_database(f"sqlite:///{earlier}").close()

    (kept,) = snapshots_of(earlier)
    revision, counts = examine(kept.path)
    assert (kept.revision, revision, counts.devices) == (BEFORE, BEFORE, 1)
    assert logged == [
        {
            "event": "the schema is changed",
            "log_level": "warning",
            "before": BEFORE,
            "after": SCHEMA_REVISION,
            "copy": str(kept.path),
        }
    ]
    assert examine(earlier)[0] == SCHEMA_REVISION


def test_neither_a_new_database_nor_one_that_is_up_to_date_is_copied(tmp_path: Path) -> None:
    for _ in range(2):
        open_database(f"sqlite:///{tmp_path}/porteiro.db").close()

    assert snapshots_of(tmp_path / "porteiro.db") == []


def test_without_room_for_the_copy_nothing_is_changed(earlier: Path) -> None:
    (earlier.parent / "snapshots").write_text("in the way")

    with pytest.raises(ConfigError, match=rf"schema {BEFORE} has to become {SCHEMA_REVISION}.*cannot be put"):
        open_database(f"sqlite:///{earlier}")

    assert examine(earlier)[0] == BEFORE


def test_a_newer_database_is_refused_with_the_way_back(earlier: Path) -> None:
    with closing(open_database(f"sqlite:///{earlier}")) as database, database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    (kept,) = snapshots_of(earlier)

    with pytest.raises(ConfigError) as refused:
        open_database(f"sqlite:///{earlier}")

    assert str(refused.value) == (
        f"The database's schema 9999 is newer than this release's {SCHEMA_REVISION}. Install the release "
        "that wrote it; or, to go on with this one, stop the server and type: porteiro roll-back. That puts "
        f"{kept.path} in the database's place, of {kept.at:%Y-%m-%d %H:%M:%S} UTC; what happened since is "
        "lost."
    )


def test_the_newest_copies_stay(stores: Stores, tmp_path: Path) -> None:
    for hours in range(KEPT + 2):
        keep_snapshot(stores.database.engine, stores.database.path, BEFORE, AT + timedelta(hours=hours))
    (tmp_path / "snapshots" / "notes.txt").touch()

    kept = snapshots_of(tmp_path / "porteiro.db")
    assert [snapshot.at.hour for snapshot in kept] == [14, 13, 12]
    assert remove_snapshots(tmp_path / "porteiro.db", AT + timedelta(hours=3)) == 1
    assert remove_snapshots(tmp_path / "porteiro.db") == 2
    assert [path.name for path in (tmp_path / "snapshots").iterdir()] == ["notes.txt"]


def cut_off(database: Path) -> list[str]:
    """Leave what a copy leaves that is cut off, now and in earlier releases; gives what is none of it."""
    folder = database.parent / "snapshots"
    folder.mkdir(exist_ok=True)
    others = ["notes.txt", ".unfinished-notes.db"]
    empty, torn, torn_now = (snapshot_path(database, BEFORE, AT - timedelta(days=day)) for day in (1, 2, 3))
    names = (*others, empty.name, *(f"{torn.name}{ending}" for ending in ("", "-journal")))
    for name in (*names, *(f"{unfinished(torn_now).name}{ending}" for ending in ("", "-journal"))):
        (folder / name).write_bytes(b"" if name == empty.name else b"Ana")
    return others


@pytest.mark.parametrize(
    "act",
    [
        lambda file: remove_snapshots(file, AT - timedelta(days=100)),
        lambda file: prepare({"PORTEIRO_DATA": str(file.parent), "PORTEIRO_SOCKET": f"{file.parent}/w.sock"}),
    ],
    ids=["purge", "start"],
)
def test_what_is_left_of_copies_that_were_cut_off_goes(
    stores: Stores, tmp_path: Path, act: Callable[[Path], None]
) -> None:
    kept = keep_snapshot(stores.database.engine, stores.database.path, BEFORE, AT)
    others = cut_off(stores.database.path)

    act(stores.database.path)

    assert {path.name for path in (tmp_path / "snapshots").iterdir()} == {kept.name, *others}


def test_a_copy_that_is_cut_off_is_none_and_counts_for_none(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [
        keep_snapshot(stores.database.engine, stores.database.path, BEFORE, AT + timedelta(hours=hours))
        for hours in range(KEPT)
    ]

    def cut_off(_: object, file: Path) -> None:
        file.touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as power:
        power.setattr(schema_snapshots, "copy_database", cut_off)
        with pytest.raises(KeyboardInterrupt):
            keep_snapshot(stores.database.engine, stores.database.path, BEFORE, AT + timedelta(hours=KEPT))

    assert [snapshot.path for snapshot in snapshots_of(tmp_path / "porteiro.db")] == kept[::-1]


def test_whoever_is_forgotten_is_in_no_copy(stores: Stores) -> None:
    ana = stores.people.add("Ana")
    path = keep_snapshot(stores.database.engine, stores.database.path, BEFORE, AT)
    assert b"Ana" in path.read_bytes()

    stores.people.remove(ana.id, lambda _: True)

    assert snapshots_of(stores.database.path) == []
