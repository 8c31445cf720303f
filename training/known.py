"""Faces of people who are told apart, to be compared with each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.shots import Shot
from training.faces import FACE_PX, Pairs, centre, eye_distances, read_faces
from training.identification import Crowd
from training.sources import is_examined
from wsgi_app.vision.align import align

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class KnownFaces:
    """Faces, and whom they show.

    Attributes:
        crops: uint8 [N, 112, 112, 3], RGB.
        kin: int64 [N], the same number for people of one family, or who may be one: they are no strangers.
        first: int64 [G], the number of one face of a genuine pair.
        second: int64 [G], that of the other.
        eyes_px: [N], how far apart the eyes were in the photo; ``None`` where nobody wrote it down.
    """

    crops: NDArray[np.uint8]
    kin: Numbers
    first: Numbers
    second: Numbers
    eyes_px: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Compared:
    """What an embedder makes of them.

    Attributes:
        strangers: float32 [P], the cosine of every two faces that are not kin.
        first: int64 [P], the number of the one.
        second: int64 [P], that of the other.
        genuine: float32 [G], that of the genuine pairs.
    """

    strangers: NDArray[np.float32]
    first: Numbers
    second: Numbers
    genuine: NDArray[np.float32]


def of_families(pairs: Pairs) -> KnownFaces:
    """The held-out families, with the genuine pairs that are listed."""
    genuine = pairs.kinds == "genuine"
    kin = np.unique(pairs.families, return_inverse=True)[1]
    return KnownFaces(
        centre(pairs.crops, FACE_PX), _numbers(kin), pairs.first[genuine], pairs.second[genuine]
    )


def of_press(data: Path) -> KnownFaces:
    """The people of press and portrait photos who are kept back from training."""
    faces = read_faces(data, is_examined)
    crowd = Crowd.of_press(faces)
    first, second = _of_one(crowd.people)
    eyes_px = eye_distances(data, faces.names)
    return KnownFaces(centre(crowd.crops, FACE_PX), crowd.kin, first, second, eyes_px)


def of_shots(shots: Iterable[Shot]) -> KnownFaces:
    """Photos, each with the face that a detector found."""
    seen = list(shots)
    people = _numbers(np.unique([shot.person for shot in seen], return_inverse=True)[1])
    eyes = [np.subtract(*shot.face.landmarks[:2]) for shot in seen]
    crops = [align(shot.pixels, shot.face) for shot in seen]
    return KnownFaces(
        np.array(crops, np.uint8).reshape(-1, FACE_PX, FACE_PX, 3),
        people,
        *_of_one(people),
        np.array([np.linalg.norm(apart) for apart in eyes], np.float64),
    )


def compare(faces: KnownFaces, vectors: NDArray[np.float32]) -> Compared:
    """Compare everybody with everybody, by their embeddings [N, size]."""
    first, second = np.triu_indices(len(vectors), 1)
    apart = faces.kin[first] != faces.kin[second]
    first, second = first[apart], second[apart]
    genuine = (vectors[faces.first] * vectors[faces.second]).sum(axis=1)
    return Compared((vectors @ vectors.T)[first, second], _numbers(first), _numbers(second), genuine)


def _of_one(people: Numbers) -> tuple[Numbers, Numbers]:
    """Every two photos of one person."""
    first, second = np.triu_indices(len(people), 1)
    same = people[first] == people[second]
    return _numbers(first[same]), _numbers(second[same])


def _numbers(values: NDArray[np.integer]) -> Numbers:
    return values.astype(np.int64)
