"""Passwords, as argon2 keeps them."""

import pytest
from argon2 import PasswordHasher

from tests.accounts import CHEAP
from wsgi_app.access.passwords import Passwords
from wsgi_app.base.errors import Unavailable


def test_a_password_fits_what_was_kept_of_it_alone() -> None:
    kept = CHEAP.hash("a fine password")

    assert kept != CHEAP.hash("a fine password")
    assert "fine" not in kept
    assert [
        CHEAP.fits(text, kept) for text in ("a fine password", "A fine password", "a fine password ", "")
    ] == [
        True,
        False,
        False,
        False,
    ]


def test_nobodys_password_is_none() -> None:
    assert [CHEAP.fits(text, None) for text in ("", "a fine password")] == [False, False]


def test_the_same_letters_written_in_another_way_fit() -> None:
    assert CHEAP.fits("cafe\u0301 \ufb01ne", CHEAP.hash("café fine"))


@pytest.mark.parametrize("text", ["x" * 1000, "密" * 1000, "\0", "\u202e"])
def test_any_text_can_be_a_password(text: str) -> None:
    assert CHEAP.fits(text, CHEAP.hash(text))


def test_what_argon2_costs_by_default_is_what_its_standard_says() -> None:
    # RFC 9106, section 4: the second recommended option.
    assert Passwords().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize(
    "kept", ["", "no hash", "$argon2id$v=19$m=8,t=1,p=1$broken", "$argon2id$" + "x" * 5000]
)
def test_a_broken_hash_is_no_5xx_but_503(kept: str) -> None:
    with pytest.raises(Unavailable):
        CHEAP.fits("", kept)


def test_too_little_memory_is_told_as_that() -> None:
    hungry = Passwords(PasswordHasher(time_cost=1, memory_cost=2**31, parallelism=1))

    with pytest.raises(Unavailable):
        hungry.hash("a fine password")
