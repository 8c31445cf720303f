"""What every refusal says to a program, and what says it for a callable beside the house."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated

import msgspec

from wsgi_app.base.errors import PorteiroError, RequestError
from wsgi_app.base.sentences import Say, Sentence, in_words
from wsgi_app.house.words.errors import SENTENCES
from wsgi_app.web.links import Links


class Error(msgspec.Struct, omit_defaults=True):
    """Why a request was refused."""

    code: Annotated[str, msgspec.Meta(description="a stable word for programs")]
    message: Annotated[str, msgspec.Meta(description="one sentence for people")]
    links: Annotated[
        dict[str, str],
        msgspec.Meta(description="where the kept face is that it is about: face, its photo, its person"),
    ] = {}


class ErrorBody(msgspec.Struct):
    """What every refusal says to a program."""

    error: Error

    @classmethod
    def of(
        cls, error: PorteiroError, message: str, links: Mapping[str, str] = MappingProxyType({})
    ) -> "ErrorBody":
        """An error, the sentence that says it, and where is what it is about."""
        return cls(Error(error.code, message, dict(links)))


def error_links(error: RequestError, links: Links) -> dict[str, str]:
    """Where the kept face is that a refusal is about, and whose it is; empty where it is about none."""
    kept = error.counterpart
    if kept is None:
        return {}
    return {"face": links.face(kept.person_id, kept.face_id), **links.of_face(kept.person_id, kept.face_id)}


def saying(own: Mapping[str, Sentence]) -> Say:
    """What says the errors of a callable beside the house: its own, and those of web and all below."""
    return partial(in_words, {**SENTENCES, **own})
