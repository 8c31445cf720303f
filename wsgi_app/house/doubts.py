"""Which photos somebody has to look at, whether they show whom they are said to show.

Each of them was unlike one of the person's others when it was enrolled, or only halfway like them all. It
lets nobody in, and is asked about, as long as that holds: until somebody confirms it, or until what it is
unlike is gone. What is like a photo between two people is unlike the others, and stays in doubt.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from wsgi_app.stores.gallery import GalleryFace
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import cosine, likeness_to
from wsgi_app.vision.verdicts import Policy

DIGITS = 4  # of a likeness, as it is told


def is_in_doubt(face: Embedding, others: Sequence[Embedding], score: float, policy: Policy) -> bool:
    """Whether somebody has to look at a photo: one of the person's others is unlike it, or all are, somewhat.

    Args:
        face: what an embedder makes of it.
        others: the same of the person's others, one at least.
        score: how like it is to these.
        policy: from which likeness on it is one more of theirs, and surely so.
    """
    return score < policy.sure or min(cosine(face, other) for other in others) < policy.own


def doubts_among(faces: Sequence[GalleryFace], policy: Policy) -> dict[str, float]:
    """The faces of one person that somebody has to look at, each with how like it is to their others.

    A face is compared with those that nobody ever doubted, or without one with all others.

    Args:
        faces: the person's; what is kept as not theirs does not count.
        policy: as above.
    """
    theirs = [face for face in faces if not face.negative]
    sure = [face for face in theirs if not face.doubtful]
    doubted = {}
    for face in theirs:
        others = [other.vector for other in sure or theirs if other is not face]
        if face.doubtful and others:
            score = likeness_to(face.vector, others)
            if is_in_doubt(face.vector, others, score, policy):
                doubted[face.face_id] = round(score, DIGITS)
    return doubted


def doubts_about(
    stores: Stores, embedder: str, policy: Policy, people: Iterable[str]
) -> dict[str, dict[str, float]]:
    """The same of some people, by their ids; those of whom nobody has to look at anything are left out.

    Args:
        stores: where their faces are.
        embedder: the sha256 of the network that saw them.
        policy: as above.
        people: their ids.
    """
    faces = sorted(stores.gallery.of(embedder, set(people)), key=attrgetter("person_id"))
    found = {
        person: doubts_among(list(theirs), policy)
        for person, theirs in groupby(faces, attrgetter("person_id"))
    }
    return {person: doubts for person, doubts in found.items() if doubts}
