import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import alembic.autogenerate
import alembic.command
import alembic.config
import alembic.migration
import alembic.script
import pytest
import sqlalchemy as sa

from tests.galleries import SHARP
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.faces import Box, Landmarks, MeasuredFace
from wsgi_app.base.vitals import Vitals
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.schema import MIGRATIONS, SCHEMA_REVISION
from wsgi_app.stores.tables import metadata, visits

PATIENCE_S = 60


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A database on a path, closed in the end."""
    database = open_database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        database.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with opened(tmp_path / "porteiro.db") as database:
        yield database


def visit_row(visit_id: str, at: datetime) -> dict[str, Any]:
    return {
        "id": visit_id,
        "at": at,
        "door_kind": "device",
        "door": "front-door",
        "outcome": "unknown",
        "photo": "visit.jpg",
        "took_ms": 1.0,
    }


# The schema


def settings_of(connection: sa.Connection) -> alembic.config.Config:
    """What Alembic's own commands need to work on a connection."""
    settings = alembic.config.Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["connection"] = connection
    return settings


def tables_of(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


def test_the_migrations_make_exactly_the_tables_that_the_stores_use(database: Database) -> None:
    with database.read() as connection:
        context = alembic.migration.MigrationContext.configure(connection)
        assert alembic.autogenerate.compare_metadata(context, metadata) == []
        assert tables_of(connection) == {*metadata.tables, "alembic_version"}


def test_the_migrations_make_the_same_foreign_keys_and_counters_as_the_tables(database: Database) -> None:
    def script_of(connection: sa.Connection) -> dict[str, str]:
        rows = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {row.name: " ".join(row.sql.split()) for row in rows if row.name != "alembic_version"}

    by_metadata = sa.create_engine("sqlite://")
    metadata.create_all(by_metadata)
    with by_metadata.connect() as connection, database.read() as migrated:
        assert script_of(migrated) == script_of(connection)
    by_metadata.dispose()


def test_the_revision_that_the_stores_expect_is_the_newest_migration(database: Database) -> None:
    with database.read() as connection:
        script = alembic.script.ScriptDirectory.from_config(settings_of(connection))
        assert script.get_heads() == [SCHEMA_REVISION]
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars().all()
        assert found == [SCHEMA_REVISION]


def test_a_new_database_is_empty_but_for_the_gallerys_first_generation_and_no_purge(
    database: Database,
) -> None:
    with database.read() as connection:
        rows = {
            name: [tuple(row) for row in connection.execute(sa.select(table))]
            for name, table in metadata.tables.items()
        }
    assert rows == {
        **{name: [] for name in metadata.tables},
        "gallery": [(1, 0)],
        "purges": [(1, *[None] * 7, {}, None, None)],
    }


def test_the_way_back_leaves_nothing_and_the_way_forth_works_again(database: Database) -> None:
    with database.write() as connection:
        alembic.command.downgrade(settings_of(connection), "base")
        assert tables_of(connection) == {"alembic_version"}
    database.migrate()
    with database.read() as connection:
        assert tables_of(connection) == {*metadata.tables, "alembic_version"}


# What the releases before kept, by the schema of each, and what becomes of it.
AT = datetime(2026, 1, 5, 10, 0, 0, 123456, UTC)
QUALITY = {"size_px": 100.0, "brightness": 120.0, "sharpness": 20.5, "roll_degrees": 0.0, "yaw": 0.0}
FACE = {
    "box": [1.5, 2.0, 30.0, 40.0],
    "landmarks": [[8.0, 9.0], [24.0, 9.5], [16.0, 20.0], [10.0, 32.0], [22.5, 32.0]],
    "score": 0.9,
    "quality": QUALITY,
}
VITALS = {
    "version": "0.1.0",
    "boot": "b1",
    "uptime_s": 12.5,
    "state": "ready",
    "camera_ok": True,
    "presses": 3,
    "ignored": 1,
    "last_press_at": "2026-01-05T10:00:00.123456Z",
    "temperature_c": 48.3,
    "signal_dbm": None,
}
DOORS = {
    "device:front-door": ("device", "front-door"),
    "address:192.0.2.7": ("address", "192.0.2.7"),
    "address:2001:db8::1": ("address", "2001:db8::1"),
    "door": ("address", "door"),
    "Device:front": ("address", "Device:front"),
    "device:": ("address", "device:"),
    "address:": ("address", "address:"),
}


def visit_of(number: int, device: str) -> dict[str, Any]:
    """A visit as it was kept while its door was one text."""
    visit = {"number": number, "id": f"v{number}", "at": AT, "device": device, "outcome": "unknown"}
    return {**visit, "person_id": "p1", "score": 0.7, "face": FACE, "photo": "visit.jpg", "took_ms": 1.0}


def answer_of(number: int, device: str) -> dict[str, Any]:
    """What was kept of the answer to it."""
    answer = {"device": device, "key": "k", "visit_id": f"v{number}"}
    return {**answer, "at": AT, "status": 404, "body": b"{}"}


KEPT: dict[str, dict[str, list[dict[str, Any]]]] = {
    "0001": {
        "people": [{"id": "p1", "name": "Ana", "name_key": "ana", "revision": 3, "created_at": AT}],
        "faces": [{"id": "f1", "person_id": "p1", "crop": "f1.png", "quality": QUALITY, "created_at": AT}],
        "embeddings": [{"face_id": "f1", "embedder": "e1", "vector": b"\x00\x01"}],
        "visits": [visit_of(number, device) for number, device in enumerate(DOORS, start=7)],
        "answers": [answer_of(number, device) for number, device in enumerate(DOORS, start=7)],
    }
}
KEPT["0002"] = {
    **KEPT["0001"],
    "devices": [
        {
            "id": "front-door",
            "token_hash": b"hash",
            "created_at": AT,
            "revoked_at": None,
            "boot": "b1",
            "pressed_ms": 2**40,
            "pressed_at": AT,
            "vitals": VITALS,
            "heard_at": AT,
            "missed": 2,
        }
    ],
}
KEPT["0003"] = {
    **KEPT["0002"],
    "visits": [{**visit, "reason": "margin"} for visit in KEPT["0001"]["visits"]],
    "probes": [{"visit_id": "v7", "embedder": "e1", "vector": b"\x00\x01"}],
    "corrections": [{"visit_id": "v7", "verdict": "ignored", "person_id": None, "by": "Olga", "at": AT}],
}
ADDED: dict[str, dict[str, Any]] = {
    "people": {"valid_from": None, "valid_until": None, "hours": ()},
    "faces": {"negative": False, "visit_id": None, "shows_id": None, "unlike": None, "crop_sha256": None},
    "visits": {"reason": None, "photo_sha256": None},
    "devices": {"told_state": None, "salt": None, "reported_at": None},
    "answers": {"digests": ""},
}
TYPED: dict[str, Any] = {
    "quality": SHARP,
    "face": MeasuredFace(
        box=Box(left=1.5, top=2.0, width=30.0, height=40.0),
        landmarks=Landmarks((8.0, 9.0), (24.0, 9.5), (16.0, 20.0), (10.0, 32.0), (22.5, 32.0)),
        score=0.9,
        quality=SHARP,
    ),
    "vitals": Vitals("0.1.0", "b1", 12.5, "ready", True, 3, 1, 0, AT, 48.3, None),
}


def as_it_is_now(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row of a release before, as the stores read it now."""
    now = {**ADDED.get(table, {}), **row}
    if "device" in now:
        now["door_kind"], now["door"] = DOORS[now.pop("device")]
    return now | {column: value for column, value in TYPED.items() if column in now}


def keep(path: Path, release: str) -> None:
    """Make a database as a release before left it."""
    before = Database(f"sqlite:///{path}")
    with before.write() as connection:
        alembic.command.upgrade(settings_of(connection), release)
        for table, rows in KEPT[release].items():
            connection.execute(sa.Table(table, sa.MetaData(), autoload_with=connection).insert(), rows)
    before.close()


@pytest.mark.parametrize("release", KEPT)
def test_a_database_of_a_release_before_is_brought_up_to_date_with_everything_in_it(
    tmp_path: Path, release: str
) -> None:
    keep(tmp_path / "porteiro.db", release)

    with opened(tmp_path / "porteiro.db") as database, database.read() as connection:
        kept_now = {
            name: [dict(row._mapping) for row in connection.execute(sa.select(table))]
            for name, table in metadata.tables.items()
        }
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        lost = connection.execute(sa.text("PRAGMA foreign_key_check")).all()
    kept_now["answers"].sort(key=lambda answer: int(answer["visit_id"][1:]))
    assert kept_now == {
        **{name: [] for name in metadata.tables},
        "boots": [
            {"device_id": device["id"], "boot": device["boot"], "at": AT}
            for device in KEPT[release].get("devices", [])
        ],
        "gallery": [{"id": 1, "generation": 0}],
        "purges": [
            {**{column.name: None for column in metadata.tables["purges"].columns}, "id": 1, "counts": {}}
        ],
        **{table: [as_it_is_now(table, row) for row in rows] for table, rows in KEPT[release].items()},
    }
    assert (revision, lost) == (SCHEMA_REVISION, [])


def test_the_way_back_puts_kinds_and_names_of_doors_together_again(tmp_path: Path) -> None:
    keep(tmp_path / "porteiro.db", "0003")

    with opened(tmp_path / "porteiro.db") as database, database.write() as connection:
        alembic.command.downgrade(settings_of(connection), "0003")
        devices = [
            connection.scalars(sa.text(f"SELECT device FROM {table} ORDER BY {order}")).all()
            for table, order in (("visits", "number"), ("answers", "CAST(substr(visit_id, 2) AS INTEGER)"))
        ]
        corrected = connection.scalar(sa.text("SELECT count(*) FROM corrections"))
    texts = [f"{kind}:{name}" for kind, name in DOORS.values()]
    assert devices == [texts, texts]
    assert corrected == 1


def test_an_upgrade_that_fails_halfway_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "porteiro.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        # The last table that the first migration makes is there already, and another one.
        connection.execute(sa.text("CREATE TABLE answers (other TEXT)"))
    with pytest.raises(ConfigError, match=r"PORTEIRO_DATABASE_URL.*answers already exists"):
        open_database(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert tables_of(connection) == {"answers"}
    engine.dispose()


# Opening


def test_opening_makes_the_folders_on_the_way(tmp_path: Path) -> None:
    with opened(tmp_path / "a" / "b" / "porteiro.db"):
        assert (tmp_path / "a" / "b" / "porteiro.db").is_file()


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    with opened(tmp_path / "porteiro.db") as database, database.write() as connection:
        connection.execute(visits.insert().values(visit_row("first", at)))
    with opened(tmp_path / "porteiro.db") as database, database.read() as connection:
        assert connection.scalars(sa.select(visits.c.id)).all() == ["first"]


def test_a_folder_with_a_percent_sign_in_its_name_is_as_good_as_any(tmp_path: Path) -> None:
    with opened(tmp_path / "100%20sure" / "porteiro.db") as database, database.read() as connection:
        assert "people" in tables_of(connection)


def test_several_threads_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    openers = 4
    begin = threading.Barrier(openers)

    def open_one(_: int) -> set[str]:
        begin.wait(PATIENCE_S)
        with opened(tmp_path / "porteiro.db") as database, database.read() as connection:
            return tables_of(connection)

    with ThreadPoolExecutor(openers) as pool:
        found = list(pool.map(open_one, range(openers)))
    assert found == [{*metadata.tables, "alembic_version"}] * openers


OPENER = """
import sys
from wsgi_app.stores.database import open_database
for line in sys.stdin:
    try:
        open_database(line.strip()).close()
        print("opened", flush=True)
    except Exception as error:
        print(repr(error), flush=True)
"""


def opener() -> subprocess.Popen[str]:
    """A process that opens each database that it is told, and says how that went."""
    return subprocess.Popen(
        [sys.executable, "-c", OPENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def test_several_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    rounds = 5
    with contextlib.ExitStack() as stack:
        openers = [stack.enter_context(opener()) for _ in range(4)]
        for number in range(rounds):
            url = f"sqlite:///{tmp_path}/{number}.db"
            for one in openers:
                assert one.stdin is not None
                one.stdin.write(f"{url}\n")
            said = [one.stdout.readline() for one in openers if one.stdout is not None]
            assert said == ["opened\n"] * len(openers)


# What cannot be opened


def test_a_database_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "porteiro.db"
    with opened(path) as database, database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError) as refused:
        open_database(f"sqlite:///{path}")
    assert str(refused.value) == (
        f"The database's schema 9999 is newer than this release's {SCHEMA_REVISION}. Install the release "
        "that wrote it; or, to go on with this one, restore a backup that it made: porteiro restore DIR --to "
        "FOLDER."
    )
    database = Database(f"sqlite:///{path}")
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    database.close()


def test_a_database_where_a_folder_is_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^PORTEIRO_DATABASE_URL: the database cannot be opened"):
        open_database(f"sqlite:///{tmp_path}")


def test_a_database_below_a_file_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in ("file", "file/folder"):
        with pytest.raises(ConfigError, match=r"^PORTEIRO_DATABASE_URL: the database cannot be opened"):
            open_database(f"sqlite:///{tmp_path}/{folder}/porteiro.db")


def test_a_file_that_is_no_database_cannot_be_opened_and_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "porteiro.db"
    path.write_bytes(b"a letter to Ana, and not a database at all; " * 100)
    with pytest.raises(ConfigError, match=r"^PORTEIRO_DATABASE_URL: the database cannot be opened"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes().startswith(b"a letter to Ana")


# Connections


def test_every_connection_writes_ahead_flushes_each_commit_minds_foreign_keys_and_wipes(
    database: Database,
) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
    with database.read() as first, database.read() as second:
        for connection in (first, second):
            pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
            assert pragmas == ["wal", 2, 1, 1, 10_000]


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as connection:
            connection.execute(visits.insert().values(visit_row("lost", datetime.now(UTC))))
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        write_and_fail()
    with database.read() as connection:
        assert connection.scalars(sa.select(visits.c.id)).all() == []


def test_a_reader_sees_one_moment_while_another_writes(database: Database) -> None:
    count = sa.select(sa.func.count()).select_from(visits)
    with database.read() as reader:
        assert reader.scalar(count) == 0
        with database.write() as writer:
            writer.execute(visits.insert().values(visit_row("new", datetime.now(UTC))))
        assert reader.scalar(count) == 0
    with database.read() as reader:
        assert reader.scalar(count) == 1


def test_writers_in_several_threads_wait_for_each_other(tmp_path: Path) -> None:
    threads, times = 4, 25
    with opened(tmp_path / "porteiro.db") as one, opened(tmp_path / "porteiro.db") as other:
        begin = threading.Barrier(threads)

        def count_up(database: Database) -> None:
            begin.wait(PATIENCE_S)
            for _ in range(times):
                with database.write() as connection:
                    found = connection.execute(sa.text("SELECT generation FROM gallery")).scalar_one()
                    connection.execute(sa.text("UPDATE gallery SET generation = :next"), {"next": found + 1})

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(count_up, [one, other] * (threads // 2)))
        with one.read() as connection:
            generation = connection.execute(sa.text("SELECT generation FROM gallery")).scalar_one()
    assert generation == threads * times


# Times


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 5, 10, 0, 0, 123456, UTC),
        datetime(2026, 1, 5, 23, 30, tzinfo=timezone(timedelta(hours=-3))),
        datetime(1999, 12, 31, 23, 59, 59, 999999, timezone(timedelta(hours=5, minutes=45))),
    ],
    ids=str,
)
def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, at: datetime) -> None:
    with database.write() as connection:
        connection.execute(visits.insert().values(visit_row("one", at)))
    with database.read() as connection:
        found = connection.scalars(sa.select(visits.c.at)).one()
    assert (found, found.tzinfo) == (at, UTC)


# Several changes in one transaction


def names_of(database: Database) -> list[str]:
    with database.read() as connection:
        return sorted(connection.scalars(sa.select(visits.c.id)))


def add_row(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute(visits.insert().values(visit_row(name, datetime(2026, 1, 5, tzinfo=UTC))))


def add_two_rows(database: Database, first: str, second: str) -> None:
    add_row(database, first)
    add_row(database, second)


def test_who_writes_inside_of_a_transaction_takes_part_in_it(database: Database) -> None:
    told: list[str] = []
    with database.write():
        add_row(database, "first")
        database.once_kept(lambda: told.append("kept"))
        database.unless_kept(lambda: told.append("lost"))
        add_row(database, "second")
        assert (names_of(database), told) == (["first", "second"], [])
        assert database.value("SELECT COUNT(*) FROM visits") == 2
        with ThreadPoolExecutor(1) as elsewhere:
            assert elsewhere.submit(names_of, database).result() == []

    assert (names_of(database), told) == (["first", "second"], ["kept"])


def test_where_the_outer_one_fails_nothing_is_kept(database: Database) -> None:
    told: list[str] = []

    def fail() -> None:
        with database.write():
            database.once_kept(lambda: told.append("kept"))
            database.unless_kept(lambda: told.append("lost"))
            add_two_rows(database, "first", "first")

    with pytest.raises(sa.exc.IntegrityError):
        fail()

    assert (names_of(database), told) == ([], ["lost"])
    add_row(database, "later")
    assert names_of(database) == ["later"]


def test_where_an_inner_one_fails_it_alone_is_not_kept(database: Database) -> None:
    with database.write():
        add_row(database, "first")
        with pytest.raises(sa.exc.IntegrityError), database.write():
            add_two_rows(database, "second", "first")
        add_row(database, "third")

    assert names_of(database) == ["first", "third"]


def test_what_is_to_be_done_at_the_end_of_a_transaction_needs_one(database: Database) -> None:
    with pytest.raises(RuntimeError, match="writes nothing"):
        database.once_kept(lambda: None)
