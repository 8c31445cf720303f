"""Whom a face is like: the person it is said to be, and everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.faces import Counterpart
from wsgi_app.house.doubts import doubts_among, is_in_doubt
from wsgi_app.stores.gallery import GalleryFace
from wsgi_app.vision.match import cosine, likeness_to
from wsgi_app.vision.verdicts import Policy


@dataclass(frozen=True)
class Likeness:
    """Somebody whom a face is like, and how much: the cosine to the best of their faces.

    ``face_id`` says which face that is, where one was asked for.
    """

    person_id: str
    name: str
    score: float
    face_id: str | None = None

    @property
    def face(self) -> Counterpart | None:
        """That face, where it was asked for."""
        return None if self.face_id is None else Counterpart(self.person_id, self.face_id, self.score)


@dataclass(frozen=True)
class OwnLikeness:
    """How like a face is to the faces of the person that it is said to show.

    Attributes:
        sure: the likeliest of those that nobody has to look at, if there is any.
        nearest: the likeliest of these and of those that somebody has to look at.
        score: the likeness to all that nobody has to look at, -1 without one.
        in_doubt: whether somebody would have to look at it.
    """

    sure: Counterpart | None
    nearest: Counterpart | None
    score: float
    in_doubt: bool


def own_likeness(faces: Sequence[GalleryFace], embedding: NDArray[np.float32], policy: Policy) -> OwnLikeness:
    """How like a face is to one person's; what is kept as not theirs does not count.

    Args:
        faces: the person's.
        embedding: float32 [size], of unit length.
        policy: from which likeness on a photo is one of theirs, as ``doubts`` takes it.
    """
    doubted = doubts_among(faces, policy)
    theirs = [face for face in faces if not face.negative]
    sure = [face for face in theirs if face.face_id not in doubted]
    vectors = [face.vector for face in sure]
    score = likeness_to(embedding, vectors) if sure else -1.0
    in_doubt = bool(theirs) and (not sure or is_in_doubt(embedding, vectors, score, policy))
    return OwnLikeness(_likeliest(sure, embedding), _likeliest(theirs, embedding), score, in_doubt)


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


def _likeliest(faces: Sequence[GalleryFace], embedding: NDArray[np.float32]) -> Counterpart | None:
    compared = [Counterpart(face.person_id, face.face_id, cosine(face.vector, embedding)) for face in faces]
    return max(compared, key=lambda face: face.score, default=None)
