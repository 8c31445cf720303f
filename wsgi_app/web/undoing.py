"""What a change that can be taken back is answered with, and how its page says so."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from webob import Response

from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import NotFound
from wsgi_app.house.words.pages import DEEDS
from wsgi_app.stores.changes import Change
from wsgi_app.web.call import Call
from wsgi_app.web.paging import text_of
from wsgi_app.web.rendering import changed

UNDO, UNDONE = "undo", "undone"  # in the query of the page that follows


@dataclass(frozen=True)
class Undoable:
    """What a page says of what was just done: the words, where it is undone, and until when."""

    words: str
    address: str
    until: datetime


def done(
    call: Call,
    back: str,
    change: Change | None,
    value: Any = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """As ``rendering.changed``, with the way to undo it.

    It is in the ``links`` of the value, and where there is none in the header ``Link`` (RFC 8288); a page's
    form goes on to a page that offers it.

    Args:
        call: that made the change.
        back: address of the page that a form goes on to.
        change: what was done; ``None`` where nothing was.
        value: representation of what was changed, with ``links``; ``None`` answers 204.
        status: of the JSON answer.
        headers: of it.
    """
    if change is None:
        return changed(call.request, back, value, status, headers)
    if value is not None:
        value.links["undo"] = call.links.undo(change.id)
    response = changed(call.request, with_query(back, UNDO, change.id), value, status, headers)
    if response.status_code == 204:  # noqa: PLR2004
        response.headers["Link"] = f'<{call.links.undo(change.id)}>; rel="undo"'
    return response


def with_query(address: str, key: str, value: str) -> str:
    """An address with one more value in its query."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode({key: value})}"


def undoable(call: Call) -> Undoable | None:
    """What the page that is asked for says can be undone; ``None`` for nothing."""
    with suppress(NotFound):
        change = call.stores.changes.get(text_of(call, UNDO))
        return Undoable(DEEDS[change.deed], call.links.undo(change.id), change.until)
    return None


def notices(call: Call) -> dict[str, Any]:
    """What a page says of what was just done or undone, for ``done_notice`` in ``parts.html``."""
    return {"undo": undoable(call), "undone": text_of(call, UNDONE) in set(Deed)}
