"""Long lists, a page at a time: ``?limit=`` and a cursor, and a ``Link`` to the next page."""

from urllib.parse import urlencode

from webob import Response

from wsgi_app.errors import BadRequest
from wsgi_app.rendering import query_text
from wsgi_app.services import Call

LONGEST_CURSOR = 200


def page_size(call: Call) -> int:
    """How many items the client wants at once, up to the limit.

    Raises:
        BadRequest: not a positive number.
    """
    most = call.services.config.limits.page_items
    return min(number_cursor(call, "limit") or most, most)


def number_cursor(call: Call, key: str) -> int | None:
    """A positive number out of the query, ``None`` without one.

    Raises:
        BadRequest: something else.
    """
    text = query_text(call.request, key)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(2**62)) and 0 < int(text) < 2**62):
        raise BadRequest(f"{key} must be a positive whole number.", code="bad_query")
    return int(text)


def text_cursor(call: Call, key: str) -> str:
    """A text out of the query, ``""`` without one.

    Raises:
        BadRequest: too long, or no text.
    """
    text = query_text(call.request, key)
    if len(text) > LONGEST_CURSOR or "\0" in text:
        raise BadRequest(f"{key} is not one that was given out here.", code="bad_query")
    return text


def next_page(call: Call, **cursor: str) -> str:
    """The address of the page that follows, with everything else that this one was asked with."""
    return same_list(call, **cursor)


def same_list(call: Call, **others: str) -> str:
    """The address of the list that is asked for, some of its query otherwise; ``""`` leaves a key out."""
    query = {**call.request.GET, **others}
    text = urlencode({key: value for key, value in query.items() if value})
    return f"{call.request.path_url}?{text}" if text else str(call.request.path_url)


def link_to_next(response: Response, address: str) -> None:
    """Say where the next page is (RFC 8288)."""
    response.headers["Link"] = f'<{address}>; rel="next"'
