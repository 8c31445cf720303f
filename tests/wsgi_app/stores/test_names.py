import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.stores.names import name_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ana", "ANA"),
        ("Jos\u00e9", "Jose\u0301"),
        (" Ana  Maria", "ana maria"),
        ("Stra\u00dfer", "STRASSER"),
        ("Ana", "\uff21n\u1d43"),
        ("o\ufb03ce", "OFFICE"),
        ("Ana", "A\u200cn\u200da\ufe0f"),
        ("Ana", "\u3164Ana"),
    ],
    ids=ascii,
)
def test_two_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Ana", "Anna"), ("Jos\u00e9", "Jose"), ("Ana Maria", "AnaMaria")], ids=ascii
)
def test_two_names_have_two_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(max_size=100))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)
