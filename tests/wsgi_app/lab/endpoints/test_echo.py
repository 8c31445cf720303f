"""The mirror, in this process and under every server."""

import http.client
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from tests.hostile import JSON, MEBIBYTE, URLENCODED
from tests.labs import PROGRAMS
from tests.servers import (
    Answer,
    LiveServer,
    RunningUwsgi,
    Server,
    form,
    lab_of,
    number_of,
    post_json,
)
from wsgi_app.base.config import load_config
from wsgi_app.base.limits import UploadLimits

TEXT = {"Content-Type": "text/plain"}
NO_FORM = (
    "This is no form, such as name=Ana&room=hall in UTF-8, of at most 500 fields; "
    "send JSON as application/json."
)
FORMATS = ("json", "html", "text")


def body_seen(answer: Answer) -> Any:
    """What the application saw of a body."""
    assert (answer.status, answer.headers["X-Lab"]) == (200, "echo")
    return answer.json["body"]


def test_the_request_comes_back_as_the_application_sees_it(any_lab: Server) -> None:
    answer = any_lab.ask(
        "GET", "/echo?name=Jo%C3%A3o&room=hall&room=&flag", headers={"X-Student": "Jos\xc3\xa9"}
    )

    seen = answer.json
    assert (seen["method"], seen["scheme"], seen["path"]) == ("GET", "http", "/echo")
    assert seen["script_name"] == any_lab.prefix
    assert seen["query"] == "name=Jo%C3%A3o&room=hall&room=&flag"
    assert seen["parameters"] == {"name": ["João"], "room": ["hall", ""], "flag": [""]}
    assert seen["headers"]["X-Student"] == "José"
    assert (seen["body"]["kind"], seen["body"]["size"]) == ("none", 0)
    assert seen["request_id"] == answer.headers["X-Request-Id"]
    assert seen["process"] > 0


@pytest.mark.live
def test_the_chain_tells_who_it_is(live_house: tuple[LiveServer, RunningUwsgi]) -> None:
    server, uwsgi = live_house
    seen = server.ask("GET", "/lab/echo?a=%C3%A9").json

    assert seen["raw_address"] == "/porteiro/lab/echo?a=%C3%A9"
    assert seen["client"]["address"] == "127.0.0.1"
    assert int(seen["client"]["port"]) > 0
    assert seen["server"].pop("software").startswith("uWSGI 2.")
    assert seen["server"] == {
        "name": "127.0.0.1",
        "port": str(server.port),
        "protocol": "HTTP/1.1",
        "wsgi_version": "1.0",
        "multiprocess": True,
        "multithread": False,
    }
    assert seen["worker"] in map(number_of, uwsgi.other_workers())


@pytest.mark.live
@pytest.mark.parametrize("house", ["live_house", "local_house"])
def test_the_chain_passes_on_what_was_sent_and_nothing_else(
    house: str, request: pytest.FixtureRequest
) -> None:
    server = replace(request.getfixturevalue(house)[0], headers={})
    answer = server.ask("POST", "/lab/echo", b"{}", {"X-Student": "Ana", **JSON})

    assert answer.json["headers"] == {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/json",
        "Content-Length": "2",
        "X-Student": "Ana",
    }


def test_no_header_says_where_the_lab_is(any_lab: Server) -> None:
    headers = {"SCRIPT_NAME": "/elsewhere", "PATH_INFO": "/secure"}
    answer = any_lab.ask("GET", "/echo", headers=headers)

    assert (answer.status, answer.json["script_name"], answer.json["path"]) == (200, any_lab.prefix, "/echo")


@pytest.mark.live
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_server_with_threads_says_so(other_labs: Callable[[str], LiveServer], name: str) -> None:
    server = other_labs(name).ask("GET", "/echo").json["server"]

    assert (server["multiprocess"], server["multithread"]) == (False, True)


