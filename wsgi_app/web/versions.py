"""Versions: told with what is given, and asked for before it is changed."""

from collections.abc import Callable
from typing import TypeVar

from webob.etag import ETagMatcher

from wsgi_app.web.call import Call

Thing = TypeVar("Thing")


def etag(version: str) -> dict[str, str]:
    """The header that tells a version."""
    return {"ETag": f'"{version}"'}


def expected(call: Call, version: Callable[[Thing], str]) -> Callable[[Thing], bool]:
    """Whether something is still as the caller last saw it, or they do not care.

    Args:
        call: with ``If-Match`` where they care.
        version: of the thing, as its ``ETag`` tells it.
    """
    if "If-Match" not in call.request.headers:
        return lambda _thing: True
    # nginx calls the versions of what it compresses weak (``W/``); they tell the same states.
    if_match = ETagMatcher.parse(call.request.headers["If-Match"], strong=False)
    return lambda thing: version(thing) in if_match
