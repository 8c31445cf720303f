"""The application's boundary: what every answer has, whatever happened behind it."""

import json
from dataclasses import replace

import pytest
from webob import Response

from tests.forms import post_form
from tests.servers import InProcessServer, served
from wsgi_app.app import Application
from wsgi_app.errors import Unavailable
from wsgi_app.roles import Role
from wsgi_app.routing import Route, Router
from wsgi_app.services import Call, Services


def breaks(call: Call) -> Response:
    raise RuntimeError("a secret detail")


def is_busy(call: Call) -> Response:
    raise Unavailable("Come back later.", retry_after_s=7)


def reads_nothing(call: Call) -> Response:
    return Response("done")


@pytest.fixture
def odd_server(services: Services) -> InProcessServer:
    routes = (
        Route("GET", "/breaks", breaks, Role.ANYONE),
        Route("GET", "/busy", is_busy, Role.ANYONE),
        Route("POST", "/ignores", reads_nothing, Role.ANYONE),
    )
    return InProcessServer(Application(services, Router(routes)))


def test_an_unforeseen_error_is_500_and_tells_nothing(odd_server: InProcessServer) -> None:
    answer = odd_server.ask("GET", "/breaks")

    assert (answer.status, answer.error) == (500, "internal")
    assert b"secret" not in answer.body


def test_the_server_that_cannot_answer_now_says_when_to_ask_again(odd_server: InProcessServer) -> None:
    answer = odd_server.ask("GET", "/busy")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert answer.json == {"error": {"code": "unavailable", "message": "Come back later."}}


def test_a_body_that_nobody_read_is_drained(services: Services) -> None:
    class CountingInput:
        def __init__(self) -> None:
            self.read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            return bytes(size)

    stream = CountingInput()
    application = Application(services, Router((Route("POST", "/ignores", reads_nothing, Role.ANYONE),)))
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/porteiro",
        "PATH_INFO": "/ignores",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": stream,
        "CONTENT_LENGTH": "300000",
    }

    list(application(environ, lambda status, headers, exc_info=None: lambda data: None))

    assert stream.read_bytes == 300_000


def test_every_answer_has_the_safe_headers(server: InProcessServer) -> None:
    for path in ("/", "/health/live", "/nowhere"):
        headers = server.ask("GET", path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"


def test_a_browser_gets_its_errors_as_a_page(server: InProcessServer) -> None:
    answer = server.ask("GET", "/nowhere", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"There is nothing at this address." in answer.body
    assert answer.headers["X-Request-Id"].encode() in answer.body


def test_a_program_gets_its_errors_as_json(server: InProcessServer) -> None:
    for accept in ("*/*", "application/json", "text/html;q=0.5, application/json", ""):
        assert json.loads(server.ask("GET", "/nowhere", headers={"Accept": accept}).body)


def test_head_has_the_headers_of_get_and_no_body(server: InProcessServer) -> None:
    head, get = server.ask("HEAD", "/people"), server.ask("GET", "/people")

    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(get.body)))


@pytest.mark.parametrize("path", ["/people/nobody", "/nowhere"])
def test_an_error_page_shows_who_has_signed_in_the_way_on(server: InProcessServer, path: str) -> None:
    assert b"<nav" in server.ask("GET", path, headers={"Accept": "text/html"}).body


def test_an_error_page_shows_nobody_else_a_way(closed_server: InProcessServer) -> None:
    assert b"<nav" not in closed_server.ask("GET", "/nowhere", headers={"Accept": "text/html"}).body


@pytest.mark.parametrize(
    ("before", "way"),
    [
        ("http://localhost/porteiro/people?q=A", 'href="/porteiro/people?q=A">Back to the form</a>'),
        ("http://elsewhere.example/porteiro/people", 'href="/porteiro/">Back to the house</a>'),
        ("http://localhost/elsewhere", 'href="/porteiro/">Back to the house</a>'),
        ("http://[", 'href="/porteiro/">Back to the house</a>'),
        ("", 'href="/porteiro/">Back to the house</a>'),
    ],
)
def test_the_page_of_a_form_that_cannot_be_used_leads_back_to_it(
    server: InProcessServer, before: str, way: str
) -> None:
    answer = post_form(server, "/people", {"name": ""}, Referer=before)

    assert answer.status == 422
    assert way in answer.body.decode()


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-Modified-Since", "Thu, 01 Jan 99999 00:00:00 GMT"),
        ("If-Range", "Thu, 01 Jan 99999 00:00:00 GMT"),
        ("Range", f"bytes=0-{'9' * 5000}"),
        ("Range", f"bytes={'9' * 5000}-"),
        ("If-None-Match", '"' * 200),
    ],
)
def test_a_condition_that_cannot_be_read_is_as_if_it_were_not_there(
    server: InProcessServer, header: str, value: str
) -> None:
    plain = server.ask("GET", "/openapi.json")

    answer = server.ask("GET", "/openapi.json", headers={header: value})

    assert (answer.status, answer.body) == (200, plain.body)


def test_the_wrong_mount_is_404(server: InProcessServer) -> None:
    assert replace(server, prefix="").ask("GET", "/people").status == 404
    assert replace(server, prefix="/other").ask("GET", "/people").status == 404


def test_the_request_id_of_the_front_server_is_kept(services: Services) -> None:
    server = served(services)
    given = "0123456789abcdef0123456789abcdef"

    kept = replace(server, environ={"REQUEST_ID": given}).ask("GET", "/health/live")
    replaced = [
        replace(server, environ={"REQUEST_ID": text}).ask("GET", "/health/live").headers["X-Request-Id"]
        for text in ("short", "with a space and more", "x" * 65)
    ]

    assert kept.headers["X-Request-Id"] == given
    assert [len(request_id) for request_id in replaced] == [32, 32, 32]


def test_requests_are_counted_by_endpoint_and_status(server: InProcessServer, services: Services) -> None:
    server.ask("GET", "/people")
    server.ask("GET", "/people")
    server.ask("GET", "/people/nobody")
    server.ask("GET", "/nowhere")

    totals = services.tally.read()
    assert totals.requests == {
        ("people.index", "200"): 2,
        ("people.show", "404"): 1,
        ("unrouted", "404"): 1,
    }
    assert {name: sum(buckets) for name, (buckets, _) in totals.latency.items()} == {
        "people.index": 2,
        "people.show": 1,
        "unrouted": 1,
    }
