"""Fields of forms, in this process and under every server."""

import pytest

from tests.hostile import JSON, URLENCODED
from tests.servers import Server, form
from wsgi_app.base.limits import UploadLimits
from wsgi_app.web.forms import MOST_FIELDS

SMALL = UploadLimits().json_bytes


def test_a_query_comes_back_as_json(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/form?name=Jo%C3%A3o&room=hall&room=&flag")

    assert (answer.status, answer.headers["X-Lab"]) == (200, "form")
    assert answer.json == {
        "method": "GET",
        "fields": {"name": ["João"], "room": ["hall", ""], "flag": [""]},
    }


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (b"name=Jo%C3%A3o+Silva&room=hall&room=", {"name": ["João Silva"], "room": ["hall", ""]}),
        (b"_method=DELETE&csrf=x", {"_method": ["DELETE"], "csrf": ["x"]}),
        (b"", {}),
    ],
)
def test_so_does_a_forms_body(
    any_lab: Server, method: str, sent: bytes, fields: dict[str, list[str]]
) -> None:
    answer = any_lab.ask(method, "/form?query=none", sent, URLENCODED)

    assert (answer.status, answer.headers["X-Lab"]) == (200, "form")
    assert answer.json == {"method": method, "fields": fields}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_of_a_file_its_size_comes_back(any_lab: Server, method: str) -> None:
    photo = bytes(60_000)
    body, headers = form(("name", None, "João".encode()), ("file", "a.jpg", photo), ("file", "b.jpg", b""))

    answer = any_lab.ask(method, "/form", body, headers)

    assert answer.json == {"method": method, "fields": {"name": ["João"], "file": [60_000, 0]}}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("filename", [None, "a.jpg"])
def test_a_form_in_parts_is_as_small_as_any_other(any_lab: Server, method: str, filename: str | None) -> None:
    around, _ = form(("name", filename, b""))
    full, headers = form(("name", filename, b"\x01" * (SMALL - len(around))))
    over, _ = form(("name", filename, b"\x01" * (SMALL - len(around) + 1)))

    taken, refused = any_lab.ask(method, "/form", full, headers), any_lab.ask(method, "/form", over, headers)

    assert taken.status == 200
    assert len(taken.body) < 7 * SMALL  # a control character is one byte in a part, and six in JSON
    assert (refused.status, refused.error) == (413, "too_large")
    assert refused.json["error"]["message"] == f"The body is too large: at most {SMALL} bytes."


def test_a_form_of_too_many_parts_is_told_how_many_there_may_be(lab: Server) -> None:
    body, headers = form(*[("a", None, b"")] * 17)

    answer = lab.ask("POST", "/form", body, headers)

    assert (answer.status, answer.error) == (413, "too_large")
    assert answer.json["error"]["message"] == "The form is too large: at most 16 parts of 65536 bytes."


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}])
def test_so_does_whoever_names_no_field_and_no_format(any_lab: Server, headers: dict[str, str]) -> None:
    page = any_lab.ask("GET", "/form", headers=headers)
    for_program = any_lab.ask("GET", "/form", headers={"Accept": "application/json"})

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert for_program.json == {"method": "GET", "fields": {}}


def test_a_browser_gets_a_page_with_forms(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/form?name=<i>", headers={"Accept": "text/html"})

    assert (answer.status, answer.headers["X-Lab"]) == (200, "form")
    assert f'<form class="stack" method="post" action="{any_lab.prefix}/form">' in answer.body.decode()
    assert "<dt>name</dt><dd>&lt;i&gt;</dd>" in answer.body.decode()


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    ("sent", "content_type", "status", "code"),
    [
        (b"hello", "application/x-www-form-urlencoded", 400, "bad_form"),
        (b"name=%ff", "application/x-www-form-urlencoded", 400, "bad_form"),
        (b"&".join([b"a="] * (MOST_FIELDS + 1)), "application/x-www-form-urlencoded", 400, "bad_form"),
        (b"name=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413, "too_large"),
        (b"hello", "multipart/form-data; boundary=x", 400, "bad_form"),
        (b"hello", "multipart/form-data", 400, "bad_form"),
        (form(*[("a", None, b"")] * 17)[0], "multipart/form-data; boundary=frontier", 413, "too_large"),
        (b"name=Ana", "text/plain", 415, "unsupported_media_type"),
        (b"name=Ana", "", 415, "unsupported_media_type"),
        (b"{}", JSON["Content-Type"], 415, "unsupported_media_type"),
    ],
)
def test_what_is_no_form_is_refused(
    shipped_lab: Server, method: str, sent: bytes, content_type: str, status: int, code: str
) -> None:
    answer = shipped_lab.ask(method, "/form", sent, {"Content-Type": content_type})

    assert (answer.status, answer.error) == (status, code)


def test_a_body_needs_a_length(lab: Server) -> None:
    answer = lab.ask("POST", "/form", None, URLENCODED)

    assert (answer.status, answer.error) == (411, "length_required")


def test_a_query_that_is_not_utf_8_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/form?name=%ff")

    assert (answer.status, answer.error) == (400, "bad_query")


def test_a_forms_fields_cannot_be_deleted(any_lab: Server) -> None:
    answer = any_lab.ask("DELETE", "/form")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, POST, PUT")
