"""Long lists, a page at a time: ``?limit=`` and a cursor, and a ``Link`` to the next page."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from webob import Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.web.call import Call
from wsgi_app.web.rendering import negotiated, query_text

LONGEST_TEXT = 200
CARDS = 24  # of a list, on a page for people
# Formats whose readers follow links without the Accept header that they began with.
FOLLOWED_AS = {"atom": {"format": "atom"}}

Item = TypeVar("Item")


def listed(
    call: Call,
    read: Callable[[int], Sequence[Item]],
    cursor: Callable[[Item], object],
    formats: Mapping[str, tuple[int | None, Callable[[list[Item], str], Response]]],
) -> Response:
    """A page of a list in the format that fits the client.

    Args:
        call: with how many the client wants at once, and in which format.
        read: gives at most so many items, from where the query says on.
        cursor: where the next page goes on, by the last item of this one; the route's ``paged`` names it.
        formats: by words of ``rendering.FORMATS``: how many items are usual, ``None`` for as many as the
            limit allows, and what makes the answer of the items and the address of the page that follows.

    Raises:
        NotAcceptable: no format fits.
        BadRequest: as ``number_of`` says.
    """

    def answer(word: str) -> Response:
        usual, make = formats[word]
        limit = page_size(call, usual)
        items = list(read(limit + 1))
        next_page = ""
        if len(items) > limit:
            query = {str(call.route.paged): str(cursor(items[limit - 1])), "limit": str(limit)}
            next_page = same_list(call, **query, **FOLLOWED_AS.get(word, {}))
        return with_next(make(items[:limit], next_page), next_page)

    return negotiated(call.request, {word: partial(answer, word) for word in formats})


def page_size(call: Call, usual: int | None = None) -> int:
    """How many items the client wants at once, or the usual number, up to the limit.

    Raises:
        BadRequest: not a positive number.
    """
    most = call.house.config.limits.requests.page_items
    return min(number_of(call, "limit") or usual or most, most)


def number_of(call: Call, key: str) -> int | None:
    """A positive number out of the query, ``None`` without one.

    Raises:
        BadRequest: something else.
    """
    text = query_text(call.request, key)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(2**62)) and 0 < int(text) < 2**62):
        raise BadRequest("bad_query:number", field=key)
    return int(text)


def text_of(call: Call, key: str) -> str:
    """A text out of the query, ``""`` without one.

    Raises:
        BadRequest: too long, or no text.
    """
    text = query_text(call.request, key)
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise BadRequest("bad_query:text", field=key, most=LONGEST_TEXT)
    return text


def same_list(call: Call, **others: str) -> str:
    """The address of the list that is asked for, some of its query otherwise; ``""`` leaves a key out."""
    query = {**call.request.GET, **others}
    text = urlencode({key: value for key, value in query.items() if value})
    return f"{call.request.path_url}?{text}" if text else str(call.request.path_url)


def with_next(response: Response, address: str) -> Response:
    """The same response, which says where the next page is (RFC 8288); ``""`` for there is none."""
    if address:
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response
