"""Bounded readers of request bodies."""

import base64
import json
from io import BytesIO
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob import Request

from wsgi_app.base.errors import BadRequest, ContentTooLarge, LengthRequired, Unprocessable
from wsgi_app.web.uploads import DEEPEST_JSON, BodyReader, read_bytes, read_json, read_length, skip_bytes


class Named(msgspec.Struct):
    name: str
    data: bytes = b""


def posted(body: bytes, headers: dict[str, str], length: int | None = None) -> Request:
    request = Request.blank("/", method="POST", headers=headers)
    length = len(body) if length is None else length
    request.environ["CONTENT_LENGTH"] = str(length)
    request.environ["wsgi.input"] = BodyReader(BytesIO(body), length)
    return request


def test_typed_json_is_read_with_base64_as_bytes() -> None:
    value = {"name": "x", "data": base64.b64encode(b"\0\1\2").decode(), "more": [1]}
    request = posted(json.dumps(value).encode(), {"Content-Type": "application/json; charset=utf-8"})

    assert read_json(request, Named, 1_000) == Named("x", b"\0\1\2")


def test_json_of_another_shape_says_where() -> None:
    with pytest.raises(Unprocessable) as refused:
        read_json(posted(b'{"name": 7}', {"Content-Type": "application/json"}), Named, 1_000)

    assert (refused.value.key, refused.value.values) == (
        "json_shape",
        {"why": "Expected `str`, got `int` - at `$.name`"},
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_json_may_begin_with_a_mark_of_its_encoding(encoding: str) -> None:
    request = posted('{"name": "olá"}'.encode(encoding), {"Content-Type": "application/json"})

    assert read_json(request, Named, 1_000) == Named("olá")


@pytest.mark.parametrize(
    ("body", "key"),
    [
        *(
            ('{"name": "x"}'.encode(encoding), "bad_json:not_utf8")
            for encoding in ("utf-16", "utf-32", "utf-16-le")
        ),
        (b'{"name": "ol\xe1"}', "bad_json:not_utf8"),
        (b"\xef\xbb\xbf", "bad_json"),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "bad_json"),
        (b"{'name': 'x'}", "bad_json"),
    ],
)
def test_json_in_another_encoding_is_refused_as_that(body: bytes, key: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_json(posted(body, {"Content-Type": "application/json"}), Named, 1_000)

    assert refused.value.key == key


@given(st.binary(max_size=300))
def test_bytes_that_are_no_named_json_are_refused(data: bytes) -> None:
    request = posted(b"[" + data, {"Content-Type": "application/json"})

    with pytest.raises((BadRequest, Unprocessable)):
        read_json(request, Named, 1_000)


@pytest.mark.parametrize(("opening", "end"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[1,{"a":', b"}]")])
def test_json_is_only_so_deep(opening: bytes, end: bytes) -> None:
    levels = DEEPEST_JSON // (len(end))
    as_deep, deeper = (
        opening * levels + b"1" + end * levels,
        opening * (levels + 1) + b"1" + end * (levels + 1),
    )
    headers = {"Content-Type": "application/json"}

    assert read_json(posted(as_deep, headers), Any, 1_000) == json.loads(as_deep)
    with pytest.raises(BadRequest) as refused:
        read_json(posted(deeper, headers), Any, 1_000)

    assert (refused.value.key, refused.value.values) == ("bad_json:deep", {"levels": DEEPEST_JSON})


def test_a_body_that_comes_bit_by_bit_is_read_whole() -> None:
    class Slow(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(1)

    request = posted(b"", {})
    request.environ |= {"CONTENT_LENGTH": "5", "wsgi.input": BodyReader(Slow(b"hello"), 5)}

    assert read_bytes(request, 5) == b"hello"


def test_one_that_ends_early_is_no_whole_body() -> None:
    with pytest.raises(BadRequest) as refused:
        read_bytes(posted(b"hello", {}, length=9), 10)

    assert refused.value.code == "body_incomplete"


def test_a_skipped_body_is_read_to_its_end() -> None:
    request = posted(bytes(200_000), {})

    assert (skip_bytes(request, 200_000), request.environ["wsgi.input"].left) == (200_000, 0)
    with pytest.raises(ContentTooLarge):
        skip_bytes(posted(bytes(200_001), {}), 200_000)
    with pytest.raises(BadRequest):
        skip_bytes(posted(b"short", {}, length=9), 200_000)


def test_a_body_without_length_is_refused() -> None:
    request = posted(b"{}", {"Content-Type": "application/json"})
    request.environ["CONTENT_LENGTH"] = ""

    with pytest.raises(LengthRequired):
        read_json(request, Named, 1_000)


def test_lengths_are_plain_numbers() -> None:
    assert [read_length({"CONTENT_LENGTH": text}) for text in ("0", "17", "")] == [0, 17, None]
    assert read_length({}) is None
    for text in ("-1", "+1", "1.0", "\u0663", "1 2"):
        with pytest.raises(BadRequest):
            read_length({"CONTENT_LENGTH": text})


def test_a_reader_never_reads_past_its_length() -> None:
    stream = BytesIO(b"body" + b"the next request")
    reader = BodyReader(stream, 4)

    assert (reader.read(3), reader.read(), reader.read(), stream.tell()) == (b"bod", b"y", b"", 4)


def test_a_drained_reader_forgives_what_never_comes() -> None:
    reader = BodyReader(BytesIO(b"short"), 1_000_000)

    reader.drain(500_000)

    assert reader.read() == b""


def test_a_connection_that_breaks_is_a_bad_request() -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("error during read")

    with pytest.raises(BadRequest):
        BodyReader(Broken(), 10).read()
