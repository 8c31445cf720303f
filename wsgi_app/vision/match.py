"""Which enrolled person a face belongs to, if any."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.embed import Embedding


@dataclass(frozen=True, eq=False)
class Gallery:
    """Every enrolled face, in memory.

    Attributes:
        people: the ids of the people who have at least one face.
        embeddings: float32 [faces, size], unit length, grouped by person in the order of ``people``.
        starts: int64 [people], the row of each person's first face.
    """

    people: tuple[str, ...]
    embeddings: NDArray[np.float32]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, faces: list[tuple[str, Embedding]]) -> "Gallery":
        """Build it from (person id, embedding) pairs in any order."""
        if not faces:
            return cls((), np.zeros((0, 0), np.float32), np.zeros(0, np.int64))
        faces = sorted(faces, key=lambda face: face[0])
        people, starts = np.unique([person for person, _ in faces], return_index=True)
        embeddings = np.stack([embedding for _, embedding in faces]).astype(np.float32)
        return cls(tuple(str(person) for person in people), embeddings, starts.astype(np.int64))


@dataclass(frozen=True)
class Match:
    """The likeliest person.

    Attributes:
        person: their id; ``None`` in an empty gallery.
        score: cosine to the best of their faces, -1 to 1; 0 in an empty gallery.
        runner_up_score: cosine to the best face of anyone else; -1 where there is nobody else.
    """

    person: str | None
    score: float
    runner_up_score: float

    def is_sure(self, threshold: float, margin: float) -> bool:
        """Whether the person is who it is: like enough, and clearly more than anybody else."""
        return (
            self.person is not None
            and self.score >= threshold
            and self.score - self.runner_up_score >= margin
        )


def cosine(first: Embedding, second: Embedding) -> float:
    """The cosine of two embeddings of unit length, -1 to 1."""
    return float(np.clip(first @ second, -1.0, 1.0))


def match(probe: Embedding, gallery: Gallery) -> Match:
    """Compare a probe with everybody; a person counts by the best of their faces."""
    if not gallery.people:
        return Match(None, 0.0, -1.0)
    scores = np.clip(gallery.embeddings @ probe, -1.0, 1.0)
    by_person = np.maximum.reduceat(scores, gallery.starts)
    best = int(by_person.argmax())
    others = np.delete(by_person, best)
    runner_up = float(others.max()) if len(others) else -1.0
    return Match(gallery.people[best], float(by_person[best]), runner_up)
