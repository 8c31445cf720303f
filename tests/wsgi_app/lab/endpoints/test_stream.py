"""Lines that are sent while they are made: in this process, behind nginx, and in the local run without it."""

import json
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from itertools import repeat
from pathlib import Path

import pytest
from webob import Request

from tests.conftest import Clock, lab_served_by
from tests.labs import PROGRAMS
from tests.servers import InProcessServer, LiveServer, RunningUwsgi, Server, lab_beside, lab_of
from wsgi_app.base.config import load_config
from wsgi_app.lab.endpoints.stream import COUNTS, PAUSE_S, Stream
from wsgi_app.lab.turns import LONGEST_S

EVENTS = {"Accept": "text/event-stream"}
MOST_TURNS = 100
AT_ONCE = 6  # as many as a server of one thread lets wait
FIRST, SECOND = "2026-01-05T10:00:00.000000+00:00", "2026-01-05T10:00:00.300000+00:00"
Chain = tuple[LiveServer, RunningUwsgi]


@pytest.fixture
def quick_lab(tmp_path: Path, clock: Clock) -> InProcessServer:
    """The lab in this process, whose pauses only move its clock."""
    config = load_config({"PORTEIRO_DATA": str(tmp_path)})
    return lab_of(config, now=clock.now, pause=clock.advance)


@pytest.fixture(params=["live_house", "local_house"])
def chain(request: pytest.FixtureRequest) -> Chain:
    """Behind nginx, and without it."""
    found: Chain = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["live_house", "local_house", *PROGRAMS])
def running_lab(request: pytest.FixtureRequest) -> LiveServer:
    """The lab under every server, each on a port of its own."""
    if request.param in PROGRAMS:
        other = lab_served_by(request.param, request)
        assert isinstance(other, LiveServer)
        return other
    return lab_beside(request.getfixturevalue(request.param)[0])


def opened(server: InProcessServer) -> Stream:
    """The body of an answer, of whose lines none was asked for yet."""
    body = Request.blank("/stream").get_response(server.application).app_iter
    assert isinstance(body, Stream)
    return body


def in_turn(connection: HTTPConnection, prefix: str, query: str) -> HTTPResponse:
    """The answer, none of which is read yet, as soon as it is this one's turn."""
    pause = threading.Event()
    for _ in range(MOST_TURNS):
        connection.request("GET", f"{prefix}/stream?{query}")
        answer = connection.getresponse()
        if answer.status != 503:
            return answer
        answer.read()
        connection.close()
        pause.wait(0.1)
    raise AssertionError("it was never our turn")


# In this process


def test_lines_of_text_say_when_and_by_whom_they_were_made(quick_lab: InProcessServer) -> None:
    answer = quick_lab.ask("GET", "/stream?lines=2")

    assert (answer.status, answer.body.decode()) == (
        200,
        f"line 1, made at {FIRST} by process {os.getpid()}\n"
        f"line 2, made at {SECOND} by process {os.getpid()}\n",
    )
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert (answer.headers["X-Lab"], answer.headers["Cache-Control"]) == ("stream", "no-store")
    assert (answer.headers["X-Accel-Buffering"], answer.headers["Vary"]) == ("no", "Accept")
    assert "Content-Length" not in answer.headers


@pytest.mark.parametrize(("query", "headers"), [("", EVENTS), ("&format=events", {})])
def test_events_say_the_same_to_a_browser(
    quick_lab: InProcessServer, query: str, headers: dict[str, str]
) -> None:
    answer = quick_lab.ask("GET", f"/stream?lines=2{query}", headers=headers)

    assert (answer.status, answer.body.decode()) == (
        200,
        f'id: 1\ndata: {{"number":1,"time":"{FIRST}","process":{os.getpid()}}}\n\n'
        f'id: 2\ndata: {{"number":2,"time":"{SECOND}","process":{os.getpid()}}}\n\n',
    )
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"


