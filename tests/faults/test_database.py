"""Trouble with the database under a running server: noticed within seconds, told, and nothing lost by it."""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers import (
    REPOSITORY,
    Answer,
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    enrolled,
    post_photo,
    uwsgi,
)

pytestmark = pytest.mark.live

PHOTOS = REPOSITORY / "tests" / "photos"
ANA, NOBODY = (PHOTOS / "ana-4.jpg").read_bytes(), (PHOTOS / "nobody-1.jpg").read_bytes()
NOTICED_S = 10.0
House = tuple[LiveServer, RunningUwsgi]


@pytest.fixture
def house(tmp_path: Path, pack_folder: Path) -> Iterator[House]:
    """A server with Ana and some visits, of this test's own."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", **ports.settings}
    with uwsgi(tmp_path, settings) as running:
        server = LiveServer(ports.http, headers={})  # whose sign-in would be a change too
        enrolled(server, "Ana", (PHOTOS / "ana-1.jpg").read_bytes())
        for _ in range(3):
            assert post_photo(server, "/", ANA).status == 200
        yield server, running


def database(running: RunningUwsgi) -> Path:
    """Its database."""
    return Path(running.environ["PORTEIRO_DATA"], "porteiro.db")


def backup(path: Path) -> Path:
    """A whole copy of a database as it is now."""
    copy = path.with_name("backup.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    return copy


def until(ask: Callable[[], Answer], fits: Callable[[Answer], bool]) -> Answer:
    """The first answer that fits; all of them come soon."""
    end, pause = time.monotonic() + NOTICED_S, threading.Event()
    while not fits(answer := ask()):
        assert time.monotonic() < end, (answer.status, answer.body)
        pause.wait(0.1)
    return answer


def log_of(running: RunningUwsgi) -> str:
    """What it logged."""
    return (database(running).parent / "log" / "porteiro.log").read_text()


def overwrite(path: Path) -> None:
    """Write 400 bytes made at random over the middle of a page of a table, as a bad disk does."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'visits'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(random.Random(5).randbytes(400))


def halve(path: Path) -> None:
    """Cut the second half off, while nothing of it is in the log."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    """Cut all of it off, while nothing of it is in the log."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    os.truncate(path, 0)


def put_back(path: Path) -> None:
    """Put an earlier copy in its place, as a restore does."""
    path.with_name("backup.db").replace(path)


def remove(path: Path) -> None:
    """Remove it."""
    path.unlink()


def remove_log(path: Path) -> None:
    """Remove what SQLite keeps beside it, as who cleans up may."""
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (overwrite, "damaged"),
        (halve, "damaged"),
        (empty, "damaged"),
        (put_back, "replaced"),
        (remove, "replaced"),
        (remove_log, "replaced"),
    ],
)
def test_a_database_that_is_not_to_be_trusted_shuts_the_doors_within_seconds(
    house: House, fault: Callable[[Path], None], said: str
) -> None:
    server, running = house
    backup(database(running))
    post_photo(server, "/", NOBODY)

    fault(database(running))
    ready = until(lambda: server.ask("GET", "/health/ready"), lambda answer: answer.status == 503)

    assert said in ready.json["error"]["message"]
    pressed = [post_photo(server, "/", ANA) for _ in range(6)]  # of both workers
    assert {(answer.status, answer.error) for answer in pressed} == {(503, "unavailable")}
    assert {server.ask("GET", path).status for path in ("/people", "/visits", "/", "/unknown")} == {503}
    assert [server.ask("GET", "/health/live").status for _ in range(4)] == [200] * 4
    log = log_of(running)
    assert "Traceback" not in log
    assert 1 <= log.count("the database cannot be used") <= 4  # once for each process that met it
    assert " status=500 " not in log


def visits_in(path: Path) -> set[str]:
    """The visits that a database knows."""
    with closing(sqlite3.connect(path)) as connection:
        return {visit for (visit,) in connection.execute("SELECT id FROM visits")}


