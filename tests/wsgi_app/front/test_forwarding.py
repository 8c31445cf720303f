"""Requests as uWSGI's workers get them, and their answers; a thread with a socket stands for the workers."""

import io
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from webob import Request, Response

from tests.packets import variables
from wsgi_app.base.logs import set_up_logs
from wsgi_app.front import lanes
from wsgi_app.front.forwarding import Workers, packet

OK = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
    b"Connection: close\r\n\r\nhi"
)


@contextmanager
def workers(folder: Path, answer: bytes) -> Iterator[tuple[Path, list[bytes]]]:
    """A socket at which every request gets the same answer, and what came there."""
    came: list[bytes] = []
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(folder / "workers.sock"))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                head = connection.recv(65536)
                size = struct.unpack("<BHB", head[:4])[1]
                length = int(dict(variables(head)).get("CONTENT_LENGTH", "0"))
                while len(head) < 4 + size + length:
                    head += connection.recv(65536)
                came.append(head)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield folder / "workers.sock", came
        thread.join()


def asked(address: Path, request: Request, silence_s: float = 5.0) -> Response:
    return request.get_response(Workers(address, address, silence_s))


def test_a_request_is_variables_and_its_body(tmp_path: Path) -> None:
    request = Request.blank("/a?b=c", method="POST", body=b"x" * 100_000, headers={"X-Own": "caf\xe9"})
    request.environ |= {"REMOTE_ADDR": "192.0.2.7", "REQUEST_URI": "/a?b=c", "wsgi.own": 1, "OTHER": "no"}
    with workers(tmp_path, OK) as (address, came):
        answer = asked(address, request)

    assert (answer.status, answer.body) == ("200 OK", b"hi")
    assert answer.headerlist == [("Content-Length", "2"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    assert dict(variables(came[0])) == {
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": "/a?b=c",
        "PATH_INFO": "/a",
        "QUERY_STRING": "b=c",
        "CONTENT_LENGTH": "100000",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REQUEST_SCHEME": "http",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_HOST": "localhost:80",
        "HTTP_X_OWN": "caf\xe9",
    }
    assert came[0].endswith(b"x" * 100_000)


def test_what_uwsgi_logs_of_a_request_that_hangs_has_no_link(tmp_path: Path) -> None:
    request = Request.blank("/porteiro/welcome?token=secret")
    request.environ["REQUEST_URI"] = "/porteiro/w%65lcome?token=secret"
    with workers(tmp_path, OK) as (address, came):
        assert asked(address, request).body == b"hi"

    told = dict(variables(came[0]))
    assert (told["REQUEST_URI"], told["QUERY_STRING"]) == ("/porteiro/w%65lcome", "token=secret")


@pytest.mark.parametrize(
    ("authorization", "door"),
    [
        ('Porteiro device="garden", at="2026-11-29T00:00:00Z", signature="5ec4e7"', "garden"),
        (f"Bearer garden.{'5ec4e7':x<43}", "garden"),
        ("Bearer 5ec4e7", ""),
        ("Basic 5ec4e7", ""),
    ],
)
def test_who_is_not_answered_is_told_with_address_and_door(
    authorization: str, door: str, tmp_path: Path
) -> None:
    log = io.StringIO()
    set_up_logs("info", log)
    headers = {"Authorization": authorization}
    request = Request.blank("/porteiro/?token=5ec4e7", method="POST", headers=headers)
    request.environ["REMOTE_ADDR"] = "192.0.2.7"

    asked(tmp_path / "workers.sock", request)

    line = log.getvalue()
    assert 'event="the workers do not answer" method=POST path=/porteiro/ ' in line
    assert f"client=192.0.2.7 door={door}\n" in line
    assert "5ec4e7" not in line


def test_an_answer_to_head_has_no_body_but_its_length(tmp_path: Path) -> None:
    with workers(tmp_path, OK[:-2]) as (address, _):
        answer = asked(address, Request.blank("/", method="HEAD"))

    assert (answer.headers["Content-Length"], answer.body) == ("2", b"")


@pytest.mark.parametrize("said", [b"", b"\0\0\0\0", b"HTTP/1.1 2"], ids=["nothing", "no HTTP", "half a line"])
def test_workers_that_end_without_an_answer_are_503(tmp_path: Path, said: bytes) -> None:
    with workers(tmp_path, said) as (address, came):
        answer = asked(address, Request.blank("/"))

    assert (answer.status_code, answer.json["error"]["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert len(came) == 1


def test_workers_that_are_not_there_or_say_nothing_are_503(tmp_path: Path) -> None:
    away = asked(tmp_path / "workers.sock", Request.blank("/"))
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "workers.sock"))
        listener.listen()
        silent = asked(tmp_path / "workers.sock", Request.blank("/"), silence_s=0.1)

    assert [answer.status_code for answer in (away, silent)] == [503, 503]


def test_a_packet_is_as_large_as_the_protocol_allows() -> None:
    assert len(packet({"A": "x" * 65_000})) == 4 + 2 + 1 + 2 + 65_000
    with pytest.raises(struct.error):
        packet({"A": "x" * 65_531})


@pytest.mark.parametrize(("method", "path", "lane"), [("POST", "/", "presses"), ("GET", "/people", "others")])
def test_presses_and_all_else_go_to_sockets_of_their_own(
    tmp_path: Path, method: str, path: str, lane: str
) -> None:
    with workers(tmp_path, OK) as (address, _):
        away = tmp_path / "away.sock"
        asked_of = Workers(address, away) if lane == "presses" else Workers(away, address)
        answer = Request.blank(path, method=method).get_response(asked_of)

        assert (answer.status_code, answer.body) == (200, b"hi")


def test_more_pictures_than_one_client_may_ask_about_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "PICTURES_OF_ONE", 0)
    request = Request.blank("/faces", method="POST")
    request.environ["REMOTE_ADDR"] = "192.0.2.7"

    answer = asked(tmp_path / "workers.sock", request)

    assert (answer.status_code, answer.json["error"]["code"]) == (429, "too_many")
    assert answer.headers["Retry-After"] == "2"
