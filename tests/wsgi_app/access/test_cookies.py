"""The cookie of a sign-in."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webob.cookies import SignedSerializer

from wsgi_app.access import cookies

KEY, SECRET = bytes(range(32)), b"a secret of thirty-two bytes ..."


def test_a_cookie_that_was_signed_here_gives_its_key_back() -> None:
    value = cookies.signed(KEY, SECRET)

    assert cookies.VALUE.fullmatch(value)
    assert cookies.key_in(value, SECRET) == KEY


@pytest.mark.parametrize("position", range(128))
def test_a_cookie_with_another_letter_gives_none(position: int) -> None:
    value = cookies.signed(KEY, SECRET)
    for letter in "Aa0_.":
        changed = value[:position] + letter + value[position + 1 :]
        assert cookies.key_in(changed, SECRET) == (KEY if changed == value else None)


def test_another_secret_signs_otherwise() -> None:
    assert cookies.key_in(cookies.signed(KEY, b"another"), SECRET) is None


@pytest.mark.parametrize("salt", ["", "session", "porteiro"])
def test_what_was_signed_for_something_else_is_no_cookie(salt: str) -> None:
    value = SignedSerializer(SECRET, salt, serializer=cookies.BytesSerializer()).dumps(KEY).decode()

    assert len(value) == len(cookies.signed(KEY, SECRET))
    assert cookies.key_in(value, SECRET) is None


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64, 3_000])
def test_a_key_of_another_length_is_none(length: int) -> None:
    assert cookies.key_in(cookies.signed(b"k" * length, SECRET), SECRET) is None


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda value: "", id="nothing"),
        pytest.param(lambda value: "A" * 128, id="no signature"),
        pytest.param(lambda value: value[:-1], id="a letter less"),
        pytest.param(lambda value: f"{value}A", id="a letter more"),
        pytest.param(lambda value: f"{value}\n", id="a line's end"),
        pytest.param(lambda value: f"{value}==", id="padding"),
        pytest.param(lambda value: f"{value[:64]}!{value[64:]}", id="a letter that base64 does not have"),
        pytest.param(lambda value: value * 1_000, id="many times"),
        pytest.param(lambda value: "A" * 1_000_000, id="a million letters"),
        pytest.param(lambda value: "\ud800é\0" * 40, id="no text"),
    ],
)
def test_garbage_is_none(edit: Callable[[str], str]) -> None:
    assert cookies.key_in(edit(cookies.signed(KEY, SECRET)), SECRET) is None


@given(value=st.text(max_size=200) | st.from_regex(cookies.VALUE, fullmatch=True))
def test_whatever_is_sent_is_none_and_nothing_goes_wrong(value: str) -> None:
    assert cookies.key_in(value, SECRET) is None


def test_what_pages_show_does_not_sign_cookies() -> None:
    csrf = cookies.csrf_of(KEY, SECRET)

    assert len(csrf) == 43
    assert csrf not in cookies.signed(KEY, SECRET)
    assert csrf != cookies.csrf_of(KEY[::-1], SECRET)
