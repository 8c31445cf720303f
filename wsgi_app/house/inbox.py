"""The inbox of faces that nobody knows: who looks like one person, and whom that one is a little like."""

from collections.abc import Sequence
from dataclasses import dataclass

from wsgi_app.house.enrolment import Likeness
from wsgi_app.house.gallery import GalleryState
from wsgi_app.stores.probes import Probe
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.clusters import cluster
from wsgi_app.vision.match import NO_MATCH, match

MOST_FACES = 500  # that are looked at, the newest ones
LEAST_LIKENESS = 0.7  # share of the threshold below which nobody is worth a mention

Group = Sequence[Probe]
Barred = frozenset[tuple[str | None, str]]  # visits, and people who are said not to be on them


@dataclass(frozen=True)
class Cluster:
    """Faces that look like one person, newest first, and whom of all who are enrolled now they are like."""

    probes: Group
    likeliest: Likeness | None


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


def compare(groups: Sequence[Group], stores: Stores, state: GalleryState, threshold: float) -> list[Cluster]:
    """Say of each group whom it is like.

    Args:
        groups: as ``gather`` gives them.
        stores: where is kept who somebody is not.
        state: who is enrolled.
        threshold: from which on somebody is known.
    """
    visits = {probe.visit_id for group in groups for probe in group}
    barred = frozenset(
        (kept.visit_id, kept.person_id) for kept in stores.faces.taken_from(visits) if kept.negative
    )
    least = LEAST_LIKENESS * threshold
    return [Cluster(group, _likeliest(group, state, barred, least)) for group in groups]


def _likeliest(group: Group, state: GalleryState, barred: Barred, least: float) -> Likeness | None:
    best = NO_MATCH
    for candidate in (match(probe.vector, state.gallery) for probe in group):
        # Who is said not to be one of these is none of them, even where another photo is more like them.
        is_barred = any((probe.visit_id, candidate.person) in barred for probe in group)
        if candidate.score > best.score and not is_barred:
            best = candidate
    if best.person is None or best.score < least:
        return None
    return Likeness(best.person, state.names[best.person], best.score)