def test_without_a_wish_there_are_five_with_a_pause_between_two(
    quick_lab: InProcessServer, clock: Clock
) -> None:
    before = clock.now()

    assert quick_lab.ask("GET", "/stream").body.count(b"\n") == 5
    assert clock.now() - before == timedelta(seconds=4 * PAUSE_S)


def test_a_line_is_made_when_it_is_asked_for(quick_lab: InProcessServer, clock: Clock) -> None:
    before = clock.now()
    body = opened(quick_lab)
    lines = iter(body)

    next(lines)
    assert clock.now() == before
    next(lines)
    assert clock.now() == before + timedelta(seconds=PAUSE_S)
    body.close()


def test_while_one_stream_is_sent_a_second_is_told_to_wait(quick_lab: InProcessServer) -> None:
    body = opened(quick_lab)
    second = quick_lab.ask("GET", "/stream")
    body.close()

    assert (second.status, second.error, second.headers["Retry-After"]) == (503, "busy", "6")


def test_after_a_stream_there_is_a_rest_for_as_long_as_it_took(
    quick_lab: InProcessServer, clock: Clock
) -> None:
    assert quick_lab.ask("GET", "/stream?lines=10").status == 200
    during = quick_lab.ask("GET", "/stream?lines=1")
    clock.advance(9 * PAUSE_S - 0.1)
    late = quick_lab.ask("GET", "/stream?lines=1")
    clock.advance(0.1)

    assert [(answer.status, answer.headers["Retry-After"]) for answer in (during, late)] == [
        (503, "3"),
        (503, "1"),
    ]
    assert quick_lab.ask("GET", "/stream?lines=1").status == 200


def test_the_longest_stream_is_no_longer_than_a_turn() -> None:
    assert (int(COUNTS[-1]) - 1) * PAUSE_S < LONGEST_S


def test_a_client_that_goes_away_before_or_amid_the_lines_frees_the_turn(
    quick_lab: InProcessServer, clock: Clock
) -> None:
    unread = opened(quick_lab)
    unread.close()
    half_read = opened(quick_lab)
    lines = iter(half_read)
    next(lines)
    next(lines)
    half_read.close()
    clock.advance(PAUSE_S)

    assert quick_lab.ask("GET", "/stream").status == 200


def test_the_turn_is_free_as_soon_as_the_end_can_be_seen(quick_lab: InProcessServer, clock: Clock) -> None:
    body = opened(quick_lab)
    assert len(list(body)) == 5
    clock.advance(4 * PAUSE_S)

    assert quick_lab.ask("GET", "/stream").status == 200
    body.close()


def test_head_makes_no_lines_and_takes_no_turn(quick_lab: InProcessServer, clock: Clock) -> None:
    before = clock.now()
    other = opened(quick_lab)
    answer = quick_lab.ask("HEAD", "/stream?lines=10")
    other.close()

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert clock.now() == before


def test_an_event_source_that_asks_again_after_the_end_is_told_to_stop(
    quick_lab: InProcessServer,
) -> None:
    again = quick_lab.ask("GET", "/stream?lines=3", headers={**EVENTS, "Last-Event-ID": "3"})
    amid = quick_lab.ask("GET", "/stream?lines=3", headers={**EVENTS, "Last-Event-ID": "2"})

    assert (again.status, again.body) == (204, b"")
    assert (amid.status, amid.body.count(b"data: ")) == (200, 3)


# Bad wishes


@pytest.mark.parametrize("lines", ["0", "11", "-1", "1.5", "x", "05", "%D9%A3", "%201", "9" * 3000])
def test_another_number_of_lines_is_refused(shipped_lab: Server, lines: str) -> None:
    answer = shipped_lab.ask("GET", f"/stream?lines={lines}")

    assert (answer.status, answer.json) == (
        400,
        {"error": {"code": "bad_lines", "message": "`lines` is a number from 1 to 10."}},
    )


