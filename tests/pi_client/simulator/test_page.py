import json
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pi_client import lamps
from pi_client.errors import DoorConfigError
from pi_client.machine import State
from pi_client.simulator import page
from pi_client.simulator.page import MOST_READERS, Page
from tests.pi_client.simulator.staging import PATIENCE_S, PHOTOS, Play, photo_folder, play

OWN = "http://127.0.0.1"


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Play]:
    with play(photo_folder(tmp_path / "photos", "ana-1.jpg", "bruno-1.jpg")) as staged:
        yield staged


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.005)):
        if holds():
            return
        pause.wait(0.005)
    raise AssertionError("it never came")


@pytest.mark.parametrize(
    ("path", "begin"),
    [
        ("/", b"<!doctype html>"),
        ("/?again", b"<!doctype html>"),
        ("/style.css", b":root"),
        ("/script.js", b'"use strict"'),
        ("/icon.svg", b"<svg"),
        ("/camera.jpg?7", b"\xff\xd8\xff"),
        ("/photos/1", (PHOTOS / "bruno-1.jpg").read_bytes()),
    ],
)
def test_what_the_page_needs_is_there(staged: Play, path: str, begin: bytes) -> None:
    status, body = staged.ask("GET", path)

    assert (status, body[: len(begin)]) == (200, begin)


def test_the_page_needs_nothing_else(staged: Play) -> None:
    page = staged.ask("GET", "/")[1].decode()

    assert sorted(set(re.findall(r'(?:src|href)="([^"]*)"', page))) == ["icon.svg", "script.js", "style.css"]
    assert "style=" not in page
    assert not re.search(r"<script[^>]*>[^<]|\son\w+=", page)


def test_a_browser_is_told_to_load_and_frame_nothing(staged: Play) -> None:
    with socket.create_connection(("127.0.0.1", staged.page.port), PATIENCE_S) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = connection.makefile("rb").read().partition(b"\r\n\r\n")[0].decode()

    assert "default-src 'none'; script-src 'self';" in head
    assert "frame-ancestors 'none'" in head
    assert "nosniff" in head
    assert "Python" not in head


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/../page.py", "/page/", "/index.html", "/photos/", "/photos/2", "/photos/-1",
        "/photos/00", "/photos/%31", "/photos/²", "/photos/" + "9" * 5000, "/photos/../page.py", "/button",
    ],
)  # fmt: skip
def test_there_is_nothing_else(staged: Play, path: str) -> None:
    request = f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()

    assert raw(staged, request).splitlines()[0] == b"HTTP/1.0 404 Not Found"


def raw(staged: Play, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", staged.page.port), PATIENCE_S) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def test_the_button_is_held_until_it_is_let_go(staged: Play) -> None:
    down = staged.post("/button", {"down": True}), staged.device.button_is_down()
    up = staged.post("/button", {"down": False}), staged.device.button_is_down()

    assert (down, up) == ((204, True), (204, False))


def test_who_is_before_the_camera_can_be_chosen(staged: Play) -> None:
    assert staged.post("/camera", {"choose": "bruno-1.jpg"}) == 204

    assert json.loads(staged.ask("GET", "/choices")[1]) == {
        "choices": ["ana-1.jpg", "bruno-1.jpg"], "chosen": "bruno-1.jpg", "live": False,
    }  # fmt: skip
    assert staged.ask("GET", "/camera.jpg")[1] == (PHOTOS / "bruno-1.jpg").read_bytes()


def test_nobody_else_can_be_chosen(staged: Play) -> None:
    assert staged.post("/camera", {"choose": "../secret.jpg"}) == 404
    assert staged.stage.chosen == "ana-1.jpg"


def test_a_photo_that_is_gone_is_told(staged: Play, tmp_path: Path) -> None:
    (tmp_path / "photos" / "ana-1.jpg").unlink()

    status, text = staged.ask("GET", "/camera.jpg")

    assert (status, text[:23]) == (503, b"The photo ana-1.jpg can")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"Origin": "own", "Sec-Fetch-Site": "same-origin"}, 204),
        ({"Host": "localhost:1234", "Origin": "http://localhost:1234"}, 204),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "localhost:80\u00b2".encode().decode("latin-1")}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_no_other_site_s_page_presses(staged: Play, headers: dict[str, str], status: int) -> None:
    if headers.get("Origin") == "own":
        headers = {**headers, "Origin": f"{OWN}:{staged.page.port}"}

    assert staged.post("/button", {"down": True}, **headers) == status
    assert staged.device.button_is_down() is (status == 204)


