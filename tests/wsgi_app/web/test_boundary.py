"""The boundary of every WSGI callable: what each answer has, whatever happened behind it."""

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from webob import Request, Response

from tests.servers import InProcessServer
from wsgi_app.access.roles import Role
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.counters import ProcessCounters, Tally
from wsgi_app.base.errors import NotFound, PackError, RequestError, Unavailable
from wsgi_app.base.steps import Clock
from wsgi_app.house.words.errors import sentence
from wsgi_app.web.boundary import Boundary, Exchange
from wsgi_app.web.errors import ErrorBody
from wsgi_app.web.rendering import json_answer
from wsgi_app.web.routing import ANY_METHOD, Route, RouteMatch, Router


@dataclass(frozen=True)
class Runtime:
    """What a boundary takes, and nothing else."""

    config: Config
    tally: Tally
    clock: Clock = time.perf_counter


class Answerer(Boundary):
    """One address, which answers as a test says."""

    def receive(self, request: Request) -> None:
        """Refuse nothing."""

    def call(self, exchange: Exchange, match: RouteMatch) -> Response:
        return match.route.endpoint(exchange)

    def refuse(self, exchange: Exchange, error: RequestError) -> Response:
        return json_answer(ErrorBody.of(error, "No."), error.status, error.headers)


@pytest.fixture
def tally() -> Tally:
    return Tally(ProcessCounters())


@pytest.fixture
def answering(tmp_path: Path, tally: Tally) -> Callable[[Callable[[Exchange], Response]], InProcessServer]:
    """Something behind a boundary that answers as one says."""
    config = load_config({"PORTEIRO_DATA": str(tmp_path)})

    def behind_it(answer: Callable[[Exchange], Response]) -> InProcessServer:
        router = Router((Route(ANY_METHOD, "/", answer, Role.ANYONE),))
        return InProcessServer(Answerer(Runtime(config, tally), router, sentence))

    return behind_it


Answering = Callable[[Callable[[Exchange], Response]], InProcessServer]


def raising(error: Exception) -> Callable[[Exchange], Response]:
    """An answer that does not come about."""

    def done(_: Exchange) -> Response:
        raise error

    return done


def done(_: Exchange) -> Response:
    return Response("done")


def test_an_unforeseen_error_is_500_and_tells_nothing(answering: Answering) -> None:
    answer = answering(raising(RuntimeError("a secret detail"))).ask("GET", "/")

    assert answer.status == 500
    assert answer.json == {
        "error": {"code": "internal", "message": "Something went wrong here; the log has it."}
    }


def test_a_refusal_is_made_by_the_callable_itself(answering: Answering) -> None:
    answer = answering(raising(NotFound("gone"))).ask("GET", "/")

    assert (answer.status, answer.json) == (404, {"error": {"code": "gone", "message": "No."}})


def test_what_cannot_be_answered_now_says_when_to_ask_again(answering: Answering) -> None:
    answer = answering(raising(Unavailable("unavailable:database", retry_after_s=7))).ask("GET", "/")

    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert answer.error == "unavailable"


def test_models_that_fail_cannot_look_now(answering: Answering) -> None:
    answer = answering(raising(PackError("pack:missing", file="/srv/a-path"))).ask("GET", "/")

    assert (answer.status, answer.error) == (503, "unavailable")
    assert b"a-path" not in answer.body


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_without_room_is_no_fault_of_the_program(answering: Answering, number: int) -> None:
    answer = answering(raising(OSError(number, "No space left on device", "/srv/a-path"))).ask("GET", "/")

    assert (answer.status, answer.error, answer.headers["Retry-After"]) == (503, "storage_full", "30")
    assert b"a-path" not in answer.body


def test_a_body_that_nobody_read_is_drained(answering: Answering) -> None:
    class CountingInput:
        def __init__(self) -> None:
            self.read_bytes = 0

        def read(self, size: int = -1) -> bytes:
            self.read_bytes += size
            return bytes(size)

    stream = CountingInput()
    environ = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/porteiro",
        "PATH_INFO": "/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": stream,
        "CONTENT_LENGTH": "300000",
    }

    list(answering(done).application(environ, lambda status, headers, exc_info=None: lambda data: None))

    assert stream.read_bytes == 300_000


