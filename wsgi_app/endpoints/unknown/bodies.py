"""The inbox as clients see it, and what they send to settle it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from wsgi_app.base.faces import Objection
from wsgi_app.base.outcomes import Reason
from wsgi_app.base.people import PersonName
from wsgi_app.house import inbox
from wsgi_app.stores.probes import Probe
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Id, Name

VisitIds = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=100)]


class Naming(msgspec.Struct):
    """What is sent to say who it was: a name, of somebody new or known, or a known person's id, never both.

    ``accept`` insists that photos are learnt that are like somebody else's, or unlike the person's own.
    """

    visits: VisitIds
    name: Name | None = None
    person: Id | None = None
    accept: list[Objection] = []


class Ignoring(msgspec.Struct):
    """What is sent to leave visits as they are."""

    visits: VisitIds


class Barring(msgspec.Struct):
    """What is sent to say who it was not."""

    visits: VisitIds
    person: Id


class UnknownVisit(msgspec.Struct):
    """A visit in the inbox; ``score`` is that of the likeliest person then, ``reason`` is as in visits."""

    id: str
    at: datetime
    device: str
    score: float | None
    reason: Reason | None
    links: dict[str, str]


class LikenessBody(msgspec.Struct):
    """Whom faces are like, with the cosine to the best face that is enrolled now.

    Nobody is named here whom they are less like than the models need for one more photo of a person. Of
    the links, ``photo`` is of that face, ``face`` of the one here that is the most like it.
    """

    id: str
    name: str
    score: float
    links: dict[str, str]


class ClusterBody(msgspec.Struct):
    """Visits that look like one person, newest first."""

    count: int
    last_seen: datetime
    likeliest: LikenessBody | None
    visits: list[UnknownVisit]


class InboxBody(msgspec.Struct):
    """Everybody whom nobody knows, who came last first."""

    clusters: list[ClusterBody]


class Refusal(msgspec.Struct):
    """Why a visit's photo was not enrolled; ``links`` also say where the kept face is that this is about."""

    visit: str
    code: str
    message: str
    links: dict[str, str]


class Named(msgspec.Struct):
    """Who it was, and which of the photos that person is known by from now on."""

    person: PersonName
    visits: int
    enrolled: int
    refused: list[Refusal]
    links: dict[str, str]


class Barred(msgspec.Struct):
    """Whose it is not, and the face that was kept to tell them apart."""

    person: PersonName
    face: str
    links: dict[str, str]


def cluster_bodies(call: Call, groups: Sequence[inbox.Group]) -> list[ClusterBody]:
    """Groups of faces as clients see them, with whom each is like."""
    house = call.house
    state = house.gallery.now()
    return [
        ClusterBody(
            count=len(cluster.probes),
            last_seen=cluster.probes[0].at,
            likeliest=_likeness(call, cluster),
            visits=[_unknown_visit(call, probe) for probe in cluster.probes],
        )
        for cluster in inbox.compare(groups, call.stores, state, house.embedder, house.policy.own)
    ]


def _likeness(call: Call, cluster: inbox.Cluster) -> LikenessBody | None:
    likeness = cluster.likeliest
    if likeness is None or likeness.face_id is None or cluster.closest is None:
        return None
    links = {
        "self": call.links.person(likeness.person_id),
        "photo": call.links.face_photo(likeness.person_id, likeness.face_id),
        "face": call.links.unknown_face(cluster.closest),
    }
    return LikenessBody(likeness.person_id, likeness.name, round(likeness.score, 4), links)


def _unknown_visit(call: Call, probe: Probe) -> UnknownVisit:
    links = {
        "self": call.links.visit(probe.visit_id),
        "photo": call.links.visit_photo(probe.visit_id),
        "thumbnail": call.links.thumbnail(probe.visit_id),
        "face": call.links.unknown_face(probe.visit_id),
    }
    return UnknownVisit(probe.visit_id, probe.at, str(probe.door), probe.score, probe.reason, links)
