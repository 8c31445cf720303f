"""The inbox of faces that nobody knows: gathered by likeness, and settled with one word each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from webob import Response

from wsgi_app import naming
from wsgi_app.endpoints.paging import link_to_next, next_page, number_cursor, page_size, text_cursor
from wsgi_app.errors import NotFound
from wsgi_app.forms import read_body
from wsgi_app.gallery import GalleryState
from wsgi_app.rendering import PRIVATE, changed, json_answer, negotiated, query_text
from wsgi_app.services import Call
from wsgi_app.stores.people import Person
from wsgi_app.stores.probes import Probe
from wsgi_app.stores.visits import Visit
from wsgi_app.vision.clusters import cluster
from wsgi_app.vision.match import NO_MATCH, match
from wsgi_app.vision.portraits import portrait

MOST_FACES = 500  # that are looked at, the newest ones
MOST_NAMES = 200  # that the page offers while a name is typed
CLUSTERS_SHOWN, FACES_SHOWN = 8, 12  # on one page: it stays small for a phone
LEAST_LIKENESS = 0.7  # share of the threshold below which nobody is worth a mention

VisitId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
VisitIds = Annotated[list[VisitId], msgspec.Meta(min_length=1, max_length=100)]
PersonId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Name = Annotated[str, msgspec.Meta(max_length=1000)]


class Naming(msgspec.Struct):
    """What is sent to say who it was: a name, of somebody new or known, or a known person's id."""

    visits: VisitIds
    name: Name | None = None
    person: PersonId | None = None


class Ignoring(msgspec.Struct):
    """What is sent to leave visits as they are."""

    visits: VisitIds


class Barring(msgspec.Struct):
    """What is sent to say who it was not."""

    visits: VisitIds
    person: PersonId


class UnknownVisit(msgspec.Struct):
    """A visit in the inbox; ``score`` is that of the likeliest person when it came."""

    id: str
    at: datetime
    device: str
    score: float | None
    links: dict[str, str]


class Likeness(msgspec.Struct):
    """Whom faces are a little like, with the cosine to the best face that is enrolled now."""

    id: str
    name: str
    score: float
    links: dict[str, str]


class Cluster(msgspec.Struct):
    """Visits that look like one person, newest first."""

    count: int
    last_seen: datetime
    likeliest: Likeness | None
    visits: list[UnknownVisit]


class Inbox(msgspec.Struct):
    """Everybody whom nobody knows, who came last first."""

    clusters: list[Cluster]


class Refusal(msgspec.Struct):
    """Why a visit's photo was not enrolled."""

    visit: str
    code: str
    message: str


class Named(msgspec.Struct):
    """Who it was, and which of the photos that person is known by from now on."""

    person: str
    name: str
    visits: int
    enrolled: int
    refused: list[Refusal]
    links: dict[str, str]


class Barred(msgspec.Struct):
    """Whose it is not, and the face that was kept to tell them apart."""

    person: str
    face: str
    links: dict[str, str]


def index(call: Call) -> Response:
    """``GET /unknown``: faces that nobody knows, gathered by likeness, a page of clusters at a time."""
    limit = page_size(call) if query_text(call.request, "limit") else CLUSTERS_SHOWN
    probes = call.stores.probes.unsettled(call.services.embedder, MOST_FACES)
    groups = [
        [probes[i] for i in group]
        for group in cluster([probe.vector for probe in probes], call.services.threshold.score)
    ]
    before = number_cursor(call, "before")
    groups = [group for group in groups if before is None or group[0].number < before]
    shown = _clusters(call, groups[:limit])
    further = ""
    if len(groups) > limit:
        further = next_page(call, before=str(groups[limit - 1][0].number), limit=str(limit))

    def page() -> Response:
        return _page(call, shown, further)

    response = negotiated(call.request, {"json": lambda: json_answer(Inbox(shown)), "html": page})
    if further:
        link_to_next(response, further)
    return response


def face(call: Call, visit: str) -> Response:
    """``GET /unknown/{visit}/face``: the face of a visit with a little around it, JPEG."""
    found = call.stores.visits.get(visit)
    if found.face is None:
        raise NotFound("This visit shows no face.")
    picture = call.services.pipeline.decode(naming.photo_of(call, found), call.steps)
    left, top, width, height = (side / picture.scale for side in found.face["box"])
    response = Response(portrait(picture.pixels, (left, top, width, height)), content_type="image/jpeg")
    response.cache_control = PRIVATE
    return response


