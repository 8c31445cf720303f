"""How errors are said: tables of sentences by the errors' keys.

The tables stand higher up (``house/words``, ``lab/words``), where it is known what a button or a command is
called. A sentence has the values of its error in braces, as ``str.format`` takes them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from wsgi_app.base.errors import PorteiroError


class Place(StrEnum):
    """Where an error is said, and so by what name what helps is called there."""

    PAGE = "page"
    """To somebody in a browser, who has buttons."""
    TERMINAL = "terminal"
    """To the owner at the machine, who has commands."""
    API = "api"
    """To a program, which has fields; and to whoever reads its log."""


@dataclass(frozen=True)
class Plural:
    """A sentence about a number of something.

    Attributes:
        count: the value that counts.
        one: said of a single one.
        other: of any other number.
    """

    count: str
    one: str
    other: str


# One that differs by place names those where it is said; a place left out says what the API says.
Sentence = str | Plural | Mapping[Place, str]

Say = Callable[[PorteiroError, Place], str]


def in_words(sentences: Mapping[str, Sentence], error: PorteiroError, place: Place) -> str:
    """An error in words, behind the setting that led to it where there is one; so too those among its values.

    Args:
        sentences: by the keys of errors.
        error: what is said.
        place: where.
    """
    sentence = sentences[error.key]
    if isinstance(sentence, Plural):
        sentence = sentence.one if error.values[sentence.count] == 1 else sentence.other
    elif not isinstance(sentence, str):
        sentence = sentence[place if place in sentence else Place.API]
    values = {
        name: in_words(sentences, value, place) if isinstance(value, PorteiroError) else value
        for name, value in error.values.items()
    }
    said = sentence.format_map(values)
    return f"{error.setting}: {said}" if error.setting else said
