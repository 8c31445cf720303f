"""What happens, for programs and for pages that cannot have the live feed; and talking to those who watch."""

from typing import Annotated

import msgspec
from webob import Response

from wsgi_app.house.events import EventFeed, clean_message
from wsgi_app.web.call import Call
from wsgi_app.web.paging import number_of, page_size, same_list, with_next
from wsgi_app.web.rendering import changed, json_answer, query_text


class MessageText(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to say something."""

    text: Annotated[str, msgspec.Meta(max_length=10_000)]


class MessageSaid(msgspec.Struct):
    """A message on its way: the ``subject`` of the event that will tell it."""

    subject: str


def index(call: Call) -> Response:
    """``GET /events``: the events that follow ``?after=``, oldest first; ask next with its ``last``."""
    limit = page_size(call)
    page = EventFeed(call.stores.events).after(_after(call), limit)
    is_full = len(page.events) == limit
    next_page = same_list(call, after=str(page.last), limit=str(limit)) if is_full else ""
    return with_next(json_answer(page, headers={"Cache-Control": "no-store"}), next_page)


def say(call: Call) -> Response:
    """``POST /messages``: ``{"text"}`` to everybody who watches."""
    limits = call.house.config.limits.feed
    text = clean_message(call.body(MessageText).text, limits.message_letters)
    call.stores.events.say(text, call.identity.name, call.request_id)
    return changed(
        call.request,
        back=call.links.dashboard,
        value=MessageSaid(call.request_id),
        status=202,
    )


def _after(call: Call) -> int:
    if query_text(call.request, "after") == "0":
        return 0
    return number_of(call, "after") or 0