@pytest.mark.live
def test_a_body_in_chunks_comes_with_its_length_from_nginx(live_house: tuple[LiveServer, object]) -> None:
    chunks = b"3\r\nOl\xc3\r\n2\r\n\xa1!\r\n0\r\n\r\n"
    answer = live_house[0].ask("POST", "/lab/echo", chunks, {**TEXT, "Transfer-Encoding": "chunked"})

    assert body_seen(answer) == {"kind": "text", "type": "text/plain", "size": 5, "text": "Olá!"}
    assert answer.json["headers"]["Content-Length"] == "5"


def test_chunks_that_nobody_put_together_are_refused(lab: Server) -> None:
    answer = lab.ask("POST", "/echo", None, {"Transfer-Encoding": "chunked"})

    assert (answer.status, answer.error) == (411, "length_required")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "BREW"])
def test_it_answers_any_method(any_lab: Server, method: str) -> None:
    answer = any_lab.ask(method, "/echo", b"Ol\xc3\xa1!", TEXT)

    assert answer.json["method"] == method
    assert body_seen(answer) == {"kind": "text", "type": "text/plain", "size": 5, "text": "Olá!"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/b.html", "/post/7/", "/static/a.css", "/live", "/Ol%C3%A1%20%F0%9F%98%80"]
)
def test_it_answers_at_any_path_below(any_lab: Server, method: str, path: str) -> None:
    answer = any_lab.ask(method, f"/echo{path}?a=1&a=2", b"b=3", {**URLENCODED, "X-Student": "Ana"})

    seen = answer.json
    assert (seen["method"], seen["path"], seen["parameters"]) == (
        method,
        unquote(f"/echo{path}"),
        {"a": ["1", "2"]},
    )
    assert seen["headers"]["X-Student"] == "Ana"
    assert body_seen(answer)["fields"] == {"b": ["3"]}


def test_head_gets_the_headers_alone(any_lab: Server) -> None:
    answer = any_lab.ask("HEAD", "/echo")

    assert (answer.status, answer.headers["X-Lab"], answer.body) == (200, "echo", b"")


@pytest.mark.parametrize(
    ("sent", "type_header", "seen"),
    [
        (b"a=1&a=%C3%A9&b=", URLENCODED, {"kind": "form", "fields": {"a": ["1", "é"], "b": [""]}}),
        (b'{"a": [1, null, "x"]}', JSON, {"kind": "json", "value": {"a": [1, None, "x"]}}),
        (b"null", JSON, {"kind": "json", "value": None}),
        (b"a\xe9", TEXT, {"kind": "text", "text": "a\ufffd"}),
        (b"<b>", {"Content-Type": "application/xml"}, {"kind": "text", "text": "<b>"}),
        (b"\xff\xd8\x00", {"Content-Type": "image/jpeg"}, {"kind": "binary", "start": "ff d8 00"}),
        (b"a\0" * 99, {"Content-Type": "x"}, {"kind": "binary", "start": "61 00 " * 15 + "61 00"}),
    ],
)
def test_a_body_is_read_as_what_it_is(
    any_lab: Server, sent: bytes, type_header: dict[str, str], seen: dict[str, Any]
) -> None:
    answer = any_lab.ask("POST", "/echo", sent, type_header)

    assert body_seen(answer) == {"type": type_header["Content-Type"], "size": len(sent), **seen}


def test_the_parts_of_a_form_are_fields_and_files(any_lab: Server) -> None:
    parts = ("note", None, "Olá!".encode()), ("file", "a.jpg", b"\xff\xd8" * 20), ("file", "b.txt", b"")
    body, headers = form(*parts)
    body = body.replace(b'filename="b.txt"', b'filename="b.txt"\r\nContent-Type: text/plain; charset=utf-8')

    assert body_seen(any_lab.ask("POST", "/echo", body, headers)) == {
        "kind": "multipart",
        "type": "multipart/form-data",
        "size": len(body),
        "fields": {"note": ["Olá!"]},
        "files": [
            {"part": "file", "filename": "a.jpg", "type": "", "size": 40, "start": "ff d8 " * 15 + "ff d8"},
            {"part": "file", "filename": "b.txt", "type": "text/plain", "size": 0, "start": ""},
        ],
    }


