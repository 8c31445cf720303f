"""What the front page says of the lab: it is all of it, and it is true."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.pages import address_of
from tests.servers import LiveServer, RunningUwsgi, Server
from wsgi_app.lab.endpoints import index, static
from wsgi_app.lab.exhibits import EXHIBITS, FORM, Try
from wsgi_app.lab.routes import ROUTES

ALL_TRIES = [
    pytest.param(each, id=f"{exhibit.name}: {each.about}") for exhibit in EXHIBITS for each in exhibit.tries
]
CURL_S = 30
MOUNT = "http://127.0.0.1:8080/porteiro/lab"


def test_every_address_of_the_lab_is_an_exhibit() -> None:
    shown = {exhibit.module.__name__ for exhibit in EXHIBITS} | {index.__name__, static.__name__}

    assert {route.endpoint.__module__ for route in ROUTES} == shown


def test_exhibits_and_what_there_is_to_try_can_be_told_apart() -> None:
    names = [exhibit.name for exhibit in EXHIBITS]
    tries = [(exhibit.name, each.about) for exhibit in EXHIBITS for each in exhibit.tries]

    assert len(set(names)) == len(names)
    assert len(set(tries)) == len(tries)
    assert all(exhibit.tries for exhibit in EXHIBITS)


@pytest.mark.parametrize("each", ALL_TRIES)
def test_what_can_be_tried_is_answered_as_the_page_says(any_lab: Server, each: Try) -> None:
    body = each.body.encode() if each.body else None
    is_under_uwsgi = isinstance(any_lab, LiveServer) and any_lab.prefix
    expected = 404 if each.path.startswith("/ws") and not is_under_uwsgi else each.status

    assert any_lab.ask(each.method, each.path, body, each.sent_headers).status == expected


@pytest.mark.live
@pytest.mark.parametrize("each", ALL_TRIES)
def test_a_line_to_copy_does_what_the_page_says(
    live_house: tuple[LiveServer, RunningUwsgi], each: Try, tmp_path: Path
) -> None:
    program, *words = shlex.split(each.curl(address_of(live_house[0], "/lab")))

    done = subprocess.run(
        [program, "--silent", "--show-error", *words],
        cwd=tmp_path,
        capture_output=True,
        timeout=CURL_S,
        check=True,
    )

    first, _, _ = done.stdout.partition(b"\r\n")
    assert re.fullmatch(rb"HTTP/1\.1 %d( .*)?" % each.status, first)


@pytest.mark.parametrize(
    ("each", "line"),
    [
        (Try("", "/hello"), f"curl -i {MOUNT}/hello"),
        (Try("", "/a?b=c&d=e"), f"curl -i '{MOUNT}/a?b=c&d=e'"),
        (Try("", "/a", "HEAD"), f"curl --head {MOUNT}/a"),
        (
            Try("", "/a", "PUT", {"X-A": "b; c"}, "it's"),
            f"""curl -i -X PUT -H 'X-A: b; c' --data-binary 'it'"'"'s' {MOUNT}/a""",
        ),
    ],
)
def test_a_line_is_one_that_a_shell_reads_as_it_is_meant(each: Try, line: str) -> None:
    assert each.curl(MOUNT) == line


@pytest.mark.parametrize(
    ("each", "is_link", "is_fetchable"),
    [
        (Try("", "/hello?a=b"), True, True),
        (Try("", "/hello", "HEAD"), False, True),
        (Try("", "/bad", "POST", body="x"), False, True),
        (Try("", "/bad", "BREW"), False, True),
        (Try("", "/a", headers={"Accept-Language": "ko", "Authorization": "Basic eA=="}), False, True),
        (Try("", "/a", headers={"X-Student": "João"}), False, False),
        (Try("", "/a", headers={"accept-encoding": "br"}), False, False),
        (Try("", "/a", headers={"Cookie": "a=b"}), False, False),
        (Try("", "/a", headers={"Sec-Fetch-Site": "none"}), False, False),
        (Try("", "/a", headers={"Upgrade": "websocket"}), False, False),
        (Try("", "/a", "TRACE"), False, False),
        (Try("", "/a", body="x"), False, False),
        (Try("", "/files/../a"), False, False),
        (Try("", "/files/%2E%2e?a"), False, False),
        (Try("", "/files/.../..a"), True, True),
    ],
)
def test_what_browsers_do_not_send_as_it_is_told_is_offered_as_a_line_alone(
    each: Try, is_link: bool, is_fetchable: bool
) -> None:
    assert (each.is_link, each.is_fetchable) == (is_link, is_fetchable)


@pytest.mark.parametrize(
    ("each", "request_"),
    [
        (Try("", "/a"), {"method": "GET", "path": "/a"}),
        (
            Try("", "/a", "POST", body="b=c"),
            {"method": "POST", "path": "/a", "headers": {"Content-Type": FORM}, "body": "b=c"},
        ),
        (
            Try("", "/a", "POST", {"content-type": "text/plain"}, "b"),
            {"method": "POST", "path": "/a", "headers": {"content-type": "text/plain"}, "body": "b"},
        ),
    ],
)
def test_a_script_is_told_what_curl_would_send(each: Try, request_: dict[str, object]) -> None:
    assert each.request == request_
