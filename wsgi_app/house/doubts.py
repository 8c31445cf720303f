"""Which photos somebody has to look at, whether they show whom they are said to show.

Somebody insisted on each of them although it was unlike the person's others. It is asked about as long as
that holds: until somebody confirms it, or until what it is compared with is like it, or is gone.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from wsgi_app.stores.gallery import GalleryFace
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.match import likeness_to

DIGITS = 4  # of a likeness, as it is told


def doubts_among(faces: Sequence[GalleryFace], own: float) -> dict[str, float]:
    """The faces of one person that somebody has to look at, each with how like it is to their others.

    A face is compared with those that nobody ever doubted, or without one with all others.

    Args:
        faces: the person's; what is kept as not theirs does not count.
        own: from which likeness to a person's photos on one more is theirs.
    """
    theirs = [face for face in faces if not face.negative]
    sure = [face for face in theirs if not face.doubtful]
    doubted = {}
    for face in theirs:
        others = [other.vector for other in sure or theirs if other is not face]
        score = likeness_to(face.vector, others) if face.doubtful and others else own
        if score < own:
            doubted[face.face_id] = round(score, DIGITS)
    return doubted


def doubts_about(
    stores: Stores, embedder: str, own: float, people: Iterable[str]
) -> dict[str, dict[str, float]]:
    """The same of some people, by their ids; those of whom nobody has to look at anything are left out.

    Args:
        stores: where their faces are.
        embedder: the sha256 of the network that saw them.
        own: as above.
        people: their ids.
    """
    faces = sorted(stores.gallery.of(embedder, set(people)), key=attrgetter("person_id"))
    found = {
        person: doubts_among(list(theirs), own) for person, theirs in groupby(faces, attrgetter("person_id"))
    }
    return {person: doubts for person, doubts in found.items() if doubts}
