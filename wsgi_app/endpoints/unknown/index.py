"""The inbox of faces that nobody knows: gathered by likeness, and settled with one word each."""

from contextlib import suppress

import msgspec
from webob import Response

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import NotFound, Unprocessable
from wsgi_app.base.people import PersonName
from wsgi_app.endpoints.unknown.bodies import (
    Barred,
    Barring,
    ClusterBody,
    Ignoring,
    InboxBody,
    Named,
    Naming,
    cluster_bodies,
)
from wsgi_app.endpoints.unknown.unlearnt import page_after, refusal_bodies, unlearnt, untried
from wsgi_app.house import barring, inbox, naming
from wsgi_app.house.words.pages import REASONS
from wsgi_app.stores.people import Person
from wsgi_app.vision.portraits import portrait
from wsgi_app.web.call import Call
from wsgi_app.web.paging import listed, number_of, text_of
from wsgi_app.web.rendering import PRIVATE, json_answer
from wsgi_app.web.undoing import done, notices

MOST_NAMES = 200  # that the page offers while a name is typed
CLUSTERS_SHOWN, FACES_SHOWN = 8, 12  # on one page: it stays small for a phone


def index(call: Call) -> Response:
    """``GET /unknown``: faces that nobody knows, gathered by likeness, a page of clusters at a time."""
    groups = inbox.gather(call.stores, call.house.embedder, call.house.threshold.score)
    before = number_of(call, "before")
    groups = [group for group in groups if before is None or group[0].number < before]

    def page(shown: list[inbox.Group], next_page: str) -> Response:
        return _page(call, cluster_bodies(call, shown), next_page)

    return listed(
        call,
        lambda most: groups[:most],
        lambda last: last[0].number,
        {
            "json": (CLUSTERS_SHOWN, lambda shown, _: json_answer(InboxBody(cluster_bodies(call, shown)))),
            "html": (CLUSTERS_SHOWN, page),
        },
    )


def face(call: Call, visit: str) -> Response:
    """``GET /unknown/{visit}/face``: the face of a visit with a little around it, JPEG."""
    shown = call.stores.visits.get(visit)
    if shown.face is None:
        raise NotFound("not_found:visits_face")
    response = Response(content_type="image/jpeg", conditional_response=True, etag=shown.id)
    response.cache_control = PRIVATE
    if shown.id in call.request.if_none_match:  # it never changes
        return response
    picture = call.house.pipeline.decode(call.stores.visits.photo(shown), call.steps)
    left, top, width, height = (side / picture.scale for side in msgspec.structs.astuple(shown.face.box))
    response.body = portrait(picture.pixels, (left, top, width, height))
    return response


def name(call: Call) -> Response:
    """``POST /unknown/name``: says who it was, and learns the three best photos, those that can be used.

    It answers which were not learnt, and with which code; ``accept`` insists where that is an objection.
    """
    body = call.body(Naming)
    if body.person and body.name:
        raise Unprocessable("naming_shape")
    visits = call.stores.visits.some(body.visits)
    who = naming.Statement(CorrectionVerdict.PERSON, body.person, body.name)
    enrolments = naming.name(call.enroller, visits, who, frozenset(body.accept))
    person, refused = enrolments.person, refusal_bodies(call, enrolments.refused)
    links = {"person": call.links.person(person.id), "unknown": call.links.unknown}
    answer = Named(PersonName(person.id, person.name), len(visits), enrolments.enrolled, refused, links)
    return done(call, page_after(call, person.id, enrolments.refused), enrolments.change, answer)


def ignore(call: Call) -> Response:
    """``POST /unknown/ignore``: takes visits out of the inbox, and learns nothing."""
    body = call.body(Ignoring)
    change = naming.ignore(call.stores, body.visits)
    return done(call, f"{call.links.unknown}?ignored={body.visits[0]}", change)


def bar(call: Call) -> Response:
    """``POST /unknown/not``: says who it was not; the visits stay, for whoever knows who it was.

    Where one was said to be that person's, nothing is said of it any more.
    """
    body = call.body(Barring)
    visits, person = call.stores.visits.some(body.visits), call.stores.people.get(body.person)
    barred = barring.bar(call.enroller, visits, person.id)
    kept = barred.face
    links = {
        "person": call.links.person(person.id),
        "face": call.links.face(person.id, kept.id),
        "unknown": call.links.unknown,
    }
    answer = Barred(PersonName(person.id, person.name), kept.id, links)
    return done(call, f"{call.links.unknown}?barred={person.id}", barred.change, answer)


def _page(call: Call, clusters: list[ClusterBody], next_page: str) -> Response:
    people, named = call.stores.people, _somebody(call, "named")
    return call.page(
        "unknown.html",
        here="/unknown",
        clusters=clusters,
        most=FACES_SHOWN,
        threshold=call.house.threshold.score,
        next_page=next_page,
        everybody=people.page(MOST_NAMES),
        reasons=REASONS,
        named=named,
        unlearnt=unlearnt(call, named),
        untried=untried(call),
        barred=_somebody(call, "barred"),
        ignored=_ignored(call),
        **notices(call),
    )


def _somebody(call: Call, key: str) -> Person | None:
    """Whom the query names: what was done is told from what is kept of them now."""
    with suppress(NotFound):
        return call.stores.people.get(text_of(call, key))
    return None


def _ignored(call: Call) -> str:
    """The visit that the query names, if it is ignored."""
    visit = text_of(call, CorrectionVerdict.IGNORED)
    correction = call.stores.corrections.of([visit]).get(visit)
    return visit if correction is not None and correction.verdict is CorrectionVerdict.IGNORED else ""
