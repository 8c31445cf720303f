"""Who waits for the database, how long, and who does not."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.houses import copy_new_database
from wsgi_app.base.errors import DatabaseTrouble
from wsgi_app.stores.database import Database
from wsgi_app.stores.patience import Patience, Places, patience_of_workers

LONG_S, SHORT_S = 0.4, 0.2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    copy_new_database(tmp_path / "porteiro.db")
    return tmp_path / "porteiro.db"


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else writes."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def workers(path: Path, count: int, places: int) -> Iterator[list[Database]]:
    """Databases as workers open them: POSIX's locks are of processes, so here each has places of its own."""
    opened = [
        Database(f"sqlite:///{path}", patience=Patience(LONG_S, Places(path.with_name(f"{n}"), places)))
        for n in range(count)
    ]
    yield opened
    for database in opened:
        database.close()


def refused_after(database: Database) -> float:
    """How many seconds a change waits until it is refused for the lock."""
    began = time.monotonic()
    with pytest.raises(DatabaseTrouble, match=r"^unavailable:database_locked$"):
        database.try_writing()
    return time.monotonic() - began


def test_whoever_has_a_place_waits_once_and_then_only_for_a_moment(path: Path) -> None:
    with workers(path, 1, places=1) as (worker,):
        with locked(path):
            assert refused_after(worker) >= LONG_S - 0.05
            assert [refused_after(worker) < SHORT_S for _ in range(3)] == [True] * 3
        worker.try_writing()
        with locked(path):
            assert refused_after(worker) >= LONG_S - 0.05


def test_without_a_place_nobody_waits_longer_than_a_moment(path: Path) -> None:
    with workers(path, 1, places=0) as (worker,), locked(path):
        assert refused_after(worker) < SHORT_S


def test_what_the_other_ends_meanwhile_is_waited_for(path: Path) -> None:
    with workers(path, 1, places=1) as (worker,), ThreadPoolExecutor(1) as pool:
        with locked(path):
            waiting = pool.submit(worker.try_writing)
            with pytest.raises(TimeoutError):
                waiting.result(0.1)
        waiting.result()


def test_after_waiting_in_vain_a_press_is_refused_before_it_is_looked_at(path: Path) -> None:
    with workers(path, 1, places=1) as (worker,):
        worker.expect_write()
        with locked(path):
            worker.expect_write()  # nobody knows yet
            refused_after(worker)
            with pytest.raises(DatabaseTrouble, match=r"^unavailable:database_locked$"):
                worker.expect_write()
        worker.expect_write()


def test_what_is_read_waits_for_nobody(path: Path) -> None:
    with workers(path, 1, places=1) as (worker,), locked(path):
        began = time.monotonic()
        assert worker.value("SELECT generation FROM gallery") == 0
        with worker.read():
            pass
        assert time.monotonic() - began < SHORT_S


def test_a_command_waits_longer(path: Path) -> None:
    database, end = Database(f"sqlite:///{path}"), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with locked(path):
            waiting = pool.submit(database.try_writing)
            assert not end.wait(2 * LONG_S)
            assert not waiting.done()
        waiting.result()
    database.close()


@pytest.mark.parametrize(("count", "places"), [(1, 1), (2, 1), (4, 3)])
def test_of_all_workers_one_is_always_left(tmp_path: Path, count: int, places: int) -> None:
    patience = patience_of_workers(tmp_path / "waiting", count)

    assert patience.places is not None
    assert patience.places._count == places
    assert patience.wait_s < (0.5 if count == 1 else 2)


HOLDER = """
import sys
from pathlib import Path
from wsgi_app.stores.patience import Places
with Places(Path(sys.argv[1]), 1).one() as has_place:
    print(has_place, flush=True)
    sys.stdin.read()
"""


def test_a_place_is_of_one_process_and_goes_with_it(tmp_path: Path) -> None:
    places = Places(tmp_path / "waiting", 1)
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "waiting")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with places.one() as has_place:
            assert not has_place
        other.kill()
        other.wait()
    for _ in range(2):
        with places.one() as has_place:
            assert has_place


def test_where_no_file_can_be_made_there_is_no_place(tmp_path: Path) -> None:
    with Places(tmp_path / "none" / "waiting", 3).one() as has_place:
        assert not has_place