@pytest.mark.parametrize("path", ["/camera.jpg", "/events", "/choices", "/photos/0", "/script.js"])
def test_no_other_site_s_page_looks(staged: Play, path: str) -> None:
    assert staged.ask("GET", path, headers={"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert staged.ask("GET", path, headers={"Host": "evil.example"})[0] == 403


def test_a_person_may_come_by_a_link(staged: Play) -> None:
    assert staged.ask("GET", "/", headers={"Sec-Fetch-Site": "cross-site"})[0] == 200
    assert staged.ask("GET", "/", headers={"Host": "evil.example"})[0] == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b"null", 400),
        (b'{"down": 1}', 400),
        (b'{"down": "true"}', 400),
        (b'{"up": true}', 400),
        (b'{"down": true, "more": 1}', 400),
        (b"[" * 1000, 400),
        (b'{"down": true}' + b" " * 1000, 413),
        (b" " * 60_000, 413),
    ],
)
def test_what_is_no_press_is_refused(staged: Play, body: bytes, status: int) -> None:
    sent = {"Content-Type": "application/json", "Content-Length": str(len(body))}

    assert staged.ask("POST", "/button", body, sent)[0] == status
    assert not staged.device.button_is_down()


HEAD = b"POST /button HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + b"\r\n", b"411"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: +14\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: 14\r\nContent-Length: 14\r\n\r\n", b"411"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (HEAD + b'Content-Length: 14\r\n\r\n{"down"', b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", b"403"),
        (b"GET / HTTP/9\r\n\r\n", b"400"),
        (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"501"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
    ],
)
def test_what_is_no_proper_request_gets_a_short_answer(
    staged: Play, request_bytes: bytes, status: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = raw(staged, request_bytes)

    assert answer[9:12] == status
    assert len(answer) < 1500
    assert staged.ask("GET", "/choices")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_a_reader_sees_everything_and_then_each_change(staged: Play) -> None:
    staged.lines.handle(logging.makeLogRecord({"levelno": 20, "levelname": "INFO", "msg": "hello"}))
    with staged.reader() as reader:
        first = reader.next()
        staged.door.state, staged.door.pattern = State.GRANTED, lamps.GRANTED
        while (later := reader.next()) and later["state"] != "granted":
            pass
        staged.device.light(lamps.GREEN)
        lit = reader.next()

    assert first is not None
    assert (first["anew"], first["state"], first["words"]) == (True, "ready", "Ready. Press the button.")
    assert [line["text"] for line in first["lines"]] == ["hello"]
    assert later is not None
    assert (later["anew"], later["words"], later["lines"]) == (False, "Come in.", [])
    assert lit is not None
    assert lit["lamps"] == ["green"]


def test_the_events_end_with_the_simulator(staged: Play) -> None:
    with staged.reader() as reader:
        reader.next()
        staged.door.state = State.STOPPED
        staged.watch.stop()

        last = reader.next()

        assert last is not None
        assert (last["state"], reader.next()) == ("stopped", None)


@pytest.fixture
def quickly_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that has gone is seen sooner than by its own rhythm."""
    monkeypatch.setattr(page, "KEEP_ALIVE_S", 0.02)


@pytest.mark.usefixtures("quickly_seen")
def test_a_page_too_many_is_told_until_another_is_closed(staged: Play) -> None:
    with ExitStack() as others:
        for _ in range(MOST_READERS):
            others.enter_context(staged.reader()).next()
        status, text = staged.ask("GET", "/events")

    assert (status, text) == (503, b"8 pages are open already: close one.\n")
    staged.lines.handle(logging.makeLogRecord({"msg": "wakes the readers, who see that nobody reads"}))
    wait_until(lambda: can_read(staged))


def can_read(staged: Play) -> bool:
    with staged.reader() as reader:
        return reader.answer.status == 200


@pytest.mark.usefixtures("quickly_seen")
def test_a_page_that_goes_away_lets_go_of_the_button(staged: Play) -> None:
    with staged.reader() as reader:
        reader.next()
        staged.post("/button", {"down": True})
        assert staged.device.button_is_down()

    wait_until(lambda: not staged.device.button_is_down())


def test_a_port_that_is_taken_is_told(staged: Play) -> None:
    with pytest.raises(DoorConfigError, match=f"Port {staged.page.port} cannot be used: .*--port"):
        Page(staged.device, staged.stage, staged.watch, staged.page.port)


def test_a_port_that_cannot_be_is_told(staged: Play) -> None:
    with pytest.raises(DoorConfigError, match=r"Port 70000 cannot be used: .*--port"):
        Page(staged.device, staged.stage, staged.watch, 70_000)
