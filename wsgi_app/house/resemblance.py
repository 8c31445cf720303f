"""Whom a face is like: the person it is said to be, and everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wsgi_app.house.doubts import doubts_among
from wsgi_app.stores.gallery import GalleryFace
from wsgi_app.vision.match import cosine


@dataclass(frozen=True)
class Likeness:
    """Somebody whom a face is like, and how much: the cosine to the best of their faces.

    ``face_id`` says which face that is, where one was asked for.
    """

    person_id: str
    name: str
    score: float
    face_id: str | None = None


@dataclass(frozen=True)
class Resemblances:
    """What a face is like.

    Attributes:
        own: the cosine to the best of the person's own faces that nobody has to look at, -1 without one.
        own_or_doubtful: the same with those that somebody has to look at.
        other: the likeliest other person, if there is any.
    """

    own: float
    own_or_doubtful: float
    other: Likeness | None


def resemblances(
    faces: Sequence[GalleryFace], embedding: NDArray[np.float32], person_id: str, least_own: float = -1.0
) -> Resemblances:
    """How like a face is to a person's own faces, and to whom of all others it is the most.

    Args:
        faces: what it is compared with; what is kept as not somebody's does not count.
        embedding: float32 [size], of unit length.
        person_id: the person.
        least_own: from which cosine on a photo is one of theirs, as ``doubts`` takes it.
    """
    doubted = doubts_among([face for face in faces if face.person_id == person_id], least_own)
    own, own_or_doubtful, other = -1.0, -1.0, None
    for face in faces:
        if face.negative:
            continue
        score = cosine(face.vector, embedding)
        if face.person_id == person_id:
            own_or_doubtful = max(own_or_doubtful, score)
            own = own if face.face_id in doubted else max(own, score)
        elif other is None or score > other.score:
            other = Likeness(face.person_id, face.name, score, face.face_id)
    return Resemblances(own, own_or_doubtful, other)
