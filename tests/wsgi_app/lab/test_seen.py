"""Requests as the application sees them, under whatever server."""

from collections.abc import Callable
from dataclasses import replace
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
def seen_as(lab: InProcessServer) -> Callable[[str], bytes]:
    """The same request in another format."""
    body = msgspec.json.encode({"a": [1, {"b": "two\nlines"}]})
    return lambda word: (
        lab.ask("POST", f"/echo?format={word}", body, {"Content-Type": "application/json"}).body
    )


@pytest.mark.parametrize("word", ["json", "html", "text"])
def test_every_format_shows_the_same(seen_as: Callable[[str], bytes], word: str) -> None:
    for shown in (
        b"POST",
        b"application/json",
        b"192.0.2.7",
        b"lines",
        str(len('{"a":[1,{"b":"two\\nlines"}]}')).encode(),
    ):
        assert shown in seen_as(word)
