"""What every refusal says to a program, and what says it for a callable beside the house."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated

import msgspec

from wsgi_app.base.errors import PorteiroError
from wsgi_app.base.sentences import Say, Sentence, in_words
from wsgi_app.house.words.errors import SENTENCES


class Error(msgspec.Struct):
    """Why a request was refused."""

    code: Annotated[str, msgspec.Meta(description="a stable word for programs")]
    message: Annotated[str, msgspec.Meta(description="one sentence for people")]


class ErrorBody(msgspec.Struct):
    """What every refusal says to a program."""

    error: Error

    @classmethod
    def of(cls, error: PorteiroError, message: str) -> "ErrorBody":
        """An error, and the sentence that says it."""
        return cls(Error(error.code, message))


def saying(own: Mapping[str, Sentence]) -> Say:
    """What says the errors of a callable beside the house: its own, and those of web and all below."""
    return partial(in_words, {**SENTENCES, **own})
