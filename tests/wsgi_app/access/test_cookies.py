"""The cookie of a sign-in."""

import pytest

from wsgi_app.access import cookies

KEY, SECRET = bytes(range(32)), b"a secret of thirty-two bytes ..."


def test_a_cookie_that_was_signed_here_gives_its_key_back() -> None:
    value = cookies.signed(KEY, SECRET)

    assert cookies.VALUE.fullmatch(value)
    assert cookies.key_in(value, SECRET) == KEY


@pytest.mark.parametrize("position", range(87))
def test_a_cookie_with_another_letter_gives_none_or_the_same_key(position: int) -> None:
    # The last letter of 43 has two bits that mean nothing: four letters read alike.
    value = cookies.signed(KEY, SECRET)
    for letter in "Aa0_.":
        changed = value[:position] + letter + value[position + 1 :]
        assert cookies.key_in(changed, SECRET) in (
            (None,) if changed != value and position != 42 else (None, KEY)
        )


def test_another_secret_signs_otherwise() -> None:
    assert cookies.key_in(cookies.signed(KEY, b"another"), SECRET) is None


def test_what_pages_show_does_not_sign_cookies() -> None:
    csrf = cookies.csrf_of(KEY, SECRET)

    assert len(csrf) == 43
    assert csrf not in cookies.signed(KEY, SECRET)
    assert csrf != cookies.csrf_of(KEY[::-1], SECRET)