def test_another_name_and_another_site_are_refused_before_anything_is_done(answering: Answering) -> None:
    server = answering(raising(RuntimeError()))

    misdirected = server.ask("GET", "/", headers={"Host": "elsewhere.example"})
    forged = server.ask("POST", "/", b"", {"Origin": "http://elsewhere.example"})

    assert (misdirected.status, misdirected.error) == (421, "misdirected")
    assert (forged.status, forged.error) == (403, "other_site")


def test_the_mount_without_its_slash_leads_to_it(answering: Answering) -> None:
    answer = answering(raising(RuntimeError())).ask("POST", "", b"x")

    assert (answer.status, answer.headers["Location"]) == (308, "http://localhost/porteiro/")


def test_a_length_that_is_no_number_is_refused(answering: Answering) -> None:
    server = replace(answering(done), checked=False)  # WSGI's own rules refuse it too

    answer = server.ask("POST", "/", b"x", {"Content-Length": "1_0"})

    assert (answer.status, answer.error) == (400, "bad_length")


def test_every_answer_has_the_safe_headers(answering: Answering) -> None:
    for answer in (done, raising(NotFound("not_found")), raising(RuntimeError())):
        headers = answering(answer).ask("GET", "/").headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert len(headers["X-Request-Id"]) == 32


def test_the_request_id_of_the_front_server_is_kept(answering: Answering) -> None:
    server = answering(lambda exchange: Response(exchange.request_id))
    given = "0123456789abcdef0123456789abcdef"

    kept = replace(server, environ={"REQUEST_ID": given}).ask("GET", "/")
    replaced = [
        replace(server, environ={"REQUEST_ID": text}).ask("GET", "/").headers["X-Request-Id"]
        for text in ("short", "with a space and more", "x" * 65)
    ]

    assert (kept.body.decode(), kept.headers["X-Request-Id"]) == (given, given)
    assert [len(request_id) for request_id in replaced] == [32, 32, 32]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-Modified-Since", "Thu, 01 Jan 99999 00:00:00 GMT"),
        ("If-Range", "Thu, 01 Jan 99999 00:00:00 GMT"),
        ("If-Range", "once GMT"),
        ("Range", f"bytes=0-{'9' * 5000}"),
        ("Range", f"bytes={'9' * 5000}-"),
        ("If-None-Match", '"' * 200),
    ],
)
def test_a_condition_that_cannot_be_read_is_as_if_it_were_not_there(
    answering: Answering, header: str, value: str
) -> None:
    server = answering(lambda _: Response("done", conditional_response=True, etag="one"))

    answer = server.ask("GET", "/", headers={header: value})

    assert (answer.status, answer.body) == (200, b"done")


@pytest.mark.parametrize("date", ["once GMT", "Thu, 01 Jan 99999 00:00:00 GMT"])
def test_whoever_names_no_readable_state_gets_the_whole_and_not_a_range(
    answering: Answering, date: str
) -> None:
    def dated(_: Exchange) -> Response:
        return Response(
            "done", conditional_response=True, accept_ranges="bytes", last_modified=datetime.now(UTC)
        )

    answer = answering(dated).ask("GET", "/", headers={"If-Range": date, "Range": "bytes=0-1"})

    assert (answer.status, answer.body) == (200, b"done")


def test_requests_are_counted_by_endpoint_and_status(answering: Answering, tally: Tally) -> None:
    answering(done).ask("GET", "/")
    answering(done).ask("GET", "/")
    answering(raising(NotFound("not_found"))).ask("GET", "/")
    replace(answering(done), checked=False).ask("POST", "/", b"x", {"Content-Length": "many"})

    totals = tally.read()
    assert totals.requests == {
        ("test_boundary.done", "200"): 2,
        ("test_boundary.done", "404"): 1,
        ("unrouted", "400"): 1,
    }
    assert {name: sum(buckets) for name, (buckets, _) in totals.latency.items()} == {
        "test_boundary.done": 3,
        "unrouted": 1,
    }
