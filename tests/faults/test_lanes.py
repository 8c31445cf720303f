"""A press is answered while every other worker is busy, behind nginx and in the local run."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.hostile import NOBODY
from tests.servers import (
    Answer,
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    number_of,
    post_photo,
    running_house,
    uwsgi,
)

PROCESSES = 3
SLOW = 50
HEAD = b"POST /porteiro/people HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nbegun"

House = tuple[LiveServer, RunningUwsgi]


@contextmanager
def house(kind: str, data: Path, pack_folder: Path, processes: int) -> Iterator[House]:
    """A server with so many workers, behind nginx or by itself."""
    settings = {
        "PORTEIRO_PACK": str(pack_folder),
        "PORTEIRO_PROCESSES": str(processes),
        "PORTEIRO_TRIES": "0",
    }
    if kind == "nginx":
        with running_house(data, settings) as made:
            yield made
        return
    ports = LocalPorts()
    with uwsgi(data, {**settings, **ports.settings}) as running:
        yield LiveServer(ports.http), running


@pytest.fixture(scope="module", params=["nginx", "local"])
def lanes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pack_folder: Path
) -> Iterator[House]:
    with house(request.param, tmp_path_factory.mktemp("lanes"), pack_folder, PROCESSES) as made:
        yield made


@contextmanager
def stopped(running: RunningUwsgi) -> Iterator[None]:
    """No worker but the first goes on, as where each has work for ever."""
    others = running.other_workers()
    assert len(others) == PROCESSES - 1
    for worker in others:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in others:
            os.kill(worker, signal.SIGCONT)


def press(server: LiveServer) -> str:
    """What the door is told of somebody whom nobody knows."""
    return str(post_photo(server, "/", NOBODY).json["outcome"])


def test_presses_are_answered_while_all_else_waits(lanes: House) -> None:
    server, running = lanes
    quiet = press(server)
    with ThreadPoolExecutor(8) as clients:
        with stopped(running):
            pages = [clients.submit(server.ask, "GET", "/people") for _ in range(4)]
            pictures = [clients.submit(post_photo, server, "/faces", NOBODY, None, "image") for _ in range(4)]

            assert [press(server) for _ in range(5)] == [quiet] * 5
            assert {server.ask("GET", f"/health/{what}").status for what in ("live", "ready")} == {200}
            assert server.ask("PUT", "/devices/7/heartbeat", b"{}").status == 401
            assert not any(one.done() for one in (*pages, *pictures))
        assert statuses(pages) == [200] * 4
        assert statuses(pictures) == [200] * 4


def test_what_is_too_much_at_once_of_one_client_is_told_so(lanes: House) -> None:
    server, running = lanes
    with ThreadPoolExecutor(9) as clients:
        with stopped(running):
            asked = [clients.submit(post_photo, server, "/faces", NOBODY, None, "image") for _ in range(9)]
            refused = next(as_completed(asked)).result()

            assert (refused.status, refused.error, refused.headers["Retry-After"]) == (429, "too_many", "2")
        assert sorted(statuses(asked)) == [200] * 8 + [429]


def test_where_the_first_worker_is_killed_others_take_its_presses_and_it_comes_back(lanes: House) -> None:
    server, running = lanes
    quiet = press(server)
    (first,) = (worker for worker in running.workers() if number_of(worker) == 1)

    os.kill(first, signal.SIGKILL)
    assert press(server) == quiet
    running.output.wait_for(lambda line: line.startswith("WSGI app 0 "))
    with stopped(running):
        assert press(server) == quiet


def test_presses_are_answered_while_workers_are_renewed(lanes: House) -> None:
    server, running = lanes
    quiet = press(server)
    before = set(running.workers())

    (Path(running.environ["PORTEIRO_DATA"]) / "run" / "reload").touch()
    for _ in range(PROCESSES):
        assert press(server) == quiet
        running.output.wait_for(lambda line: line.startswith("WSGI app 0 "))
    assert not before & set(running.workers())
    with stopped(running):
        assert press(server) == quiet


@pytest.mark.parametrize("kind", ["nginx", "local"])
def test_a_single_worker_takes_from_both_and_slow_clients_keep_it_from_nobody(
    kind: str, tmp_path: Path, pack_folder: Path
) -> None:
    with house(kind, tmp_path, pack_folder, 1) as (server, _), ExitStack() as slow:
        for _ in range(SLOW - 2):  # nginx takes 50 connections of one client
            client = slow.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
            client.sendall(HEAD)

        assert server.ask("GET", "/people").status == 200
        assert post_photo(server, "/", NOBODY).status == 404


def statuses(asked: list[Future[Answer]]) -> list[int]:
    return [one.result().status for one in asked]
