"""The bare interface: as an address of the lab, and alone under the standard library's own server."""

import threading
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from wsgiref.simple_server import make_server
from wsgiref.validate import validator

import pytest
from webob import Request

from tests.servers import Answer, LiveServer, Server
from wsgi_app.lab.__main__ import QuietHandler
from wsgi_app.lab.endpoints.raw import application


@pytest.fixture
def alone() -> Iterator[LiveServer]:
    """The application without the lab; its server leaves the socket open behind the body."""
    with make_server("127.0.0.1", 0, validator(application), handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield LiveServer(server.server_port, prefix="", headers={})
        server.shutdown()
        thread.join()


def error(code: str, message: str) -> dict[str, dict[str, str]]:
    return {"error": {"code": code, "message": message}}


def greeting(name: str) -> dict[str, str]:
    return {"greeting": f"Hello, {name}!"}


NO_JSON = error("bad_json", "The body is not valid JSON.")
NO_NAME = error("name_needed", 'Send {"name": "..."} with a text of 1 to 100 characters.')
NO_METHOD = error("method_not_allowed", "Only GET, HEAD and POST are allowed.")

CASES = [
    ("GET", None, 200, greeting("world")),
    ("GET", b"{}", 200, greeting("world")),
    ("POST", b'{"name": "Ana"}', 200, greeting("Ana")),
    ("POST", '{"name": "Jo\u00e3o", "more": [1]}'.encode(), 200, greeting("João")),
    ("POST", b'{"name": "\\ud800<b>"}', 200, greeting("\ud800<b>")),
    ("POST", b'{"name": "%s"}' % (b"x" * 100), 200, greeting("x" * 100)),
    ("POST", b'{"name": "%s"}' % (b"x" * 101), 400, NO_NAME),
    ("POST", b'{"name": ""}', 400, NO_NAME),
    ("POST", b'{"name": 5}', 400, NO_NAME),
    ("POST", b'{"nome": "Ana"}', 400, NO_NAME),
    ("POST", b'["name"]', 400, NO_NAME),
    ("POST", b"null", 400, NO_NAME),
    ("POST", b"", 400, NO_JSON),
    ("POST", b'{"name": ', 400, NO_JSON),
    ("POST", b'{"name": "\xff"}', 400, NO_JSON),
    ("POST", b"[" * 4096, 400, NO_JSON),
    ("POST", b"7" * 4096, 400, NO_NAME),
    ("POST", b" " * 4097, 413, error("too_large", 'Send {"name": "..."}, of at most 4096 bytes.')),
    ("POST", None, 411, error("length_required", "Send the body with a Content-Length.")),
    ("PUT", b'{"name": "Ana"}', 405, NO_METHOD),
    ("DELETE", None, 405, NO_METHOD),
    ("OPTIONS", None, 405, NO_METHOD),
]


def check(answer: Answer, status: int, value: Any) -> None:
    assert (answer.status, answer.json) == (status, value)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["X-Lab"] == "raw"
    assert answer.headers.get("Allow") == ("GET, HEAD, POST" if status == 405 else None)


@pytest.mark.parametrize(("method", "body", "status", "value"), CASES)
def test_it_answers_in_the_lab(
    any_lab: Server, method: str, body: bytes | None, status: int, value: Any
) -> None:
    check(any_lab.ask(method, "/raw", body), status, value)


@pytest.mark.parametrize(("method", "body", "status", "value"), CASES)
def test_it_answers_alone(
    alone: LiveServer, method: str, body: bytes | None, status: int, value: Any
) -> None:
    check(alone.ask(method, "/", body), status, value)


def test_head_has_the_headers_of_get_and_no_body(any_lab: Server, alone: LiveServer) -> None:
    get = any_lab.ask("GET", "/raw")
    for answer in (any_lab.ask("HEAD", "/raw"), alone.ask("HEAD", "/")):
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["Content-Length"] == str(len(get.body))


@pytest.mark.parametrize("length", ["x", "-1", "+5", "1_0", "²", "9" * 19, "9" * 5000])
def test_alone_it_reads_nothing_where_the_length_is_no_number(length: str) -> None:
    request = Request.blank("/", method="POST")
    body = BytesIO(b'{"name": "Ana"}')
    request.environ |= {"CONTENT_LENGTH": length, "wsgi.input": body}

    response = request.get_response(application)

    assert (response.status, response.json["error"]["code"]) == ("400 Bad Request", "bad_length")
    assert body.tell() == 0


def test_alone_it_takes_no_half_body_for_the_whole() -> None:
    request = Request.blank("/", method="POST")
    request.environ |= {"CONTENT_LENGTH": "100", "wsgi.input": BytesIO(b'{"name": "Ana"}')}

    response = request.get_response(application)

    assert (response.status, response.json["error"]["code"]) == ("400 Bad Request", "body_incomplete")