def test_no_visit_is_told_that_a_replaced_database_does_not_have(house: House, tmp_path: Path) -> None:
    server, running = house
    path, before = database(running), tmp_path / "before" / "porteiro.db"
    copy = backup(path)
    before.parent.mkdir()
    before.hardlink_to(path)
    told: list[str] = []
    stop = threading.Event()

    def press() -> None:
        while not stop.is_set():
            answer = post_photo(server, "/", NOBODY)
            if answer.status == 404:
                told.append(answer.json["visit"])

    with ThreadPoolExecutor(2) as pool:
        pressing = [pool.submit(press) for _ in range(2)]
        until(lambda: server.ask("GET", "/health/ready"), lambda _: len(told) >= 4)
        copy.replace(path)
        until(lambda: server.ask("GET", "/health/ready"), lambda answer: answer.status == 503)
        stop.set()
        for one in pressing:
            one.result()

    for ending in ("-wal", "-shm"):  # what was put away of the database that was there
        (aside,) = tmp_path.glob(f"porteiro.db{ending}.replaced-*")
        aside.rename(before.with_name(before.name + ending))
    assert set(told) <= visits_in(before)


def test_after_a_restart_a_restored_database_is_served(tmp_path: Path, pack_folder: Path) -> None:
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "1", **ports.settings}
    server = LiveServer(ports.http)
    with uwsgi(tmp_path, settings) as running:
        ana = enrolled(server, "Ana", (PHOTOS / "ana-1.jpg").read_bytes())
        copy = backup(database(running))
        enrolled(server, "Fatima", (PHOTOS / "fatima-1.jpg").read_bytes())
        copy.replace(database(running))
        until(lambda: server.ask("GET", "/health/ready"), lambda answer: answer.status == 503)
    with uwsgi(tmp_path, settings) as running:
        assert server.ask("GET", "/health/ready").status == 200
        assert [person["id"] for person in server.ask("GET", "/people").json["people"]] == [ana]
        assert post_photo(server, "/", ANA).status == 200
        with closing(sqlite3.connect(database(running))) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def timed(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    """An answer, and how many seconds it took."""
    began = time.monotonic()
    return ask(), time.monotonic() - began


def test_presses_wait_shortly_for_a_locked_database_and_leave_a_worker_to_others(house: House) -> None:
    server, running = house
    end = threading.Event()

    def press() -> list[tuple[Answer, float]]:
        answers = []
        while not end.is_set():
            answers.append(timed(lambda: post_photo(server, "/", ANA)))
        return answers

    with closing(sqlite3.connect(database(running), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(4) as pool:
            pressing = [pool.submit(press) for _ in range(4)]
            lives = [timed(lambda: server.ask("GET", "/health/live")) for _ in range(40)]
            ready = server.ask("GET", "/health/ready")
            people = server.ask("GET", "/people")
            end.set()
            presses = [answer for one in pressing for answer in one.result()]
        other.execute("ROLLBACK")

    assert {answer.status for answer, _ in presses} == {503}
    assert {answer.headers["Retry-After"] for answer, _ in presses} == {"2"}
    assert max(seconds for _, seconds in presses) < 4  # 2 of a worker, and a turn of others before
    assert {answer.status for answer, _ in lives} == {200}
    assert max(seconds for _, seconds in lives) < 1.5
    assert (ready.status, people.status) == (503, 200)
    assert "busy" in ready.json["error"]["message"]
    until(lambda: post_photo(server, "/", ANA), lambda answer: answer.status == 200)
    until(lambda: server.ask("GET", "/health/ready"), lambda answer: answer.status == 200)
    assert "Traceback" not in log_of(running)


def test_a_database_that_may_not_be_written_to_is_refused_and_taken_again_afterwards(house: House) -> None:
    server, running = house
    path = database(running)

    path.chmod(0o444)
    ready, pressed = server.ask("GET", "/health/ready"), post_photo(server, "/", ANA)
    people = server.ask("GET", "/people")
    path.chmod(0o600)

    assert (ready.status, pressed.status, people.status) == (503, 503, 200)
    assert "read-only" in ready.json["error"]["message"]
    assert post_photo(server, "/", ANA).status == 200
    assert server.ask("GET", "/health/ready").status == 200
