"""Base64 in all the ways in which clients write it."""

import base64
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.base.errors import Unprocessable
from wsgi_app.web.base64_text import decoded

WAYS: dict[str, Callable[[bytes], str]] = {
    "plain": lambda data: base64.b64encode(data).decode(),
    "encodebytes": lambda data: base64.encodebytes(data).decode(),
    "lines of the base64 command, with CR": lambda data: "\r\n".join(
        textwrap.wrap(base64.b64encode(data).decode(), 76)
    ),
    "URL-safe": lambda data: base64.urlsafe_b64encode(data).decode(),
    "without padding": lambda data: base64.b64encode(data).decode().rstrip("="),
    "URL-safe without padding": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "data URL": lambda data: "data:image/jpeg;base64," + base64.b64encode(data).decode(),
    "data URL with more": lambda data: " Data:image/png;x=y;BASE64," + base64.encodebytes(data).decode(),
    "data URL without a type": lambda data: "data:;base64," + base64.b64encode(data).decode(),
    "with spaces": lambda data: " \t".join(base64.b64encode(data).decode()) + " ",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(data=st.binary(max_size=300))
def test_what_any_client_writes_is_read(way: Callable[[bytes], str], data: bytes) -> None:
    assert decoded(way(data), "image") == data


@pytest.mark.parametrize(
    "text",
    [
        "!!! not base64 !!!",
        "abc.",
        "é" * 8,
        "a",
        "abcde",
        "ab=cd",
        "data:image/jpeg,abcd",
        "data:;base64",
        "\0",
    ],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        decoded(text, "image")

    assert (refused.value.key, refused.value.values) == ("json_shape:base64", {"field": "image"})


@pytest.mark.parametrize("text", ["data:" * 2_000_000, "=" * 10_000_000, " " * 10_000_000, "," * 10_000_000])
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    with suppress(Unprocessable):
        decoded(text, "image")

    assert time.process_time() - started < 1
