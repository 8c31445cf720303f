"""The client that goes through all verbs of the notes: against labs that answer, wrongly, and not at all."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from tests.houses import without_settings
from tests.pages import address_of
from tests.servers import (
    InProcessServer,
    LiveServer,
    OutputWatcher,
    RunningUwsgi,
    free_port,
    lab_of,
    post_json,
)
from wsgi_app.base.config import load_config
from wsgi_app.lab.__main__ import LabServer
from wsgi_app.lab.client import MOST_BYTES, main

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STOP_S = 30
RUNS = 10
STEPS = (
    ("GET", "200 OK"),
    ("POST", "201 Created"),
    ("GET", "200 OK"),
    ("GET", "200 OK"),
    ("HEAD", "200 OK"),
    ("OPTIONS", "204 No Content"),
    ("PUT", "200 OK"),
    ("GET", "200 OK"),
    ("PATCH", "405 Method Not Allowed"),
    ("PUT", "400 Bad Request"),
    ("PUT", "415 Unsupported Media Type"),
    ("PUT", "422 Unprocessable Entity"),
    ("PUT", "403 Forbidden"),
    ("DELETE", "204 No Content"),
    ("GET", "404 Not Found"),
)

Before = Callable[["WSGIEnvironment"], tuple[str, list[tuple[str, str]], bytes] | None]


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def sent_and_answered(said: str) -> list[tuple[str, str]]:
    """The method of each request that was told, and the status of its answer."""
    methods = [line.split()[1] for line in said.splitlines() if line.startswith("   > ") and "://" in line]
    statuses = [line[5:] for line in said.splitlines() if line[5:8].isdigit() and line.startswith("   < ")]
    return list(zip(methods, statuses, strict=True))


def noted(lab: InProcessServer | LiveServer) -> list[str]:
    return [note["text"] for note in lab.ask("GET", "/notes").json["notes"][1:]]


@contextmanager
def listening(lab: InProcessServer, before: Before = lambda _: None) -> Iterator[str]:
    """The lab at an address; a request for which something comes ``before`` is answered with that."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        instead = before(environ)
        if instead is None:
            return lab.application(environ, start_response)
        status, headers, body = instead
        start_response(status, headers)
        return [body]

    with LabServer("127.0.0.1", 0, lab.application) as server:
        server.set_app(application)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def in_place_of(method: str, status: str, *headers: tuple[str, str], body: bytes = b"{}") -> Before:
    """Another answer to each request with a method, of which the lab hears nothing."""
    length = ("Content-Length", str(len(body)))
    return lambda environ: (status, [*headers, length], body) if environ["REQUEST_METHOD"] == method else None


# A lab that answers


@pytest.mark.live
def test_it_goes_through_all_verbs_on_the_whole_chain(live_lab: LiveServer) -> None:
    before = noted(live_lab)

    result = run(address_of(live_lab, "/"))

    assert (result.exit_code, result.stderr) == (0, "")
    assert sent_and_answered(result.stdout) == list(STEPS)
    assert result.stdout.endswith("\nEvery answer was the expected one.\n")
    assert noted(live_lab) == before


@pytest.mark.live
def test_it_does_so_again_and_again_in_the_local_run_without_nginx(
    local_house: tuple[LiveServer, RunningUwsgi],
) -> None:
    address = address_of(local_house[0], "/lab")

    results = [run(address) for _ in range(RUNS)]

    assert [(result.exit_code, result.stderr) for result in results] == [(0, "")] * RUNS
    assert all(sent_and_answered(result.stdout) == list(STEPS) for result in results)


def test_it_shows_what_was_sent_and_what_came_back(lab: InProcessServer) -> None:
    with listening(lab) as address:
        lines = run(address).stdout.splitlines()

    begin = lines.index("2. Make a note")
    assert lines[begin + 1 : begin + 3] == [
        f"   > POST {address}/notes",
        "   > Content-Type: application/json",
    ]
    assert lines[begin + 3].startswith('   > {"text": "client ')
    assert lines[begin + 4 : begin + 6] == ["   < 201 Created", "   < Content-Type: application/json"]
    assert lines[begin + 6].startswith(f"   < Location: {address}/notes/")
    assert lines[begin + 7] == "   < X-Lab: notes"
    assert lines[begin + 8].startswith('   < {"id":"')


def test_the_notes_of_others_stay(lab: InProcessServer) -> None:
    post_json(lab, "/notes", {"text": "client of somebody else"})

    with listening(lab) as address:
        assert run(address).exit_code == 0

    assert noted(lab) == ["client of somebody else"]


def test_without_an_address_it_asks_where_the_house_is_by_default() -> None:
    assert "http://127.0.0.1:8765/porteiro/lab" in run("--help").stdout


