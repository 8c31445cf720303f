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
class OwnLikeness:
    """How like a face is to the faces of the person that it is said to show.

    Attributes:
        sure: the cosine to the best of those that nobody has to look at, -1 without one.
        any: the same with those that somebody has to look at.
    """

    sure: float
    any: float


def own_likeness(
    faces: Sequence[GalleryFace], embedding: NDArray[np.float32], least_own: float
) -> OwnLikeness:
    """How like a face is to one person's; what is kept as not theirs does not count.

    Args:
        faces: the person's.
        embedding: float32 [size], of unit length.
        least_own: from which cosine on a photo is one of theirs, as ``doubts`` takes it.
    """
    doubted = doubts_among(faces, least_own)
    scores = [(cosine(face.vector, embedding), face.face_id) for face in faces if not face.negative]
    sure = max((score for score, face in scores if face not in doubted), default=-1.0)
    return OwnLikeness(sure, max((score for score, _ in scores), default=-1.0))


def likeliest_others(
    faces: Sequence[GalleryFace], embeddings: Sequence[NDArray[np.float32]], person_id: str
) -> list[Likeness | None]:
    """Whom of all but one person each of some faces is the most like.

    What is kept as not somebody's does not count.

    Args:
        faces: of the gallery.
        embeddings: float32 [size] each, of unit length.
        person_id: the one person.
    """
    others = [face for face in faces if face.person_id != person_id and not face.negative]
    if not others or not embeddings:
        return [None] * len(embeddings)
    scores = np.clip(np.stack([face.vector for face in others]) @ np.stack(embeddings).T, -1.0, 1.0)
    best = [(others[at], float(column[at])) for column in scores.T for at in [int(column.argmax())]]
    return [Likeness(face.person_id, face.name, score, face.face_id) for face, score in best]