@pytest.mark.parametrize(
    ("sent", "content_type", "shown"),
    [
        (b"hello", "application/x-www-form-urlencoded", {"kind": "form", "problem": NO_FORM}),
        (
            b"hello",
            "multipart/form-data",
            {"kind": "multipart", "problem": "The form is broken or incomplete."},
        ),
        (b"hello", "application/json", {"kind": "json", "problem": "The body is not valid JSON."}),
        (
            b"[" * 10_000 + b"]" * 10_000,
            "application/json",
            {"kind": "json", "problem": "The body is not valid JSON."},
        ),
        (
            b"[" * 40 + b"]" * 40,
            "application/json",
            {"kind": "json", "problem": "The JSON is nested deeper than 32 levels."},
        ),
        (
            b"1e999",
            "application/json",
            {"kind": "json", "problem": "The JSON does not fit: Number out of range"},
        ),
    ],
)
def test_a_broken_body_is_shown_with_the_reason(
    any_lab: Server, sent: bytes, content_type: str, shown: dict[str, str]
) -> None:
    answer = any_lab.ask("POST", "/echo", sent, {"Content-Type": content_type})

    assert body_seen(answer) == {"type": content_type, "size": len(sent), "text": sent.decode(), **shown}


def test_broken_bytes_that_are_no_text_are_shown_as_hex(any_lab: Server) -> None:
    assert body_seen(any_lab.ask("POST", "/echo", b"{\xff", JSON)) == {
        "kind": "json",
        "type": "application/json",
        "size": 2,
        "start": "7b ff",
        "problem": "The JSON is not in UTF-8.",
    }


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("image/jpeg", "binary"),
        ("text/csv", "text"),
        ("application/json", "json"),
        ("multipart/form-data", "multipart"),
    ],
)
def test_of_a_large_body_kind_and_size_are_told(any_lab: Server, content_type: str, kind: str) -> None:
    answer = any_lab.ask("POST", "/echo", bytes(2 * MEBIBYTE), {"Content-Type": content_type})

    assert body_seen(answer) == {
        "kind": kind,
        "type": content_type,
        "size": 2 * MEBIBYTE,
        "problem": "It is too large to be shown.",
    }


def test_a_larger_one_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("POST", "/echo", bytes(12 * MEBIBYTE + 1), TEXT)

    assert (answer.status, answer.error) == (413, "too_large")


@pytest.mark.live
def test_waitress_takes_no_more_of_it_than_nginx_does(other_labs: Callable[[str], LiveServer]) -> None:
    huge = {**TEXT, "Content-Length": str(2**30)}
    answer = other_labs("waitress").ask("POST", "/echo", None, huge)

    assert (answer.status, "X-Lab" in answer.headers) == (413, False)


def test_a_body_that_ends_early_is_refused(lab: Server) -> None:
    answer = lab.ask("POST", "/echo", b"hello", {**TEXT, "Content-Length": "9"})

    assert (answer.status, answer.error) == (400, "body_incomplete")


@pytest.mark.parametrize("word", FORMATS)
def test_what_proves_who_somebody_is_comes_back_in_no_format(any_lab: Server, word: str) -> None:
    headers = {"Cookie": "porteiro=s3cret-one; s3cret-two", "Authorization": "Basic s3cret-three"}
    headers |= {"Proxy-Authorization": "Basic s3cret-four", "X-Other": "open"}

    body = any_lab.ask("GET", f"/echo?format={word}", headers=headers).body.decode()

    assert "s3cret" not in body
    for shown in ("hidden, 31 characters", "hidden, 18 characters", "hidden, 17 characters", "open"):
        assert shown in body


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
def test_accept_says_in_which_format(any_lab: Server, accept: str, content_type: str) -> None:
    answer = any_lab.ask("GET", "/echo", headers={"Accept": accept})

    assert (answer.status, answer.headers["Content-Type"], answer.headers["X-Lab"]) == (
        200,
        content_type,
        "echo",
    )
    assert answer.headers["Vary"] == "Accept"


