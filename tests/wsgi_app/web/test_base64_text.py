"""Base64 in all the ways in which clients write it."""

import base64
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

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
    "data URL with a character set": lambda data: (
        "data:image/jpeg;charset=utf-8;base64," + base64.b64encode(data).decode()
    ),
    "data URL with a name": lambda data: (
        f"DATA:image/jpeg;name={'a%20' * 200}.jpg;base64, " + base64.b64encode(data).decode()
    ),
    "data URL with a name in quotes": lambda data: (
        'data:image/jpeg;name="a, b.jpg" ;base64;x=y,\n' + base64.b64encode(data).decode()
    ),
    "data URL, percent-encoded": lambda data: (
        "data:image/jpeg;base64," + quote(base64.encodebytes(data), safe="").replace("%3D", "%3d")
    ),
    "percent-encoded": lambda data: quote(base64.b64encode(data), safe=""),
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
        "abc%zz",
        "ab%3Dcd",
        "data:;base64,data:;base64,abcd",
        "\0",
    ],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        decoded(text, "image")

    assert (refused.value.key, refused.value.values) == ("json_shape:base64", {"field": "image"})


@pytest.mark.parametrize(
    "text",
    [
        "data:image/jpeg,abcd",
        "data:,abcd",
        "data:abcd",
        "data:;base64",
        "data:base64,abcd",
        "data:;base=64,abcd",
        'data:;name="a;base64,abcd',
        f"data:;name={'a' * 10_000};base64,abcd",
    ],
)
def test_a_data_url_says_that_it_is_in_base64(text: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        decoded(text, "image")

    assert (refused.value.key, refused.value.values) == ("json_shape:data_url", {"field": "image"})


@pytest.mark.parametrize(
    "text",
    [
        "%" * 10_000_000,
        "%2b" * 3_000_000,
        'data:"' * 2_000_000,
        "data:" * 2_000_000,
        "=" * 10_000_000,
        " " * 10_000_000,
        "," * 10_000_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    with suppress(Unprocessable):
        decoded(text, "image")

    assert time.process_time() - started < 1
