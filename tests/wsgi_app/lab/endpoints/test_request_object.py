"""The request as an object, in this process and under every server."""

import re
from html import unescape

import pytest

from tests.hostile import JSON, URLENCODED
from tests.servers import Answer, Server

AGENT = {"User-Agent": "lesson/1 <b>"}
AS_JSON = {"Accept": "application/json"}


def rows(answer: Answer) -> dict[str, str]:
    """What the page says that each of WebOb's names gives."""
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    pairs = re.findall(r"<dt><code>(.*?)</code></dt><dd>(.*?)</dd>", answer.body.decode())
    return {unescape(name): unescape(value) for name, value in pairs}


def test_query_agent_and_a_key_of_json_stand_on_one_page(any_lab: Server) -> None:
    answer = any_lab.ask(
        "POST", "/request?language=pt&room=hall&room=attic", b'{"name": "Ana"}', {**JSON, **AGENT}
    )

    assert answer.headers["X-Lab"] == "request_object"
    assert rows(answer) == {
        "request.method": "POST",
        "request.path_info": "/request",
        'request.GET["language"]': "pt",
        'request.GET["room"]': "hall, attic",
        "request.user_agent": "lesson/1 <b>",
        'request.json["name"]': '"Ana"',
    }


def test_a_form_is_there_too_and_what_did_not_come_is_said(any_lab: Server) -> None:
    answer = any_lab.ask(
        "POST", "/request?key=<i>", b"language=Python&room=1&room=2", {**URLENCODED, **AGENT}
    )

    assert rows(answer) == {
        "request.method": "POST",
        "request.path_info": "/request",
        'request.GET["key"]': "<i>",
        "request.user_agent": "lesson/1 <b>",
        'request.POST["language"]': "Python",
        'request.POST["room"]': "1, 2",
        'request.json["<i>"]': "no JSON with this key came",
    }


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (b'{"room": {"a": [1]}}', {"value": {"a": [1]}}),
        (b'{"room": null}', {"value": None}),
        (b'{"name": 1}', {}),
        (b'["room"]', {}),
    ],
)
def test_a_program_that_asks_for_json_gets_it(
    any_lab: Server, method: str, sent: bytes, found: dict[str, object]
) -> None:
    answer = any_lab.ask(method, "/request?key=room", sent, {**JSON, **AS_JSON, **AGENT})

    assert answer.json == {
        "method": method,
        "path": "/request",
        "query": {"key": "room"},
        "user_agent": AGENT["User-Agent"],
        "form": {},
        "key": "room",
        **found,
    }


@pytest.mark.parametrize("headers", [{}, JSON, URLENCODED])
def test_a_get_brings_no_body(any_lab: Server, headers: dict[str, str]) -> None:
    answer = any_lab.ask("GET", "/request", headers={**AS_JSON, **headers})

    assert answer.status == 200
    assert answer.json["form"] == {}
    assert "value" not in answer.json


@pytest.mark.parametrize(
    ("sent", "headers", "status", "code"),
    [
        (b'{"name": ', JSON, 400, "bad_json"),
        (b" " * 70_000, JSON, 413, "too_large"),
        (b"hello", URLENCODED, 400, "bad_form"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    shipped_lab: Server, sent: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = shipped_lab.ask("POST", "/request", sent, headers)

    assert (answer.status, answer.error) == (status, code)
