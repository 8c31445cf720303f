"""Forms of pages, read as the same typed values that programs send."""

import contextlib
import json
from datetime import date
from io import BytesIO
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob import Request

from wsgi_app.base.errors import BadRequest, ContentTooLarge, LengthRequired, RequestError, Unprocessable
from wsgi_app.base.limits import UploadLimits
from wsgi_app.web.forms import (
    MOST_FIELDS,
    given_csrf,
    is_form,
    keep_form,
    read_body,
    read_query,
    take_method,
)
from wsgi_app.web.uploads import BodyReader

LIMITS = UploadLimits()


class Guest(msgspec.Struct, forbid_unknown_fields=True):
    """A body with a field of each kind."""

    name: str
    until: date | None = None
    rooms: list[str] = []
    age: Annotated[int, msgspec.Meta(ge=0, le=150)] | None = None
    stays: bool = False


def posted(
    data: bytes, content_type: str = "application/x-www-form-urlencoded", method: str = "POST"
) -> Request:
    """A request as the application has it before it looks for the address."""
    request = Request.blank("/", method=method)
    request.environ |= {
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": BodyReader(BytesIO(data), len(data)),
    }
    return request


def take(request: Request) -> None:
    """What the house does with a form before it looks for the address."""
    keep_form(request, LIMITS)
    take_method(request)


def guest_of(data: bytes) -> Guest:
    """What is read out of a form."""
    request = posted(data)
    take(request)
    return read_body(request, Guest, LIMITS.json_bytes)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"name=Ana", Guest("Ana")),
        (b"name=Ana+Maria+%C3%A9%26", Guest("Ana Maria \xe9&")),
        (b"name=Ana&until=2026-03-01&age=30&stays=true", Guest("Ana", date(2026, 3, 1), [], 30, True)),
        (b"name=Ana&until=&age=", Guest("Ana")),
        (b"name=", Guest("")),
        (b"name=Ana&rooms=hall", Guest("Ana", rooms=["hall"])),
        (b"name=Ana&rooms=hall&rooms=attic", Guest("Ana", rooms=["hall", "attic"])),
        (b"name=Ana&name=Bea", Guest("Bea")),
        (b"name=A;b", Guest("A;b")),  # only & parts fields
        (b"name=100%25+%zz", Guest("100% %zz")),
        (b"csrf=token&_method=PATCH&name=Ana", Guest("Ana")),
    ],
)
def test_fields_become_the_values_that_the_type_wants(sent: bytes, read: Guest) -> None:
    assert guest_of(sent) == read


def test_a_program_sends_the_same_as_json() -> None:
    data = json.dumps({"name": "Ana", "until": "2026-03-01", "rooms": ["hall"], "age": 30}).encode()
    request = posted(data, "application/json")
    take(request)

    assert not is_form(request)
    assert read_body(request, Guest, LIMITS.json_bytes) == Guest("Ana", date(2026, 3, 1), ["hall"], 30)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"until=2026-03-01",
        b"name=A&role=owner",
        b"name=A&age=old",
        b"name=A&age=-1",
        b"name=A&until=soon",
    ],
)
def test_a_form_of_another_shape_is_refused_with_the_place(sent: bytes) -> None:
    with pytest.raises(Unprocessable, match="form_shape why=") as refused:
        guest_of(sent)

    assert refused.value.code == "form_shape"


@pytest.mark.parametrize(
    ("sent", "content_type"),
    [
        (b"said=" + b"x" * 31, "application/x-www-form-urlencoded"),
        (b'{"said": "' + b"x" * 31 + b'"}', "application/json"),
    ],
)
def test_a_text_that_is_too_long_is_told_how_long_it_may_be(sent: bytes, content_type: str) -> None:
    class Message(msgspec.Struct):
        said: Annotated[str, msgspec.Meta(max_length=30)]

    request = posted(sent, content_type)
    take(request)

    with pytest.raises(Unprocessable, match=r"_shape:long field='said' most=30$"):
        read_body(request, Message, LIMITS.json_bytes)


