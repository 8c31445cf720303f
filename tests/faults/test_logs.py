"""Logs: bounded, for their owner alone, without a secret; no harm to a door where they cannot be written."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.disks import fill, small_disk
from tests.hostile import NOBODY
from tests.packets import variables
from tests.servers import (
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    nginx,
    post_json,
    post_photo,
    running_house,
    uwsgi,
)
from wsgi_app.base.log_files import MOST_BYTES

pytestmark = pytest.mark.live

House = tuple[LiveServer, RunningUwsgi]
SECRET = "5ec4e7" * 4
LINK = f"/welcome?token={SECRET}"
SENT = {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}", "Referer": f"http://a{LINK}"}
SIGNED = f'Porteiro device="garden", at="2026-11-29T00:00:00Z", signature="{SECRET}"'
NOTICED_S = 30.0
PAGE = 4096


@contextmanager
def house(kind: str, data: Path, pack_folder: Path, **settings: str) -> Iterator[House]:
    """A server by itself, or behind nginx with ``edited`` settings."""
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_TRIES": "0", **settings}
    if kind == "nginx":
        with running_house(data, settings, edit=edited) as made:
            yield made
        return
    ports = LocalPorts()
    with uwsgi(data, {**settings, **ports.settings}) as running:
        yield LiveServer(ports.http), running


def edited(text: str) -> str:
    """nginx's log beside the server's own, and no limit of requests."""
    return text.replace("access_log access.log", "access_log log/access.log").replace(
        "rate=50r/s", "rate=9999r/s"
    )


def until(holds: Callable[[], bool]) -> None:
    end, pause = time.monotonic() + NOTICED_S, threading.Event()
    while not holds():
        assert time.monotonic() < end
        pause.wait(0.1)


def until_written(log: Path, act: Callable[[], bool]) -> None:
    """Do something that is logged, until it is."""
    size = log.stat().st_size
    until(lambda: act() and log.stat().st_size > size)


def modes(log: Path) -> dict[str, str]:
    """Those of a log, and of the older one."""
    return {path.name: f"{path.stat().st_mode & 0o777:o}" for path in log.parent.glob(f"{log.name}*")}


def sizes(logs: list[Path]) -> list[int]:
    """How many bytes each has."""
    return [log.stat().st_size for log in logs]


def grow(log: Path) -> None:
    """Make it as large as a log gets, without room for that on the disk."""
    with log.open("r+b") as file:
        file.truncate(MOST_BYTES + 1)


def press(server: LiveServer) -> int:
    return post_photo(server, "/", NOBODY).status


def test_the_log_of_nginx_begins_anew_and_is_its_owners_alone(tmp_path: Path, pack_folder: Path) -> None:
    log, settings = tmp_path / "access.log", {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_TRIES": "0"}
    with running_house(tmp_path, settings) as (server, _):
        for _ in range(2):  # one older is kept
            assert press(server) == 404
            grow(log)
            until(lambda: press(server) == 404 and log.stat().st_size < MOST_BYTES)
            assert modes(log) == {"access.log": "600", "access.log.1": "600"}
            assert log.with_name("access.log.1").stat().st_size > MOST_BYTES
        until_written(log, lambda: press(server) == 404)


def test_the_servers_own_log_begins_anew_and_is_its_owners_alone(tmp_path: Path, pack_folder: Path) -> None:
    log = tmp_path / "log" / "porteiro.log"
    for _ in range(2):
        with house("local", tmp_path, pack_folder) as (server, _):
            grow(log)
            until(lambda: press(server) == 404 and log.stat().st_size < MOST_BYTES)
            assert modes(log) == {"porteiro.log": "600", "porteiro.log.1": "600"}
            until_written(log, lambda: press(server) == 404)


def test_the_servers_own_log_begins_anew_where_the_disk_takes_no_other_file(
    tmp_path: Path, pack_folder: Path
) -> None:
    with (
        small_disk(tmp_path / "log", 16, files=2) as disk,
        house("local", tmp_path, pack_folder) as (server, running),
    ):
        with pytest.raises(OSError, match="No space left"):
            (disk / "another").touch()
        log = disk / "porteiro.log"
        grow(log)
        until(lambda: press(server) == 404 and log.stat().st_size < MOST_BYTES)

        assert press(server) == 404
        assert running.process.poll() is None


def test_what_was_there_before_becomes_its_owners_alone(tmp_path: Path, pack_folder: Path) -> None:
    (tmp_path / "log").mkdir()
    logs = [tmp_path / name for name in ("access.log", "log/porteiro.log", "log/porteiro.log.1")]
    for log in logs:
        log.write_text("before\n")
        log.chmod(0o644)

    with running_house(tmp_path, {"PORTEIRO_PACK": str(pack_folder)}):
        pass

    assert {log.stat().st_mode & 0o777 for log in logs} == {0o600}
    assert {log.read_text()[:7] for log in logs} == {"before\n"}


@pytest.mark.parametrize("kind", ["nginx", "local"])
def test_presses_are_answered_while_logs_have_no_room_and_logs_go_on_then(
    kind: str, tmp_path: Path, pack_folder: Path
) -> None:
    with small_disk(tmp_path / "log", 1) as disk, house(kind, tmp_path, pack_folder) as (server, running):
        logs = [disk / "porteiro.log"] + ([disk / "access.log"] if kind == "nginx" else [])
        assert press(server) == 404
        filling = fill(disk)
        before = sizes(logs)

        assert [press(server) for _ in range(40)] == [404] * 40
        assert all(now - then < PAGE for now, then in zip(sizes(logs), before, strict=True))
        assert server.ask("GET", "/health/ready").status == 200

        filling.unlink()
        full = sizes(logs)
        until(lambda: press(server) == 404 and all(map(int.__gt__, sizes(logs), full)))
        assert "Traceback" not in "".join(running.output.lines)


@pytest.mark.parametrize("kind", ["nginx", "local"])
def test_no_answer_fails_for_a_line_that_nobody_reads(kind: str, tmp_path: Path, pack_folder: Path) -> None:
    with house(kind, tmp_path, pack_folder) as (server, running):
        os.kill(running.process.pid, signal.SIGSTOP)  # as where the terminal is stopped, or the disk hangs
        try:
            answers = {server.ask("GET", "/health/live").status for _ in range(1000)}
            pressed = [press(server) for _ in range(3)]
        finally:
            os.kill(running.process.pid, signal.SIGCONT)

        assert (answers, pressed) == ({200}, [404] * 3)
        log, request_id = tmp_path / "log" / "porteiro.log", ""
        request_id = server.ask("GET", "/health/ready").headers["X-Request-Id"]
        until(lambda: request_id in log.read_text())


def ask_for_all(server: LiveServer) -> None:
    """Send what no log may tell, in each place where it may stand."""
    for path in (
        LINK,
        f"/{LINK}",
        LINK.replace("welcome", "w%65lcome"),
        f"/people?token={SECRET}",
        "/static/none.css",
    ):
        server.ask("GET", path, headers=SENT)
        server.ask("POST", path, b"0" * 14_000_000, headers=SENT)
    post_json(server, "/sign-in", {"name": "Owner", "password": SECRET})
    post_json(server, "/welcome", {"name": "Owner", "password": SECRET, "token": SECRET})
    post_photo(server, "/", NOBODY, {"Authorization": SIGNED, "Idempotency-Key": SECRET})
    server.ask("GET", LINK, headers={**SENT, "Expect": "x" * 9000})


def all_logs(data: Path, running: RunningUwsgi) -> str:
    """Everything that was logged anywhere."""
    files = [*data.glob("*.log"), *(data / "log").iterdir()]  # with what nginx says to its terminal
    assert files
    return "".join([*running.output.lines, *(file.read_text() for file in files)])


@pytest.mark.parametrize("kind", ["nginx", "local"])
def test_no_log_has_a_secret_also_while_nobody_answers(kind: str, tmp_path: Path, pack_folder: Path) -> None:
    with house(kind, tmp_path, pack_folder, PORTEIRO_LOG_LEVEL="debug") as (server, running):
        ask_for_all(server)
        for place in [*tmp_path.glob("others.sock"), *tmp_path.glob("run/others.sock")]:
            place.rename(place.with_name("away"))
        ask_for_all(server)
        assert server.ask("GET", LINK).status == 503
        with ThreadPoolExecutor(60) as clients:  # more than a client may have at once
            list(clients.map(lambda _: server.ask("GET", LINK).status, range(400)))

        assert SECRET not in all_logs(tmp_path, running)


@contextmanager
def workers(
    folder: Path, answer: bytes | None, name: str = "porteiro.sock", came: list[bytes] | None = None
) -> Iterator[None]:
    """Whoever listens in the place of the workers: says something and hangs up, or nothing for long."""
    with closing(socket.socket(socket.AF_UNIX)) as listener, ExitStack() as held:
        listener.bind(str(folder / name))
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client = held.enter_context(closing(listener.accept()[0]))
                    if answer is not None:
                        head = client.recv(65536)
                        if came is not None:
                            came.append(head)
                        client.sendall(answer)
                        client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("answer", "became"),
    [("away", "502"), (b"", "502"), (b"HTTP/1.1 2", "502"), (None, "504")],
    ids=["away", "hangs up", "no answer", "silent"],
)
def test_nginx_says_of_whom_it_did_not_answer_which_address_and_door(
    answer: bytes | str | None, became: str, tmp_path: Path
) -> None:
    def impatient(text: str) -> str:
        return text.replace("uwsgi_read_timeout 35s;", "uwsgi_read_timeout 1s;")

    with ExitStack() as opened:
        if not isinstance(answer, str):
            opened.enter_context(workers(tmp_path, answer))
        server = LiveServer(opened.enter_context(nginx(tmp_path, impatient)), headers={})
        asked = {
            ("POST", "/"): SIGNED,
            ("PUT", "/devices/garden/heartbeat"): SIGNED,
            ("PUT", "/devices/hall/heartbeat"): f"Bearer hall.{SECRET:x<43}",
            ("GET", "/health/ready"): f"Bearer {SECRET}",
        }
        for (method, path), authorization in asked.items():
            assert server.ask(method, path, b"{}", {"Authorization": authorization}).status == 503

        log = tmp_path / "access.log"
        until(lambda: log.read_text().count('"status":503') == len(asked))

    text = log.read_text()
    lines = [line for line in map(json.loads, text.splitlines()) if line["status"] == 503]
    told = [[line[key] for key in ("method", "uri", "door", "status", "upstream_status")] for line in lines]
    assert sorted(told) == sorted(
        [
            ["POST", "/porteiro/", "garden", 503, became],
            ["PUT", "/porteiro/devices/garden/heartbeat", "garden", 503, became],
            ["PUT", "/porteiro/devices/hall/heartbeat", "hall", 503, became],
            ["GET", "/porteiro/health/ready", "", 503, became],
        ]
    )
    assert SECRET not in text + (tmp_path / "nginx-stderr.log").read_text()


@pytest.mark.parametrize("path", [LINK, LINK.replace("welcome", "w%65lcome")])
def test_what_uwsgi_logs_of_a_request_that_hangs_has_no_link(path: str, tmp_path: Path) -> None:
    came: list[bytes] = []
    with workers(tmp_path, b"", "others.sock", came), nginx(tmp_path) as port:
        LiveServer(port, headers={}).ask("GET", path)

    told = dict(variables(came[0]))
    assert told["QUERY_STRING"] == f"token={SECRET}"
    assert told["REQUEST_URI"] == "/porteiro" + path.partition("?")[0]  # the address that it logs
