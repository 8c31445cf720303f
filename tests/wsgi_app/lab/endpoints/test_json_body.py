"""JSON there and back, in this process and under every server."""

from typing import Any

import pytest

from tests.hostile import JSON, URLENCODED
from tests.servers import Server, form, post_json
from wsgi_app.web.uploads import DEEPEST_JSON


def test_a_query_comes_back_as_json(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/json?name=Jo%C3%A3o&room=hall&room=&flag")

    assert (answer.status, answer.headers["X-Lab"]) == (200, "json_body")
    assert answer.json == {"method": "GET", "value": {"name": "João", "room": ["hall", ""], "flag": ""}}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (b"name=Jo%C3%A3o+Silva&room=hall&room=", {"name": "João Silva", "room": ["hall", ""]}),
        (b"age=7", {"age": "7"}),
        (b"", {}),
    ],
)
def test_so_does_a_form(any_lab: Server, method: str, sent: bytes, value: dict[str, Any]) -> None:
    answer = any_lab.ask(method, "/json?query=none", sent, URLENCODED)

    assert (answer.status, answer.json) == (200, {"method": method, "value": value})


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_so_does_a_form_in_parts_with_the_sizes_of_its_files(any_lab: Server, method: str) -> None:
    parts = (
        ("name", None, "João".encode()),
        ("room", None, b"hall"),
        ("room", None, b""),
        ("file", "a.jpg", b"12"),
    )
    body, headers = form(*parts)

    answer = any_lab.ask(method, "/json", body, headers)

    assert answer.json == {"method": method, "value": {"name": "João", "room": ["hall", ""], "file": 2}}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, 10**1000, "", "Olá, 안녕, 😀 \0", [], {}, {"": [1, [2, {"a": None}]]}]
)
def test_so_does_any_value(shipped_lab: Server, method: str, value: Any) -> None:
    answer = post_json(shipped_lab, "/json", value, method)

    assert (answer.status, answer.headers["X-Lab"]) == (200, "json_body")
    assert answer.json == {"method": method, "value": value}


def test_of_a_name_that_stands_there_twice_the_last_counts(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/json", b'{ "a": 1, "a": 2 }', JSON)

    assert answer.body == b'{"method":"POST","value":{"a":2}}'


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("sent", "content_type", "status", "code"),
    [
        (b"", "application/json", 400, "bad_json"),
        (b"{'a': 1}", "application/json", 400, "bad_json"),
        (b"[1] 2", "application/json", 400, "bad_json"),
        (b'"\xff"', "application/json", 400, "bad_json"),
        (b'"\\ud800"', "application/json", 400, "bad_json"),
        ('"a"'.encode("utf-16"), "application/json", 400, "bad_json"),
        (b"[" * 10_000 + b"]" * 10_000, "application/json", 400, "bad_json"),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json", 400, "bad_json"),
        (b"[" * (DEEPEST_JSON + 1) + b"]" * (DEEPEST_JSON + 1), "application/json", 400, "bad_json"),
        (b"[" * 900 + b"]" * 900, "application/json", 400, "bad_json"),
        (b"1e999", "application/json", 422, "json_shape"),
        (b"9" * 10_000, "application/json", 422, "json_shape"),
        (b'"' + b"x" * 70_000 + b'"', "application/json", 413, "too_large"),
        (b"1", "text/plain", 415, "unsupported_media_type"),
        (b'{"a": 1}', "application/x-www-form-urlencoded", 400, "bad_form"),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413, "too_large"),
        (b"a=1", "multipart/form-data", 400, "bad_form"),
        (b"1", "", 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_json_is_refused(
    shipped_lab: Server, method: str, sent: bytes, content_type: str, status: int, code: str
) -> None:
    answer = shipped_lab.ask(method, "/json", sent, {"Content-Type": content_type})

    assert (answer.status, answer.error) == (status, code)


def test_what_is_neither_json_nor_a_form_is_told_what_may_come(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/json", b"1", {"Content-Type": "text/plain"})

    assert answer.json["error"]["message"] == (
        "Send application/json, or a form as application/x-www-form-urlencoded or multipart/form-data."
    )


def test_a_mark_of_utf_8_is_no_part_of_the_value_and_utf_16_is_named(any_lab: Server) -> None:
    marked, wide = (
        any_lab.ask("POST", "/json", '"olá"'.encode(name), JSON) for name in ("utf-8-sig", "utf-16")
    )

    assert (marked.status, marked.json) == (200, {"method": "POST", "value": "olá"})
    assert (wide.status, wide.json["error"]["message"]) == (400, "The JSON is not in UTF-8.")


def test_as_deep_as_is_allowed_comes_back(any_lab: Server) -> None:
    sent = b"[" * DEEPEST_JSON + b"1" + b"]" * DEEPEST_JSON

    assert any_lab.ask("POST", "/json", sent, JSON).body == b'{"method":"POST","value":' + sent + b"}"


def test_a_body_needs_a_length(lab: Server) -> None:
    answer = lab.ask("POST", "/json", None, JSON)

    assert (answer.status, answer.error) == (411, "length_required")


def test_a_query_that_is_not_utf_8_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/json?name=%ff")

    assert (answer.status, answer.error) == (400, "bad_query")