@pytest.mark.parametrize(
    "sent",
    [b"name", b"name=A&&", b"&", b"name=%ff%fe", "name=\xe9".encode(), b"\xff\xfe\x00", b'{"name":"A"}'],
)
def test_what_is_no_form_is_refused(sent: bytes) -> None:
    with pytest.raises(BadRequest) as refused:
        guest_of(sent)

    assert (refused.value.key, refused.value.values) == ("bad_form:fields", {"most": 500})


def test_a_query_has_fields_too() -> None:
    assert read_query(Request.blank("/?name=Ol%C3%A1+x&rooms=hall&rooms=&flag")) == {
        "name": ["Olá x"],
        "rooms": ["hall", ""],
        "flag": [""],
    }
    assert read_query(Request.blank("/")) == {}
    with pytest.raises(BadRequest) as refused:
        read_query(Request.blank("/?name=%ff"))
    assert refused.value.code == "bad_query"


def test_a_form_has_so_many_fields_and_so_many_bytes() -> None:
    assert guest_of(b"name=A" + b"&rooms=x" * (MOST_FIELDS - 1)).rooms == ["x"] * (MOST_FIELDS - 1)
    with pytest.raises(BadRequest):
        guest_of(b"name=A" + b"&rooms=x" * MOST_FIELDS)
    with pytest.raises(ContentTooLarge):
        guest_of(b"name=" + b"x" * LIMITS.json_bytes)


def test_a_form_needs_a_length() -> None:
    request = posted(b"name=A")
    del request.environ["CONTENT_LENGTH"]

    with pytest.raises(LengthRequired):
        take(request)


@pytest.mark.parametrize(
    ("field", "method"),
    [(b"", "POST"), (b"_method=", "POST"), (b"_method=POST", "POST")]
    + [(f"_method={method}".encode(), method) for method in ("PUT", "PATCH", "DELETE")]
    + [(b"_method=PUT&_method=DELETE", "DELETE")],
)
def test_a_form_means_the_method_that_it_names(field: bytes, method: str) -> None:
    request = posted(field)

    take(request)

    assert (request.method, is_form(request)) == (method, True)


def test_a_form_that_is_only_kept_is_a_post_whatever_it_means() -> None:
    request = posted(b"_method=DELETE")

    keep_form(request, LIMITS)

    assert (request.method, is_form(request)) == ("POST", True)


@pytest.mark.parametrize(
    "method", ["TRACE", "GET", "HEAD", "OPTIONS", "CONNECT", "delete", "DELETE ", "X" * 999]
)
def test_it_can_mean_no_other(method: str) -> None:
    with pytest.raises(BadRequest, match=r"^bad_form:method field='_method'$"):
        guest_of(b"_method=" + method.encode().replace(b" ", b"+"))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_what_is_posted_is_a_form(method: str) -> None:
    request = posted(b"_method=DELETE", method=method)

    take(request)

    assert (request.method, is_form(request)) == (method, False)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data", ""])
def test_nothing_of_another_type_is_a_form(content_type: str) -> None:
    request = posted(b"_method=DELETE", content_type)

    take(request)

    assert (request.method, is_form(request)) == ("POST", False)


@pytest.mark.parametrize(
    "content_type", ["APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded; charset=utf-8"]
)
def test_the_type_may_be_written_otherwise(content_type: str) -> None:
    request = posted(b"_method=DELETE", content_type)

    take(request)

    assert request.method == "DELETE"


def test_the_proof_of_the_page_comes_as_a_field_or_as_a_header() -> None:
    form, program = posted(b"csrf=of-the-form"), posted(b"{}", "application/json")
    for request in (form, program):
        request.headers["X-CSRF-Token"] = "of-the-header"
        take(request)

    assert (given_csrf(form), given_csrf(program)) == ("of-the-form", "of-the-header")
    assert given_csrf(posted(b"{}", "application/json")) == ""


def test_the_proof_shows_in_no_log() -> None:
    request = posted(b"csrf=secret")
    take(request)

    assert "secret" not in repr(request.environ["porteiro.form"])


@given(st.binary(max_size=200) | st.text("name=&+%0fF_method;\xe9", max_size=60).map(str.encode))
def test_nothing_that_is_sent_raises_anything_but_a_refusal(data: bytes) -> None:
    with contextlib.suppress(RequestError):
        assert isinstance(guest_of(data).name, str)