def test_an_unknown_format_is_refused(any_lab: Server) -> None:
    assert any_lab.ask("GET", "/echo?format=xml").error == "not_acceptable"
    assert any_lab.ask("GET", "/echo", headers={"Accept": "image/png"}).error == "not_acceptable"


def test_a_query_that_is_not_utf_8_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/echo?name=%ff")

    assert (answer.status, answer.error) == (400, "bad_query")


def test_text_has_a_line_for_each_thing(any_lab: Server) -> None:
    answer = any_lab.ask("PUT", "/echo?format=text", b'{"name": "Ana", "rooms": [1, 2]}', JSON)

    assert "method: PUT\nscheme: http\n" in answer.body.decode()
    assert "  value:\n    name: Ana\n    rooms:\n      - 1\n      - 2\n" in answer.body.decode()


@pytest.mark.parametrize(
    ("sent", "type_header", "shown"),
    [
        (b'{"a": "<i>x</i>"}', JSON, "&lt;i&gt;x&lt;/i&gt;"),
        (b"a=<i>x</i>&<i>=", URLENCODED, "&lt;i&gt;x&lt;/i&gt;"),
        (b"<i>x</i>", TEXT, "&lt;i&gt;x&lt;/i&gt;"),
        (b"x", {"Content-Type": "<i>"}, "&lt;i&gt;"),
        (*form(("<i>", "<i>.jpg", b"x"), ("<i>y", None, b"<i>")), "&lt;i&gt;.jpg"),
        (b"\0\1", {"Content-Type": "application/octet-stream"}, "00 01"),
    ],
)
def test_a_page_shows_markup_as_it_was_sent(
    any_lab: Server, sent: bytes, type_header: dict[str, str], shown: str
) -> None:
    headers = {**type_header, "Accept": "text/html", "X-Markup": "<i>"}
    answer = any_lab.ask("POST", "/echo?<i>=<i>", sent, headers)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert shown in answer.body.decode()
    assert "<i>" not in answer.body.decode()


@pytest.mark.live
def test_a_method_in_small_letters_is_refused_by_nginx(live_house: tuple[LiveServer, object]) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", live_house[0].port, timeout=30)) as connection:
        connection.request("brew", "/porteiro/lab/echo")

        assert connection.getresponse().status == 400


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("start", "repeated", "end", "content_type"),
    [
        (b"", b"\x01", b"", "text/plain"),
        (b"", b'"', b"", "text/plain"),
        (
            b"[" * 31 + b"1",
            b",1",
            b"]" * 31,
            "application/json",
        ),  # each on a line of its own, far to the right
        (b"[" * 31 + b'""', b',""', b"]" * 31, "application/json"),
    ],
)
def test_an_answer_is_never_more_than_35_times_as_long_as_the_body_that_it_shows(
    shipped_lab: Server, form: str, start: bytes, repeated: bytes, end: bytes, content_type: str
) -> None:
    most = UploadLimits().json_bytes
    body = start + repeated * ((most - len(start + end)) // len(repeated)) + end

    answer = shipped_lab.ask("POST", f"/echo?format={form}", body, {"Content-Type": content_type})

    assert answer.status == 200
    assert len(body) > most - 3
    assert len(answer.body) < 35 * most


def test_it_stands_at_the_root_of_a_server_too(tmp_path: Any) -> None:
    lab = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_PREFIX": "/"}))
    lab.prefix = ""

    assert post_json(lab, "/echo", 1).json["script_name"] == ""
    assert lab.ask("GET", "/echo?format=html").status == 200
