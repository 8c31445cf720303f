"""Who changed what, and when."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from webob import Response

from wsgi_app.house.words.pages import CHANGES
from wsgi_app.stores.events import Event
from wsgi_app.web.call import Call
from wsgi_app.web.links import Links
from wsgi_app.web.paging import listed, number_of
from wsgi_app.web.rendering import json_answer

# Where each kind of thing is.
PLACES: dict[str, Callable[[Links, str], str]] = {
    "account": Links.account,
    "device": Links.device,
    "person": Links.person,
    "visit": Links.visit,
}


class AuditEntry(msgspec.Struct):
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

    entries: list[AuditEntry]


def index(call: Call) -> Response:
    """``GET /audit``: what somebody changed by hand, the latest first, a page at a time."""
    log, before = call.house.stores.events, number_of(call, "before")

    def page(events: list[Event], next_page: str) -> Response:
        entries = _bodies(call, events)
        return call.page("audit.html", entries=entries, here="/audit", next_page=next_page, phrase=phrase)

    return listed(
        call,
        lambda most: log.done_by_somebody(most, before),
        lambda last: last.number,
        {
            "json": (None, lambda events, _: json_answer(AuditLog(_bodies(call, events)))),
            "html": (None, page),
        },
    )


def phrase(entry: AuditEntry) -> str:
    """A change as it reads between who did it and what it was done to."""
    plain = f"{entry.kind} {entry.action}"
    return CHANGES.get(plain, plain.replace("_", " "))


def _bodies(call: Call, events: list[Event]) -> list[AuditEntry]:
    stores = call.house.stores
    names = {
        **stores.people.names(_subjects(events, "person")),
        **stores.accounts.names(_subjects(events, "account")),
    }
    return [_body(call, event, names) for event in events]


def _subjects(events: Iterable[Event], kind: str) -> set[str]:
    return {event.subject for event in events if event.kind == kind}


def _body(call: Call, event: Event, names: dict[str, str]) -> AuditEntry:
    links = {}
    if event.subject and event.kind in PLACES:
        links["subject"] = PLACES[event.kind](call.links, event.subject)
    name = event.subject if event.kind == "device" else names.get(event.subject, "")
    return AuditEntry(
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
