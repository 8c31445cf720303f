"""The inbox of faces that nobody knows: who looks like one person, and whom that one is a little like."""

from collections.abc import Sequence
from dataclasses import dataclass

from wsgi_app.house.gallery import GalleryState
from wsgi_app.house.resemblance import Likeness
from wsgi_app.stores.gallery import GalleryFace
from wsgi_app.stores.probes import Probe
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.clusters import cluster
from wsgi_app.vision.match import NO_MATCH, Match, cosine, match

MOST_FACES = 500  # that are looked at, the newest ones

Group = Sequence[Probe]
Barred = frozenset[tuple[str | None, str]]  # visits, and people who are said not to be on them


@dataclass(frozen=True)
class Cluster:
    """Faces that look like one person, newest first, and whom of all who are enrolled now they are like.

    ``closest`` is the visit whose face is the most like that person's.
    """

    probes: Group
    likeliest: Likeness | None = None
    closest: str | None = None


def gather(stores: Stores, embedder: str, threshold: float) -> list[Group]:
    """The faces that nobody knows, those together that look like one person; who came last first.

    Args:
        stores: where they are.
        embedder: the sha256 of the network that saw them.
        threshold: least mean cosine of one person's.
    """
    probes = stores.probes.unsettled(embedder, MOST_FACES)
    alike = cluster([probe.vector for probe in probes], threshold)
    return [[probes[at] for at in group] for group in alike]


def compare(
    groups: Sequence[Group], stores: Stores, state: GalleryState, embedder: str, least: float
) -> list[Cluster]:
    """Say of each group whom it is like.

    Args:
        groups: as ``gather`` gives them.
        stores: where is kept who somebody is not, and their faces.
        state: who is enrolled.
        embedder: the sha256 of the network that saw them.
        least: the cosine to the best of somebody's faces below which they are not worth a mention.
    """
    visits = {probe.visit_id for group in groups for probe in group}
    barred = frozenset(
        (kept.visit_id, kept.person_id) for kept in stores.faces.taken_from(visits) if kept.negative
    )
    found = [_likeliest(group, state, barred) for group in groups]
    faces = stores.gallery.of(embedder, {best.person for best, _ in found if best.person is not None})
    return [
        _cluster(group, best, closest, [face for face in faces if face.person_id == best.person], least)
        for group, (best, closest) in zip(groups, found, strict=True)
    ]


def _cluster(
    group: Group, best: Match, closest: Probe, faces: Sequence[GalleryFace], least: float
) -> Cluster:
    scores = [(cosine(face.vector, closest.vector), face) for face in faces if not face.negative]
    if not scores:  # nobody is like them at all, or is forgotten meanwhile
        return Cluster(group)
    score, face = max(scores, key=lambda scored: scored[0])
    if score < least:
        return Cluster(group)
    return Cluster(group, Likeness(face.person_id, face.name, best.score, face.face_id), closest.visit_id)


def _likeliest(group: Group, state: GalleryState, barred: Barred) -> tuple[Match, Probe]:
    best, closest = NO_MATCH, group[0]
    for probe in group:
        candidate = match(probe.vector, state.gallery)
        # Who is said not to be one of these is none of them, even where another photo is more like them.
        is_barred = any((each.visit_id, candidate.person) in barred for each in group)
        if candidate.score > best.score and not is_barred:
            best, closest = candidate, probe
    return best, closest
