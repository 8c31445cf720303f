"""Visits: what the door saw."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from webob import Response

from wsgi_app.endpoints.paging import link_to_next, number_cursor, page_size
from wsgi_app.rendering import json_answer, photo_answer
from wsgi_app.services import Call
from wsgi_app.stores.visits import Visit


class PersonInVisit(msgspec.Struct):
    """Who was let in."""

    id: str
    name: str


class VisitBody(msgspec.Struct):
    """A visit as clients see it; ``person`` is ``null`` for nobody, or somebody since forgotten."""

    id: str
    at: datetime
    device: str
    outcome: str
    person: PersonInVisit | None
    score: float | None
    face: dict[str, Any] | None
    took_ms: float
    links: dict[str, str]


def index(call: Call) -> Response:
    """``GET /visits``: the latest first, a page at a time."""
    limit = page_size(call)
    visits = call.services.stores.visits.page(limit + 1, number_cursor(call, "before"))
    response = json_answer({"visits": visit_bodies(call, visits[:limit])})
    if len(visits) > limit:
        link_to_next(response, call, before=str(visits[limit - 1].number), limit=str(limit))
    return response


def show(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}``."""
    (body,) = visit_bodies(call, [call.services.stores.visits.get(visit)])
    return json_answer(body)


def photo(call: Call, visit: str) -> Response:
    """``GET /visits/{visit}/photo``: the JPEG as the door sent it."""
    stores = call.services.stores
    return photo_answer(stores.photos.path(stores.visits.get(visit).photo), "image/jpeg")


def visit_bodies(call: Call, visits: Iterable[Visit]) -> list[VisitBody]:
    """The representations of some visits, with the names that people have now."""
    visits = list(visits)
    names = call.services.stores.people.names({visit.person_id for visit in visits if visit.person_id})
    return [_body(call, visit, names) for visit in visits]


def _body(call: Call, visit: Visit, names: dict[str, str]) -> VisitBody:
    address = f"{call.request.application_url}/visits/{visit.id}"
    links = {"self": address, "photo": f"{address}/photo"}
    person = None
    if visit.person_id in names:
        person = PersonInVisit(visit.person_id, names[visit.person_id])
        links["person"] = f"{call.request.application_url}/people/{visit.person_id}"
    return VisitBody(
        visit.id,
        visit.at,
        visit.device,
        visit.outcome,
        person,
        visit.score,
        visit.face,
        visit.took_ms,
        links,
    )
