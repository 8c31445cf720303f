"""How errors are said."""

import pytest

from wsgi_app.base.errors import NotFound, TooManyRequests, Unfit
from wsgi_app.base.sentences import Place, Plural, Sentence, in_words

SENTENCES: dict[str, Sentence] = {
    "not_found:person": "Nobody is called {name!r}.",
    "too_many": Plural("minutes", one="Wait a minute.", other="Wait {minutes} minutes."),
    "bad_name": {Place.TERMINAL: "Try --name.", Place.API: "Send another name."},
}


def test_an_error_among_the_values_is_said_too() -> None:
    error = NotFound("not_found:person", name=Unfit("bad_name"))

    assert in_words(SENTENCES, error, Place.TERMINAL) == "Nobody is called 'Try --name.'."


def test_a_sentence_names_the_values_of_its_error() -> None:
    error = NotFound("not_found:person", name="{Ana}")

    assert {in_words(SENTENCES, error, place) for place in Place} == {"Nobody is called '{Ana}'."}


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "Wait 0 minutes."), (1, "Wait a minute."), (2, "Wait 2 minutes.")],
)
def test_one_and_many_are_said_as_people_do(minutes: int, words: str) -> None:
    error = TooManyRequests("too_many", minutes=minutes, wait_s=60)

    assert in_words(SENTENCES, error, Place.PAGE) == words


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place.TERMINAL, "Try --name."),
        (Place.API, "Send another name."),
        (Place.PAGE, "Send another name."),
    ],
)
def test_a_place_without_words_of_its_own_has_those_of_the_api(place: Place, words: str) -> None:
    assert in_words(SENTENCES, Unfit("bad_name"), place) == words