def test_it_is_a_program_that_explains_itself_whatever_the_settings() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wsgi_app.lab.client", "--help"],
        env={**without_settings(os.environ), "PORTEIRO_HTPP": "wrong"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("Usage: python -m wsgi_app.lab.client [OPTIONS] [URL]\n")
    assert done.stderr == ""


# One that answers wrongly

JSON = ("Content-Type", "application/json")
ELSEWHERE = ("Location", "http://127.0.0.1:9/notes/a")
WRONG_PLACE = "Is this the lab's address, and is the lab on?"


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            in_place_of("GET", "500 Oh"),
            f"1. Read the note that is always there: expected was the status 200. {WRONG_PLACE}",
        ),
        (
            in_place_of("GET", "302 Found", ELSEWHERE),
            f"1. Read the note that is always there: expected was the status 200. {WRONG_PLACE}",
        ),
        (
            in_place_of("GET", "200 OK", JSON, body=b"[" * 100_000),
            "3. List all of them: expected was the text.",
        ),
        (
            in_place_of("GET", "200 OK", JSON, body=b" " * (2 * MOST_BYTES) + b"{}"),
            "3. List all of them: expected was the text.",
        ),
        (
            in_place_of("POST", "201 Created", JSON),
            "2. Make a note: expected was the text, the note's address in Location.",
        ),
        (in_place_of("OPTIONS", "204 No"), "6. Ask which methods it has: expected was the header Allow."),
        (
            in_place_of("PUT", "200 OK", JSON, body=b'{"text": "mine"}'),
            "7. Put another text in its place: expected was the text.",
        ),
        (
            in_place_of("PATCH", "405 No", body=b'{"error": {"code": "other"}}'),
            "9. Use a method that it has not: expected was the code method_not_allowed, the header Allow.",
        ),
    ],
)
def test_it_stops_at_the_first_answer_that_is_not_the_expected_one(
    lab: InProcessServer, before: Before, said: str
) -> None:
    with listening(lab, before) as address:
        result = run(address)

    assert (result.exit_code, result.stderr) == (1, f"Error: {said}\n")


def test_at_the_houses_own_address_it_asks_whether_that_is_the_labs(server: InProcessServer) -> None:
    with listening(server) as address:
        result = run(address)

    assert (result.exit_code, sent_and_answered(result.stdout)) == (1, [("GET", "404 Not Found")])
    assert result.stderr.endswith(f": expected was the status 200, no error. {WRONG_PLACE}\n")


def test_of_a_lab_that_is_off_it_asks_whether_it_is_on(tmp_path: Path) -> None:
    off = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LAB": "0"}))
    with listening(off) as address:
        result = run(address)

    assert (result.exit_code, sent_and_answered(result.stdout)) == (1, [("GET", "404 Not Found")])
    assert result.stderr.endswith(f": expected was the status 200, no error. {WRONG_PLACE}\n")


def test_a_note_whose_making_was_answered_wrongly_is_deleted(lab: InProcessServer) -> None:
    def keeping(environ: "WSGIEnvironment") -> tuple[str, list[tuple[str, str]], bytes] | None:
        if environ["REQUEST_METHOD"] != "POST":
            return None
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        made.append(lab.ask("POST", "/notes", body, {"Content-Type": "application/json"}).status)
        return "500 Oh", [("Content-Length", "0")], b""

    made: list[int] = []
    with listening(lab, keeping) as address:
        result = run(address)

    assert (made, result.exit_code) == ([201], 1)
    assert "was left, and is deleted now." in result.stdout
    assert noted(lab) == []


def test_a_note_is_deleted_when_a_later_answer_is_wrong(lab: InProcessServer) -> None:
    with listening(lab, in_place_of("PATCH", "200 OK")) as address:
        result = run(address)

    assert (result.exit_code, noted(lab)) == (1, [])
    assert "was left, and is deleted now." in result.stdout


def test_what_a_server_says_does_nothing_to_the_terminal(lab: InProcessServer) -> None:
    odd = in_place_of("GET", "500 Oh", body=b"\x1b[2J\x07 and \xff" + b"x" * 5000)
    with listening(lab, odd) as address:
        said = run(address).stdout

    assert "   <  [2J  and \ufffd" + "x" * 589 + " ... (4411 more letters)\n" in said
    assert all(letter.isprintable() or letter == "\n" for letter in said)


# Broken off


def test_ctrl_c_leaves_no_note_behind(lab: InProcessServer) -> None:
    reached, released = threading.Event(), threading.Event()

    def stuck(environ: "WSGIEnvironment") -> None:
        if environ["REQUEST_METHOD"] == "PUT":
            reached.set()
            released.wait(STOP_S)

    with listening(lab, stuck) as address:
        process = subprocess.Popen(
            [sys.executable, "-m", "wsgi_app.lab.client", address],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output = OutputWatcher(process)
        assert reached.wait(STOP_S)
        assert len(noted(lab)) == 1
        process.send_signal(signal.SIGINT)
        output.wait_for(lambda line: "was left, and is deleted now." in line)
        output.wait_for(lambda line: "Aborted!" in line)
        status = process.wait(STOP_S)
        released.set()

    assert (status, noted(lab)) == (1, [])


# One that is not there


def test_a_lab_that_is_not_there_is_one_sentence_that_says_what_to_do() -> None:
    address = f"http://127.0.0.1:{free_port()}/lab"

    result = run(address)

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.stderr == (
        f"Error: {address} does not answer (ConnectionError). Start Porteiro, or its lab alone with "
        "python -m wsgi_app.lab; then say where the lab is: python -m wsgi_app.lab.client URL\n"
    )


def test_a_lab_that_goes_away_is_said_with_what_it_may_still_have(lab: InProcessServer) -> None:
    gone = threading.Event()

    def leaving(environ: "WSGIEnvironment") -> None:
        if environ["REQUEST_METHOD"] == "PUT" or gone.is_set():
            gone.set()
            raise ConnectionResetError

    with listening(lab, leaving) as address:
        result = run(address)

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert " may be left there.\n" in result.stdout
    assert f"Error: {address} does not answer (ConnectionError)." in result.stderr


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8765",
        "ftp://127.0.0.1/lab",
        "http://",
        "http://a:b@127.0.0.1/lab",
        "http://127.0.0.1:99999/lab",
        "http://[::1/lab",
        "http://127.0.0.1/lab?a=b",
        "http://127.0.0.1/lab#a",
    ],
)
def test_what_is_no_address_of_a_lab_is_refused(address: str) -> None:
    result = run(address)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "must be like http://127.0.0.1:8765/porteiro/lab" in result.stderr
