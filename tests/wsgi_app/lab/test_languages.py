"""Which language is chosen, and which names are shown; the endpoints' tests ask for the rest."""

import pytest
from webob import Request, Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.lab.languages import LONGEST_HEADER, LONGEST_NAME, in_language, language_of, name_to_show

KNOWN = ("en", "pt", "ko")


@pytest.mark.parametrize(
    ("address", "accepted", "language"),
    [
        ("/?lang=ko", "pt", "ko"),
        ("/?lang=", "pt", "pt"),
        ("/", "fr, pt-BR;q=0.5", "pt"),
        ("/", "fr", "en"),
        ("/", "ko," * (LONGEST_HEADER // 3), "ko"),
    ],
)
def test_the_query_goes_before_the_header_and_english_is_for_everybody_else(
    address: str, accepted: str, language: str
) -> None:
    assert language_of(Request.blank(address, headers={"Accept-Language": accepted}), KNOWN) == language


@pytest.mark.parametrize(
    ("address", "accepted", "key", "values"),
    [
        ("/?lang=fr", "en", "unknown_language", {"languages": "en, pt, ko"}),
        ("/", "x" * 1001, "header_too_long", {"header": "Accept-Language", "most": 1000}),
    ],
)
def test_what_names_no_language_is_refused(
    address: str, accepted: str, key: str, values: dict[str, object]
) -> None:
    with pytest.raises(BadRequest) as refused:
        language_of(Request.blank(address, headers={"Accept-Language": accepted}), KNOWN)

    assert (refused.value.key, refused.value.values) == (key, values)


@pytest.mark.parametrize(("address", "vary"), [("/", "Accept-Language"), ("/?lang=ko", None)])
def test_an_answer_says_its_language_and_whether_a_header_chose_it(address: str, vary: str | None) -> None:
    response = in_language(Response(), Request.blank(address), "ko")

    assert (response.headers["Content-Language"], response.headers.get("Vary")) == ("ko", vary)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", ""), (" João ", "João"), ("예나", "예나"), ("x" * LONGEST_NAME, "x" * LONGEST_NAME)],
)
def test_a_name_is_shown_without_the_spaces_around_it(text: str, shown: str) -> None:
    assert name_to_show(text, "name") == shown


@pytest.mark.parametrize("text", ["x" * (LONGEST_NAME + 1), "a\0b", "a\nb", "a\x7fb"])
def test_a_name_that_cannot_be_shown_is_refused_where_it_was_sent(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        name_to_show(text, "X-Student")

    assert (refused.value.key, refused.value.values) == (
        "bad_name:shown",
        {"where": "X-Student", "most": 100},
    )
