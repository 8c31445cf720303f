"""Who changed what, and when."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from webob import Response

from wsgi_app.endpoints.paging import link_to_next, next_page, number_cursor, page_size
from wsgi_app.rendering import json_answer, negotiated
from wsgi_app.services import Call
from wsgi_app.stores.events import Event

# Where the page of each kind of thing is.
PLACES = {
    "account": "accounts",
    "device": "devices",
    "person": "people",
    "visit": "visits",
}

# How each change reads, between who did it and what it was done to.
WORDS = {
    "account invited": "made a link for a new account",
    "account joined": "made their account",
    "account password_changed": "set a new password",
    "account password_link": "made a link for a new password",
    "account removed": "removed the account",
    "account role_changed": "changed the role",
    "account sign_in_failed": "failed to sign in",
    "account signed_in": "signed in",
    "account signed_out": "signed out",
    "device added": "gave a token to the door",
    "device revoked": "revoked the token of the door",
    "person added": "added the person",
    "person barred": "said that a face is not that of",
    "person changed": "changed the person",
    "person enrolled": "enrolled a photo of",
    "person face_removed": "removed a photo of",
    "person forgotten": "forgot the person",
    "visit corrected": "said who it was at a visit",
    "visit removed": "removed a visit",
}


class EntryBody(msgspec.Struct):
    """One change; ``subject`` is the id of what was changed, ``name`` what that is called now, or ``""``."""

    number: int
    at: datetime
    by: str
    kind: str
    action: str
    subject: str
    name: str
    details: dict[str, Any]
    links: dict[str, str]


class AuditLog(msgspec.Struct):
    """Changes, the latest first."""

    entries: list[EntryBody]


def index(call: Call) -> Response:
    """``GET /audit``: what somebody changed by hand, the latest first, a page at a time."""
    limit = page_size(call)
    events = call.services.stores.events.done_by_somebody(limit + 1, number_cursor(call, "before"))
    entries, more = _bodies(call, events[:limit]), ""
    if len(events) > limit:
        more = next_page(call, before=str(events[limit - 1].number), limit=str(limit))
    return negotiated(
        call.request,
        {
            "json": lambda: _json(entries, more),
            "html": lambda: call.page("audit.html", entries=entries, here="/audit", more=more, words=phrase),
        },
    )


def phrase(entry: EntryBody) -> str:
    """A change as it reads between who did it and what it was done to."""
    plain = f"{entry.kind} {entry.action}"
    return WORDS.get(plain, plain.replace("_", " "))


def _json(entries: list[EntryBody], more: str) -> Response:
    response = json_answer(AuditLog(entries))
    if more:
        link_to_next(response, more)
    return response


def _bodies(call: Call, events: list[Event]) -> list[EntryBody]:
    stores = call.services.stores
    names = {
        **stores.people.names(_subjects(events, "person")),
        **stores.accounts.names(_subjects(events, "account")),
    }
    return [_body(call, event, names) for event in events]


def _subjects(events: Iterable[Event], kind: str) -> set[str]:
    return {event.subject for event in events if event.kind == kind}


def _body(call: Call, event: Event, names: dict[str, str]) -> EntryBody:
    links = {}
    if event.subject and event.kind in PLACES:
        links["subject"] = f"{call.request.application_url}/{PLACES[event.kind]}/{event.subject}"
    name = event.subject if event.kind == "device" else names.get(event.subject, "")
    return EntryBody(
        number=event.number,
        at=event.at,
        by=event.by or "",
        kind=event.kind,
        action=event.action,
        subject=event.subject,
        name=name,
        details=event.details,
        links=links,
    )
