import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wsgi_app.base.errors import Unfit
from wsgi_app.base.names import LONGEST_NAME, UNSEEN, clean_name, name_key, one_line


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ana", "Ana"),
        ("  Ana\t", "Ana"),
        ("Ana \n  Maria\u00a0\u2003Silva", "Ana Maria Silva"),
        ("ana", "ana"),
        ("Zoë O'Brien-Müller", "Zoë O'Brien-Müller"),
        ("陈 伟", "陈 伟"),
        ("<b>Ana</b>", "<b>Ana</b>"),
        ("a" * 80, "a" * 80),
        (f" {'a' * 80} ", "a" * 80),
        ("Jose\u0301", "Jos\u00e9"),
    ],
    ids=ascii,
)
def test_a_name_is_kept_with_single_spaces_inside_and_none_around(text: str, name: str) -> None:
    assert clean_name(text) == name


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "bad_name:no_letter"),
        (" \t\n\u3000", "bad_name:no_letter"),
        ("\u200d\u3164 \ufe0f", "bad_name:no_letter"),
        ("a" * 81, "bad_name:long"),
        ("Ana\0", "bad_name:control"),
        ("Ana\x1b[31m", "bad_name:control"),
        ("Ana\u202eanA", "bad_name:control"),
    ],
    ids=ascii,
)
def test_what_cannot_be_a_name_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(Unfit) as refused:
        clean_name(text)

    assert (refused.value.key, refused.value.values["name"]) == (why, text)


@pytest.mark.parametrize("text", ["Ana\ud800", "Jo\udce3o"], ids=ascii)
def test_what_is_no_text_is_no_name(text: str) -> None:
    with pytest.raises(Unfit) as refused:
        clean_name(text)

    assert (refused.value.key, refused.value.values) == ("bad_name:bytes", {})


@settings(deadline=None)
@example("Jose\u0301")
@given(st.text(max_size=100) | st.text(st.characters(exclude_categories=["C", "Z"]), max_size=81))
def test_a_name_is_either_refused_or_short_printable_and_already_clean(text: str) -> None:
    try:
        name = clean_name(text)
    except ValueError:
        given_name = " ".join(text.split())
        spelled = unicodedata.normalize("NFC", given_name)
        seen = one_line(UNSEEN.sub("", spelled))
        assert not seen or len(spelled) > LONGEST_NAME or not given_name.isprintable()
    else:
        assert clean_name(name) == name
        assert 1 <= len(name) <= LONGEST_NAME
        assert unicodedata.is_normalized("NFC", name)
        assert name.split(" ") == name.split()
        assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in name)


@given(st.text())
def test_a_line_is_composed_and_has_single_spaces_inside_and_none_around(text: str) -> None:
    line = one_line(text)
    assert line == " ".join(line.split())
    assert one_line(unicodedata.normalize("NFD", text)) == line


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