def name(call: Call) -> Response:
    """``POST /unknown/name``: says who it was, and learns the three best photos that can be used."""
    body = read_body(call.request, Naming, call.services.config.limits.json_bytes)
    visits = _visits(call, body.visits)
    person = _person(call, body)
    learnt = naming.name(call, visits, person.id)
    query = urlencode({"named": person.id} | ({"enrolled": learnt.enrolled} if learnt.enrolled else {}))
    refused = [Refusal(visit, error.code, error.message) for visit, error in learnt.refused.items()]
    links = {"person": _person_address(call, person.id), "unknown": _address(call)}
    told = Named(person.id, person.name, len(visits), learnt.enrolled, refused, links)
    return changed(call.request, f"{_address(call)}?{query}", told)


def ignore(call: Call) -> Response:
    """``POST /unknown/ignore``: takes visits out of the inbox, and learns nothing."""
    body = read_body(call.request, Ignoring, call.services.config.limits.json_bytes)
    call.stores.corrections.set(body.visits, "ignored")
    return changed(call.request, _address(call))


def bar(call: Call) -> Response:
    """``POST /unknown/not``: says who it was not; the visits stay, for whoever knows who it was."""
    body = read_body(call.request, Barring, call.services.config.limits.json_bytes)
    kept = naming.bar(call, _visits(call, body.visits), body.person)
    person = _person_address(call, body.person)
    links = {"person": person, "face": f"{person}/faces/{kept.id}", "unknown": _address(call)}
    return changed(call.request, _address(call), Barred(body.person, kept.id, links))


def _clusters(call: Call, groups: Sequence[Sequence[Probe]]) -> list[Cluster]:
    state = call.services.gallery.now()
    visits = {probe.visit_id for group in groups for probe in group}
    barred = {
        (kept.visit_id, kept.person_id) for kept in call.stores.people.taken_from(visits) if kept.negative
    }
    return [
        Cluster(
            count=len(group),
            last_seen=group[0].at,
            likeliest=_likeliest(call, group, state, barred),
            visits=[_unknown_visit(call, probe) for probe in group],
        )
        for group in groups
    ]


def _likeliest(
    call: Call, group: Sequence[Probe], state: GalleryState, barred: set[tuple[str | None, str]]
) -> Likeness | None:
    best = NO_MATCH
    for found in (match(probe.vector, state.gallery) for probe in group):
        # Who is said not to be one of these is none of them, even where another photo is more like them.
        is_barred = any((probe.visit_id, found.person) in barred for probe in group)
        if found.score > best.score and not is_barred:
            best = found
    if best.person is None or best.score < LEAST_LIKENESS * call.services.threshold.score:
        return None
    links = {"self": _person_address(call, best.person)}
    return Likeness(best.person, state.names[best.person], round(best.score, 4), links)


def _unknown_visit(call: Call, probe: Probe) -> UnknownVisit:
    visit = f"{call.request.application_url}/visits/{probe.visit_id}"
    links = {
        "self": visit,
        "photo": f"{visit}/photo",
        "thumbnail": f"{visit}/thumbnail",
        "face": f"{_address(call)}/{probe.visit_id}/face",
    }
    return UnknownVisit(probe.visit_id, probe.at, probe.device, probe.score, links)


def _page(call: Call, clusters: list[Cluster], further: str) -> Response:
    people, named = call.stores.people, text_cursor(call, "named")
    return call.page(
        "unknown.html",
        here="/unknown",
        clusters=clusters,
        most=FACES_SHOWN,
        threshold=call.services.threshold.score,
        further=further,
        everybody=people.page(MOST_NAMES),
        named=people.names([named]),
        enrolled=number_cursor(call, "enrolled") or 0,
    )


def _visits(call: Call, visit_ids: Sequence[str]) -> list[Visit]:
    return [call.stores.visits.get(visit_id) for visit_id in dict.fromkeys(visit_ids)]


def _person(call: Call, body: Naming) -> Person:
    if body.person is not None:
        return call.stores.people.get(body.person)
    return naming.person_called(call, body.name or "")


def _address(call: Call) -> str:
    return f"{call.request.application_url}/unknown"


def _person_address(call: Call, person_id: str) -> str:
    return f"{call.request.application_url}/people/{person_id}"
