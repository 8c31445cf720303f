"""What the watch finds out about the database's file, and whom it tells."""

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

from tests.houses import open_new_database
from wsgi_app.base.errors import DatabaseTrouble
from wsgi_app.stores.database import Database
from wsgi_app.stores.database_watch import DatabaseWatch, damage_in
from wsgi_app.stores.events import tell
from wsgi_app.stores.patience import FEED
from wsgi_app.stores.tables import events
from wsgi_app.stores.troubles import Trouble, TroubleFile

AT = datetime(2026, 1, 5, tzinfo=UTC)


class Seconds:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "porteiro.db"


@pytest.fixture
def shared(tmp_path: Path) -> TroubleFile:
    return TroubleFile(tmp_path / "trouble")


@pytest.fixture
def database(path: Path, shared: TroubleFile) -> Iterator[Database]:
    """A database with some events, all of them in its file, as a server has it open."""
    open_new_database(path).close()
    database = Database(f"sqlite:///{path}", patience=FEED, shared=shared)
    happen(database, 200)
    assert database.wipe()
    yield database
    database.close()


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def watch(database: Database, shared: TroubleFile, clock: Seconds) -> DatabaseWatch:
    """A watch that has looked once."""
    watch = DatabaseWatch(database.path, shared, clock)
    watch.look()
    assert shared.read() is None
    return watch


def happen(database: Database, times: int) -> None:
    """Have something happen so often."""
    with database.write() as connection:
        for _ in range(times):
            tell(connection, AT, ("message", "said", "somebody"), text="a" * 100)


def looks_again(watch: DatabaseWatch, clock: Seconds) -> None:
    clock.now += 60
    watch.look()


def test_all_that_a_house_does_is_no_trouble(
    watch: DatabaseWatch, database: Database, shared: TroubleFile, clock: Seconds
) -> None:
    for times in (1, 2000, 1):
        happen(database, times)
        looks_again(watch, clock)
        database.wipe()
        looks_again(watch, clock)
    with database.write() as connection:
        connection.execute(events.delete())
    database.wipe()
    looks_again(watch, clock)
    with closing(database.engine.raw_connection()) as connection:
        connection.cursor().execute("VACUUM")  # which makes the file smaller
    database.wipe()
    looks_again(watch, clock)

    assert shared.read() is None


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(random.Random(1).randbytes(400))


def overwrite_head(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(random.Random(1).randbytes(100))


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_to(size: int) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, size)


def put_another(path: Path) -> None:
    (other := path.with_name("other")).write_bytes(path.read_bytes())
    other.replace(path)


def empty_copy(path: Path) -> None:
    """Copy a database without tables over it."""
    with closing(sqlite3.connect(path.with_name("empty"))) as connection:
        connection.execute("VACUUM")
    shutil.copyfile(path.with_name("empty"), path)


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        (overwrite, Trouble.DAMAGED),
        (overwrite_head, Trouble.DAMAGED),
        (halve, Trouble.DAMAGED),
        (cut_to(0), Trouble.DAMAGED),
        (cut_to(4096), Trouble.DAMAGED),
        (empty_copy, Trouble.DAMAGED),
        (Path.unlink, Trouble.REPLACED),
        (put_another, Trouble.REPLACED),
    ],
)
def test_what_happens_to_the_file_is_told_to_all_processes(
    watch: DatabaseWatch,
    database: Database,
    shared: TroubleFile,
    clock: Seconds,
    fault: Callable[[Path], None],
    trouble: Trouble,
) -> None:
    fault(database.path)
    looks_again(watch, clock)

    assert shared.read() is trouble
    with pytest.raises(DatabaseTrouble, match=f"^unavailable:database_{trouble}$"), database.read():
        pass
    with pytest.raises(DatabaseTrouble, match=f"^unavailable:database_{trouble}$"), database.write():
        pass


def test_an_earlier_copy_over_it_is_found_by_what_it_does_not_know(
    watch: DatabaseWatch, database: Database, shared: TroubleFile, clock: Seconds, tmp_path: Path
) -> None:
    shutil.copyfile(database.path, tmp_path / "backup")
    happen(database, 1)
    database.wipe()
    looks_again(watch, clock)
    assert shared.read() is None

    shutil.copyfile(tmp_path / "backup", database.path)
    looks_again(watch, clock)

    assert shared.read() is Trouble.REPLACED


def test_the_log_of_a_replaced_database_is_put_away_before_another_reads_it(
    watch: DatabaseWatch, database: Database, clock: Seconds, tmp_path: Path
) -> None:
    shutil.copyfile(database.path, tmp_path / "backup")
    happen(database, 1)  # in the log alone
    (tmp_path / "backup").replace(database.path)
    looks_again(watch, clock)

    assert len(list(tmp_path.glob("porteiro.db-wal.replaced-*"))) == 1
    restored = Database(f"sqlite:///{database.path}")
    with restored.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 200
    assert damage_in(database.path, 2**30) == ""
    restored.close()


def test_a_database_that_comes_later_is_watched_from_then_on(
    path: Path, shared: TroubleFile, clock: Seconds
) -> None:
    watch = DatabaseWatch(path, shared, clock)
    looks_again(watch, clock)
    open_new_database(path).close()
    looks_again(watch, clock)
    assert shared.read() is None

    path.unlink()
    looks_again(watch, clock)
    assert shared.read() is Trouble.REPLACED


def test_a_press_after_the_other_is_no_reason_to_look_through_it_at_once(
    watch: DatabaseWatch, database: Database, clock: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float] = []

    def look_through(*_: object) -> str:
        looked.append(clock.now)
        return ""

    monkeypatch.setattr("wsgi_app.stores.database_watch.damage_in", look_through)
    for _ in range(12):
        clock.now += 1
        happen(database, 1)
        watch.look()

    assert looked == [5, 10]
