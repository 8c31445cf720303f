"""A database that cannot be used is refused with what is wrong; one that cannot be trusted, for good."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.houses import copy_new_database
from wsgi_app.base.errors import DatabaseTrouble, StorageFull
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_file import read_only_connection
from wsgi_app.stores.events import tell
from wsgi_app.stores.tables import people
from wsgi_app.stores.troubles import Trouble, TroubleFile, TroubleLog, trouble_of

AT = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def shared(tmp_path: Path) -> TroubleFile:
    return TroubleFile(tmp_path / "trouble")


@pytest.fixture
def database(tmp_path: Path, shared: TroubleFile) -> Iterator[Database]:
    copy_new_database(tmp_path / "porteiro.db")
    database = Database(f"sqlite:///{tmp_path}/porteiro.db", shared=shared)
    change(database)
    yield database
    database.close()


def change(database: Database) -> None:
    with database.write() as connection:
        tell(connection, AT, ("message", "said", "somebody"), text="Hello")


def look(database: Database) -> None:
    with database.read() as connection:
        connection.execute(sa.select(people)).all()


def ask(database: Database) -> None:
    database.value("SELECT generation FROM gallery")


WAYS = (look, ask, change, Database.try_writing, Database.expect_write)


def refusals(database: Database, ways: tuple[Callable[[Database], None], ...] = WAYS) -> set[str]:
    """What is wrong, by each way to use it."""
    said = set()
    for way in ways:
        with pytest.raises(DatabaseTrouble) as refusal:
            way(database)
        said.add(refusal.value.key.removeprefix("unavailable:database").removeprefix("_"))
    return said


def beside(database: Database, ending: str) -> Path:
    return database.path.with_name(database.path.name + ending)


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_file_that_is_gone_is_written_to_no_more_and_stays_so_if_it_comes_back(
    database: Database, shared: TroubleFile, tmp_path: Path, ending: str
) -> None:
    file = beside(database, ending)
    file.rename(tmp_path / "away")

    assert refusals(database) == {"replaced"}
    assert not database.wipe()
    assert shared.read() is Trouble.REPLACED

    (tmp_path / "away").rename(file)
    assert refusals(database) == {"replaced"}


def test_another_process_opens_what_was_put_there_without_the_log_of_the_other(
    database: Database, tmp_path: Path
) -> None:
    copy_new_database(tmp_path / "backup.db")
    (tmp_path / "backup.db").replace(database.path)
    assert refusals(database) == {"replaced"}

    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("SELECT count(*) FROM events").fetchall() == [(0,)]
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert refusals(database) == {"replaced"}
    database.close()  # and leaves the new one's log alone
    with closing(sqlite3.connect(database.path)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_was_kept_in_a_file_that_went_meanwhile_is_told_to_nobody(
    database: Database, tmp_path: Path
) -> None:
    done: list[str] = []

    def change_and_lose() -> None:
        with database.write() as connection:
            database.once_kept(lambda: done.append("kept"))
            database.unless_kept(lambda: done.append("lost"))
            tell(connection, AT, ("message", "said", "somebody"), text="Hello")
            shutil.copyfile(database.path, tmp_path / "backup.db")
            (tmp_path / "backup.db").replace(database.path)

    with pytest.raises(DatabaseTrouble, match="replaced"):
        change_and_lose()
    assert done == ["lost"]


def test_the_log_that_all_connections_close_and_make_anew_is_no_other_file(database: Database) -> None:
    for _ in range(2):
        database.close()
        change(database)
        look(database)


def test_what_other_processes_of_the_server_found_counts_at_once_and_for_good(
    database: Database, shared: TroubleFile
) -> None:
    TroubleFile(shared._path).write(Trouble.DAMAGED)
    assert refusals(database) == {"damaged"}

    TroubleFile(shared._path).write(None)
    assert refusals(database) == {"damaged"}  # what this process remembers may be wrong


def test_a_command_opens_what_the_server_refuses(database: Database, shared: TroubleFile) -> None:
    shared.write(Trouble.DAMAGED)
    other = Database(str(database.engine.url))
    change(other)
    other.close()


def test_damage_that_somebody_meets_is_told_to_all(database: Database, shared: TroubleFile) -> None:
    database.wipe()
    with closing(read_only_connection(database.path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'people'").fetchone()
    database.close()
    with database.path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(random.Random(1).randbytes(400))

    assert refusals(database, (look,)) == {"damaged"}
    assert shared.read() is Trouble.DAMAGED
    assert refusals(database) == {"damaged"}


def test_what_may_not_be_written_to_is_read_and_taken_again_afterwards(
    database: Database, shared: TroubleFile
) -> None:
    database.path.chmod(0o444)
    assert refusals(database, (change, Database.try_writing, Database.expect_write)) == {"read_only"}
    look(database)
    ask(database)

    database.path.chmod(0o600)
    change(database)
    assert shared.read() is None


def test_a_row_that_every_database_has_is_missed(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM gallery"))
    assert refusals(database, (ask,)) == {"damaged"}


def test_the_statements_own_faults_are_no_trouble(database: Database, shared: TroubleFile) -> None:
    row = {"id": "p", "name": "Ana", "name_key": "ana", "revision": 1, "created_at": AT}
    for _ in range(2):
        try:
            with database.write() as connection:
                connection.execute(people.insert().values(row))
        except sa.exc.IntegrityError:
            break
    else:
        pytest.fail("a name twice")
    assert shared.read() is None
    change(database)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE people SET created_at = 'yesterday'",
        "UPDATE people SET created_at = x'00ff'",
        "UPDATE people SET name = CAST(x'ff41' AS TEXT)",
    ],
)
def test_one_spoilt_row_is_named_damage_and_shuts_nothing_else(
    database: Database, shared: TroubleFile, statement: str
) -> None:
    row = {"id": "p", "name": "Ana", "name_key": "ana", "revision": 1, "created_at": AT}
    with database.write() as connection:
        connection.execute(people.insert().values(row))
        connection.execute(sa.text(statement))

    assert refusals(database, (look,)) == {"damaged"}
    assert shared.read() is None
    change(database)


# What is told, to other processes and to the log


def test_the_file_of_troubles_is_read_where_it_changed(tmp_path: Path) -> None:
    one, other = TroubleFile(tmp_path / "trouble"), TroubleFile(tmp_path / "trouble")
    assert one.read() is None
    for trouble in (None, Trouble.DAMAGED, None, Trouble.REPLACED):
        other.write(trouble)
        os.utime(tmp_path / "trouble", ns=(0, random.getrandbits(60)))  # no two writes are of one moment
        assert one.read() is trouble
    (tmp_path / "trouble").write_text("nonsense")
    assert one.read() is Trouble.REPLACED
    (tmp_path / "trouble").unlink()
    assert one.read() is Trouble.REPLACED


def test_the_log_is_told_when_it_begins_seldom_again_and_when_it_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    log = TroubleLog(Path("porteiro.db"), lambda: now)
    for _ in range(100):
        now += 1
        log.tell(Trouble.LOCKED, "somebody else")
    for _ in range(3):
        log.end()

    lines = capsys.readouterr().out.splitlines()
    assert [line.count("cannot be used") for line in lines] == [1, 1, 0]
    assert "takes changes again" in lines[2]


def failure(kind: type[sqlite3.Error], code: int | None = None) -> sqlite3.Error:
    error = kind("why")
    if code is not None:
        error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (failure(sqlite3.OperationalError, sqlite3.SQLITE_BUSY), Trouble.LOCKED),
        (failure(sqlite3.OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.LOCKED),
        (failure(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT), Trouble.DAMAGED),
        (failure(sqlite3.DatabaseError, sqlite3.SQLITE_CORRUPT_INDEX), Trouble.DAMAGED),
        (failure(sqlite3.DatabaseError, sqlite3.SQLITE_NOTADB), Trouble.DAMAGED),
        (failure(sqlite3.OperationalError, sqlite3.SQLITE_READONLY), Trouble.READ_ONLY),
        (failure(sqlite3.OperationalError, sqlite3.SQLITE_READONLY_DBMOVED), Trouble.REPLACED),
        (failure(sqlite3.OperationalError, sqlite3.SQLITE_FULL), Trouble.FULL),
        (failure(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE), Trouble.SILENT),
        (failure(sqlite3.OperationalError), Trouble.SPOILT),
        (failure(sqlite3.IntegrityError, sqlite3.SQLITE_CONSTRAINT), None),
        (failure(sqlite3.ProgrammingError), None),
        (ValueError("why"), None),
    ],
)
def test_what_an_error_says_of_the_database(error: Exception, trouble: Trouble | None) -> None:
    assert trouble_of(error) is trouble
    if isinstance(error, sqlite3.Error):
        assert trouble_of(sa.exc.DBAPIError("SELECT 1", None, error)) is trouble


def test_a_change_that_a_quota_stops_is_one_of_a_full_disk(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with database.write():
            raise failure(sqlite3.OperationalError, sqlite3.SQLITE_IOERR_WRITE)

    with pytest.raises(DatabaseTrouble, match=r"^unavailable:database$"):
        write()
    monkeypatch.setattr("wsgi_app.stores.guard.has_no_room", lambda _: True)
    with pytest.raises(StorageFull, match=r"^storage_full$"):
        write()