@pytest.mark.parametrize(("query", "headers"), [("?format=json", {}), ("", {"Accept": "image/png"})])
def test_another_format_is_refused(any_lab: Server, query: str, headers: dict[str, str]) -> None:
    answer = any_lab.ask("GET", f"/stream{query}", headers=headers)

    assert (answer.status, answer.error) == (406, "not_acceptable")


# As they are made


@pytest.mark.live
def test_the_first_line_of_text_is_there_before_the_last_is_made(running_lab: LiveServer) -> None:
    with closing(HTTPConnection("127.0.0.1", running_lab.port, timeout=30)) as connection:
        answer = in_turn(connection, running_lab.prefix, "lines=4")
        first = answer.readline().decode()
        arrived = datetime.now(UTC)
        lines = [first, *answer.read().decode().splitlines(keepends=True)]

    times, processes = [line.split()[4] for line in lines], {line.split()[-1] for line in lines}
    assert [line.split()[1] for line in lines] == ["1,", "2,", "3,", "4,"]
    assert len(processes) == 1
    assert datetime.fromisoformat(times[0]) < arrived < datetime.fromisoformat(times[-1])


@pytest.mark.live
def test_the_first_event_is_there_before_the_last_is_made(chain: Chain) -> None:
    server, running = chain
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        answer = in_turn(connection, f"{server.prefix}/lab", "lines=4&format=events")
        first = [answer.readline(), answer.readline(), answer.readline()]
        arrived = datetime.now(UTC)
        events = (b"".join(first) + answer.read()).split(b"\n\n")

    data = [json.loads(event.partition(b"data: ")[2]) for event in events[:-1]]
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert ([line["number"] for line in data], events[-1]) == ([1, 2, 3, 4], b"")
    assert {line["process"] for line in data} <= set(running.workers())
    made_at = [datetime.fromisoformat(line["time"]) for line in data]
    assert made_at[0] < arrived < made_at[-1]


@pytest.mark.live
def test_of_many_at_once_one_is_answered_and_all_others_are_told_to_wait(running_lab: LiveServer) -> None:
    pause = threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(MOST_TURNS):  # until the rest after another test's stream is over
            answers = list(pool.map(lambda _: running_lab.ask("GET", "/stream?lines=6"), range(AT_ONCE)))
            if any(answer.status == 200 for answer in answers):
                break
            pause.wait(0.1)

    told = sorted((answer.status, answer.headers.get("Retry-After")) for answer in answers)
    assert told[0] == (200, None)
    assert {status for status, _ in told[1:]} == {503}
    assert {wait for _, wait in told[1:]} <= {"1", "2", "6"}


@pytest.mark.live
def test_a_client_that_goes_away_frees_the_turn_and_leaves_no_trace_in_the_log(chain: Chain) -> None:
    server, running = chain
    lab, marker = lab_beside(server), uuid.uuid4().hex
    before = len(running.output.lines)
    client = HTTPConnection("127.0.0.1", server.port, timeout=30)
    with closing(client), closing(in_turn(client, lab.prefix, "lines=10")) as answer:
        assert b" by process " in answer.readline()
        started = datetime.now(UTC)
        during = lab.ask("GET", "/stream").status

    # The free worker says 503 until the other one finds out, and for as long again: long before it would have
    # made its last line.
    next_one = next(found for _ in repeat(None) if (found := lab.ask("GET", "/stream?lines=1")).status != 503)
    lab.ask("GET", f"/greet/Hello/{marker}")
    running.output.wait_for(lambda line: marker in line)

    assert (during, next_one.status) == (503, 200)
    made_at = datetime.fromisoformat(next_one.body.decode().split()[4])
    assert made_at - started < timedelta(seconds=8 * PAUSE_S)
    log = "".join(running.output.lines[before:])
    assert log.count("path=/stream") >= 2
    assert not [word for word in ("Traceback", "OSError", "SIGPIPE", "Broken pipe", "_do()") if word in log]
