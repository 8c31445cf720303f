"""Which enrolled person a face belongs to, if any."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

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
        means: float32 [people, size], unit length, the mean of each person's faces.
        negatives: float32 [negatives, size], unit length, faces that are known not to be somebody's.
        barring: int64 [negatives], whose each of them is not, as an index of ``people``.
        barred: int64 [barred], who is barred for every probe, likewise.
    """

    people: tuple[str, ...]
    embeddings: NDArray[np.float32]
    starts: NDArray[np.int64]
    means: NDArray[np.float32]
    negatives: NDArray[np.float32]
    barring: NDArray[np.int64]
    barred: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        faces: list[tuple[str, Embedding]],
        negatives: Sequence[tuple[str, Embedding]] = (),
        barred: Collection[str] = (),
    ) -> "Gallery":
        """Build it from (person id, embedding) pairs in any order.

        Args:
            faces: whose each face is.
            negatives: whose each face is not; those of people without faces have nothing to bar.
            barred: whom nobody is to be taken for: a face that is not theirs cannot be compared.
        """
        faces = sorted(faces, key=lambda face: face[0])
        people, starts = np.unique([person for person, _ in faces], return_index=True)
        place = {str(person): number for number, person in enumerate(people)}
        negatives = [negative for negative in negatives if negative[0] in place]
        embeddings, starts = _rows([embedding for _, embedding in faces]), starts.astype(np.int64)
        return cls(
            tuple(place),
            embeddings,
            starts,
            means_of(embeddings, starts),
            _rows([embedding for _, embedding in negatives]),
            np.array([place[person] for person, _ in negatives], np.int64),
            np.array(sorted(place[person] for person in place.keys() & barred), np.int64),
        )


@dataclass(frozen=True)
class Match:
    """The likeliest person.

    Attributes:
        person: their id; ``None`` where there is nobody to compare with.
        score: the likeness to them, -1 to 1; 0 with nobody.
        runner_up_score: the likeness to the likeliest of the others; -1 where there is nobody else.
        barred_score: the likeness to the likeliest who is barred; -1 where nobody is.
    """

    person: str | None
    score: float
    runner_up_score: float
    barred_score: float = -1.0

    def is_sure(self, threshold: float, margin: float) -> bool:
        """Whether the person is who it is: like enough, and clearly more than anybody else."""
        return (
            self.person is not None
            and self.score >= threshold
            and self.score - self.runner_up_score >= margin
        )


NO_MATCH = Match(None, 0.0, -1.0)
LEAST_NORM = 1e-6  # of the sum of a person's faces: those of one that vanishes point nowhere


def cosine(first: Embedding, second: Embedding) -> float:
    """The cosine of two embeddings of unit length, -1 to 1."""
    return float(np.clip(first @ second, -1.0, 1.0))


def means_of(embeddings: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """The mean of each person's faces, float32 [people, size], of unit length; see ``Gallery`` for both."""
    if not len(starts):
        return embeddings
    sums = np.add.reduceat(embeddings, starts, axis=0)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), LEAST_NORM), np.float32)


def likeness(best: NDArray[np.float32], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """How like a face is to people: halfway between the cosine to their best face and that to their mean.

    One photo among several that is like everybody, or of somebody else, does not decide alone; and friends of
    several photos are known more often at the same rate of strangers (``training.thresholds``).

    Args:
        best: [..., people], to each person's best face.
        mean: the same, to the mean of each person's faces.
    """
    return np.asarray((best + mean) / 2, np.float32)


def likeness_to(face: Embedding, faces: Sequence[Embedding]) -> float:
    """How like a face is to somebody of these faces, one at least; -1 to 1."""
    rows = _rows(list(faces))
    mean = means_of(rows, np.zeros(1, np.int64))
    best = np.clip(rows @ face, -1.0, 1.0).max(keepdims=True)
    return float(likeness(best, np.clip(mean @ face, -1.0, 1.0))[0])


def match(probe: Embedding, gallery: Gallery) -> Match:
    """Compare a probe with everybody.

    Somebody is barred for a probe that is at least as like to a face known not to be theirs as to the best of
    their own: it is not them. They still count as the runner-up, for who it is not makes nobody else surer.
    """
    if not gallery.people:
        return NO_MATCH
    scores = np.clip(gallery.embeddings @ probe, -1.0, 1.0)
    best_faces = np.maximum.reduceat(scores, gallery.starts)
    by_person = likeness(best_faces, np.clip(gallery.means @ probe, -1.0, 1.0))
    candidates, barred_score = by_person, NO_MATCH.barred_score
    if len(gallery.negatives) or len(gallery.barred):
        barred, candidates = _barred(probe, gallery, best_faces), by_person.copy()
        barred_score = float(by_person[barred].max(initial=barred_score))
        candidates[barred] = -np.inf
    best = int(candidates.argmax())
    if candidates[best] == -np.inf:
        return replace(NO_MATCH, barred_score=barred_score)
    others = np.delete(by_person, best)
    runner_up = float(others.max()) if len(others) else -1.0
    return Match(gallery.people[best], float(by_person[best]), runner_up, barred_score)


def _barred(probe: Embedding, gallery: Gallery, best_faces: NDArray[np.float32]) -> NDArray[np.int64]:
    if not len(gallery.negatives):
        return gallery.barred
    against = np.clip(gallery.negatives @ probe, -1.0, 1.0)
    return np.union1d(gallery.barring[against >= best_faces[gallery.barring]], gallery.barred)


def _rows(embeddings: list[Embedding]) -> NDArray[np.float32]:
    return np.stack(embeddings).astype(np.float32) if embeddings else np.zeros((0, 0), np.float32)
