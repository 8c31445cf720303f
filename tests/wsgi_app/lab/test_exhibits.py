"""What the front page says of the lab: it is all of it, and it is true of the server that says it."""

import html
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

import pytest

from tests.servers import REPOSITORY, LiveServer, RunningUwsgi, Server
from tests.structure import Structure
from wsgi_app.lab.endpoints import index
from wsgi_app.lab.exhibits import EXHIBITS
from wsgi_app.lab.routes import ROUTES
from wsgi_app.lab.tries import Exhibit, Try

# A request of the page, with the status where it is another than 200, and its line.
SHOWN = re.compile(r"<li[^>]*>\n<p>.*?(?: <small>(\d+)</small>)?<pre>(curl .*)</pre>")
RUN_S = 30
MOST_TURNS = 5
STRUCTURE = Structure("wsgi_app", ())
LAB = "wsgi_app.lab."
SHARED = "wsgi_app.lab.services"  # what every endpoint is given


def lines_of(server: Server) -> dict[str, int]:
    """The lines to copy on the front page, and the status that each is said to get."""
    page = server.ask("GET", "/").body.decode()
    return {html.unescape(line): int(status or 200) for status, line in SHOWN.findall(page)}


def in_turn(ask: Callable[[], tuple[int, bytes]]) -> int:
    """The status of an answer; whoever is told that it is somebody else's turn asks again."""
    pause = threading.Event()
    for _ in range(MOST_TURNS):
        status, answer = ask()
        if b'"code":"busy"' not in answer:
            return status
        pause.wait(1)
    raise AssertionError("it was never our turn")


def run(line: str) -> tuple[int, bytes]:
    """The status and all of what a line prints in a terminal."""
    program, *words = shlex.split(line)
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        [program, "--silent", "--show-error", *words],
        env={"PATH": os.environ["PATH"]},  # no proxy in between, nor anybody's own settings
        capture_output=True,
        timeout=RUN_S,
        check=True,
    )
    first, _, _ = done.stdout.partition(b"\r\n")
    found = re.fullmatch(rb"HTTP/1\.[01] (\d{3})( .*)?", first)
    assert found is not None
    return int(found[1]), done.stdout


def answer_to(server: Server, each: Try, line: str) -> tuple[int, bytes]:
    """What comes back of a request: in this process as it is told, elsewhere by its line."""
    if isinstance(server, LiveServer):
        return run(line)
    answer = server.ask(each.method, each.path, each.body.encode() if each.body else None, each.sent_headers)
    return answer.status, answer.body


def own_modules(module: str) -> set[str]:
    """The lab's modules that one needs, but for other exhibits and for what all endpoints are given."""
    found, new = set[str](), {module}
    while new:
        found |= new
        imported = {name for each in new for name in STRUCTURE.own_imports(each)}
        new = {name for name in imported if name.startswith(LAB)} - {SHARED} - found
    return found


def test_every_address_of_the_lab_is_an_exhibit() -> None:
    shown = {exhibit.module.__name__ for exhibit in EXHIBITS} | {index.__name__}

    assert {route.endpoint.__module__ for route in ROUTES} == shown


def test_exhibits_and_what_there_is_to_try_can_be_told_apart() -> None:
    names = [exhibit.name for exhibit in EXHIBITS]
    tries = [(exhibit.name, each.about) for exhibit in EXHIBITS for each in exhibit.tries]

    assert len(set(names)) == len(names)
    assert len(set(tries)) == len(tries)
    assert all(exhibit.tries for exhibit in EXHIBITS)


def test_those_lines_are_on_the_page_that_this_server_answers_as_the_page_says(any_lab: Server) -> None:
    shown = lines_of(any_lab)
    mount = next(iter(shown)).removeprefix("curl -i ").removesuffix("/hello")

    there = {each.curl(mount): each for exhibit in EXHIBITS for each in exhibit.tries}
    answered = {line: in_turn(partial(answer_to, any_lab, each, line)) for line, each in there.items()}

    assert shown == {line: status for line, status in answered.items() if status == there[line].status}


@pytest.mark.live
def test_the_line_that_starts_a_client_does(live_house: tuple[LiveServer, RunningUwsgi]) -> None:
    page = live_house[0].ask("GET", "/lab/").body.decode()
    (line,) = re.findall("<pre>python (.*)</pre>", page)

    done = subprocess.run(
        [sys.executable, *shlex.split(html.unescape(line))], cwd=REPOSITORY, timeout=RUN_S, check=False
    )

    assert done.returncode == 0


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=lambda exhibit: str(exhibit.name))
def test_a_source_is_all_of_what_is_the_labs_own(exhibit: Exhibit) -> None:
    shown = {module.__name__ for module in exhibit.files.values()}

    assert {name for name in shown if name.startswith(LAB)} == own_modules(exhibit.module.__name__)
