"""Requests as the application sees them, under whatever server."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers import InProcessServer
from wsgi_app.lab.seen import as_text

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("told", "name", "seen"),
    [
        ({"REQUEST_URI": "/x?%C3%A9"}, "raw_address", "/x?%C3%A9"),
        ({"RAW_URI": "/caf\xc3\xa9"}, "raw_address", "/café"),
        ({}, "raw_address", None),
        ({"REMOTE_PORT": "4711"}, "client", {"address": "192.0.2.7", "port": "4711"}),
        ({}, "client", {"address": "192.0.2.7", "port": None}),
    ],
)
def test_what_only_some_servers_tell_is_shown_where_they_do(
    lab: InProcessServer, told: dict[str, str], name: str, seen: Any
) -> None:
    assert replace(lab, environ=told).ask("GET", "/echo").json[name] == seen


def test_types_and_lengths_that_a_server_left_empty_were_not_sent(lab: InProcessServer) -> None:
    seen = replace(lab, environ={"CONTENT_TYPE": "", "HTTP_X_EMPTY": ""}).ask("GET", "/echo").json

    assert seen["headers"] == {"Host": "localhost:80", "X-Empty": ""}


def test_a_type_and_a_length_that_came_twice_are_shown_once(lab: InProcessServer) -> None:
    told = {"CONTENT_TYPE": "text/plain", "HTTP_CONTENT_TYPE": "text/plain", "HTTP_CONTENT_LENGTH": "2"}
    server = replace(lab, environ=told, checked=False)  # as nginx and uWSGI do, against WSGI's rules
    seen = server.ask("POST", "/echo", b"Hi").json

    assert seen["headers"] == {"Host": "localhost:80", "Content-Type": "text/plain", "Content-Length": "2"}


def test_the_servers_own_words_for_itself_are_shown(lab: InProcessServer) -> None:
    server = replace(lab, environ={"SERVER_SOFTWARE": "waitress"})

    assert server.ask("GET", "/echo").json["server"]["software"] == "waitress"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": None, "c": ""}, "a: 1\nb:\nc:\n"),
        ({"a": {"b": [1, [], {}]}}, "a:\n  b:\n    - 1\n    - []\n    - {}\n"),
        ({"a": "two\nlines", "b": 0}, "a:\n  two\n  lines\nb: 0\n"),
        ([[1, 2]], "-\n  - 1\n  - 2\n"),
        ({}, ""),
    ],
)
def test_values_are_laid_out_in_lines(value: Any, text: str) -> None:
    assert as_text(value) == text


@given(st.dictionaries(st.text(), JSON_VALUES, min_size=1))
def test_any_json_can_be_laid_out(value: dict[str, Any]) -> None:
    assert as_text(value).endswith("\n")


@pytest.fixture
def seen_as(lab: InProcessServer) -> Callable[[str], str]:
    """The same request in another format."""
    server = replace(lab, environ={"REQUEST_ID": "5" * 32, "REMOTE_PORT": "4711", "SERVER_SOFTWARE": "none"})
    body = msgspec.json.encode({"a": [1, {"b": "two\nlines"}]})
    headers = {"Content-Type": "application/json", "X-Student": "<Ana>"}
    return lambda word: server.ask("POST", f"/echo?format={word}", body, headers).body.decode()


def test_text_says_the_same_as_json(seen_as: Callable[[str], str]) -> None:
    seen = json.loads(seen_as("json"))
    as_asked = {"query": "format=text", "parameters": {"format": ["text"]}}

    assert seen_as("text") == as_text({**seen, **as_asked})


def test_the_page_says_the_same_as_json(seen_as: Callable[[str], str]) -> None:
    seen, page = json.loads(seen_as("json")), unescape(seen_as("html"))
    client, server, body = seen["client"], seen["server"], seen["body"]

    line, *names = re.findall(r"(?s)<pre>\s*(.*?)\s*</pre>", page)[0].split("\n")
    assert line == f"{seen['method']} /porteiro/lab/echo?format=html {server['protocol']}"
    assert [name for name in names if name] == [f"{name}: {text}" for name, text in seen["headers"].items()]
    assert dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page)) == {
        "method": seen["method"],
        "scheme": seen["scheme"],
        "script name": seen["script_name"],
        "path": seen["path"],
        "query": "format=html",
        "format": "html",  # the one parameter in it
        "client": f"{client['address']}, port {client['port']}",
        "request id": seen["request_id"],
        "kind": body["kind"],
        "declared as": body["type"],
        "size": f"{body['size']} bytes",
        "software": server["software"],
        "server": f"{server['name']}, port {server['port']}",
        "WSGI": server["wsgi_version"],
        "processes": "one",
        "threads": "one in each",
        "process": str(seen["process"]),
        "worker": "without a number",
    }
    assert json.loads(re.findall(r"(?s)<pre>(.*?)</pre>", page)[1]) == body["value"]
