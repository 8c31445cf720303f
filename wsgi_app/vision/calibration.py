"""How sure the doorman can be: what the owner's own gallery says about thresholds.

Every enrolled face is asked of the gallery as if it came to the door. Against the other faces of the same
person it gives a *genuine* score, against each other person an *impostor* score; both are likenesses as at
the door (``match.likeness``). The false-accept rate (FAR) is the share of impostor scores that reach the
threshold, the false-reject rate (FRR) the share of genuine scores that do not (ISO/IEC 19795-1, section 8).
"""

import math
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.clusters import linked
from wsgi_app.vision.match import LEAST_NORM, likeness, means_of
from wsgi_app.vision.packs import Threshold
from wsgi_app.vision.rates import Rate, false_accepts, false_rejects

ENOUGH = 3.0  # pairs by wanted rate: see ``suggest``
BLOCK = 256  # faces that are compared with all others at once
STEP = 0.001  # in which thresholds are suggested
BINS, LOW, HIGH = 40, -0.2, 1.0  # of the histograms
MOST_LISTED = 10
LEAST_GROUPED = 2  # a photo that is alone unlike the others is told as doubtful
LEAST, MOST = 0.0, 1.0  # of the setting


@dataclass(frozen=True, eq=False)
class Faces:
    """The gallery, as calibration needs it.

    Attributes:
        vectors: float32 [faces, size], of unit length, grouped by person.
        owners: int64 [faces], whose each is: an index of a person, not falling.
    """

    vectors: NDArray[np.float32]
    owners: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """int64 [people]: each person's first face."""
        return np.flatnonzero(np.diff(self.owners, prepend=-1)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Scores:
    """What the faces are like.

    Attributes:
        own: float32 [faces], likeness to the same person's other faces; NaN where there is none.
        others: float32 [faces, people], likeness to each person; NaN for the face's own person.
    """

    own: NDArray[np.float32]
    others: NDArray[np.float32]

    @property
    def genuine(self) -> NDArray[np.float32]:
        """float32 [pairs], in rising order."""
        return np.sort(self.own[~np.isnan(self.own)])

    @property
    def impostor(self) -> NDArray[np.float32]:
        """float32 [pairs], in rising order."""
        return np.sort(self.others[~np.isnan(self.others)])


@dataclass(frozen=True)
class Suggestion:
    """A threshold for a wanted false-accept rate.

    Attributes:
        wanted_rate: share of strangers' visits that was asked for.
        threshold: the likeness to set.
        from_gallery: whether the gallery's own pairs are enough to say so.
        pack: the pack's threshold that holds besides; ``None`` where the gallery is enough.
        highest_impostor: the most alike that two people are in this gallery; ``None`` without two.
        false_accepts: at that threshold.
        false_rejects: at that threshold.
    """

    wanted_rate: float
    threshold: float
    from_gallery: bool
    pack: Threshold | None
    highest_impostor: float | None
    false_accepts: Rate
    false_rejects: Rate


@dataclass(frozen=True)
class Pair:
    """The two most alike faces of two people by their index, and how alike those two people are."""

    first: int
    second: int
    score: float


@dataclass(frozen=True)
class Doubt:
    """A face that its person's others do not confirm.

    Attributes:
        face: its index.
        own: likeness to the same person's other faces.
        other: the person that it is most like of all others; ``None`` without one.
        other_score: how alike; -1 without one.
    """

    face: int
    own: float
    other: int | None
    other_score: float


@dataclass(frozen=True)
class Division:
    """One person's faces that look like several people's.

    Attributes:
        groups: the indices of the faces of each, the largest group first.
        score: the highest cosine between faces of two groups.
    """

    groups: list[list[int]]
    score: float


def compare_all(faces: Faces) -> Scores:
    """Compare every face with the rest of the gallery, a block at a time."""
    count, starts = len(faces.owners), faces.starts
    own = np.full(count, np.nan, np.float32)
    others = np.full((count, len(starts)), np.nan, np.float32)
    sums = np.add.reduceat(faces.vectors, starts, axis=0) if count else faces.vectors
    means = means_of(faces.vectors, starts)
    for begin in range(0, count, BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, count))
        vectors, owners = faces.vectors[rows], faces.owners[rows]
        scores = np.clip(vectors @ faces.vectors.T, -1.0, 1.0)
        scores[np.arange(len(rows)), rows] = -np.inf  # a face says nothing about itself
        best = np.maximum.reduceat(scores, starts, axis=1)
        mine = best[np.arange(len(rows)), owners]
        rest = sums[owners] - vectors
        mean = (rest * vectors).sum(axis=1) / np.maximum(np.linalg.norm(rest, axis=1), LEAST_NORM)
        own[rows] = np.where(np.isinf(mine), np.nan, likeness(mine, np.clip(mean, -1.0, 1.0)))
        best = likeness(best, np.clip(vectors @ means.T, -1.0, 1.0))
        best[np.arange(len(rows)), owners] = np.nan
        others[rows] = best
    return Scores(own, others)


def suggest(scores: Scores, wanted_rate: float, pack: Threshold) -> Suggestion:
    """The threshold for a wanted false-accept rate of visits.

    A visit is compared with everybody, so each pair may go wrong so many times less often. With at least
    three pairs for each error that is wanted once, it is the least one that the gallery's own impostor scores
    keep to (the rule of three: Hanley and Lippman-Hand, JAMA 249 (1983), 1743-1745). Else it
    is the larger of the pack's one for that rate and just above the highest impostor score seen.

    Args:
        scores: of the gallery.
        wanted_rate: above 0, at most 1.
        pack: the pack's threshold for that rate.
    """
    genuine, impostor = scores.genuine, scores.impostor
    highest = float(impostor[-1]) if len(impostor) else None
    pair_rate = wanted_rate / max(scores.others.shape[1], 1)
    enough = len(impostor) * pair_rate >= ENOUGH
    if enough:
        allowed = int(len(impostor) * pair_rate)
        chosen = _just_above(float(impostor[-1 - allowed])) if allowed < len(impostor) else LEAST
    else:
        chosen = max(pack.score, _just_above(highest) if highest is not None else LEAST)
    return Suggestion(
        wanted_rate,
        chosen,
        enough,
        None if enough else pack,
        highest,
        false_accepts(impostor, chosen),
        false_rejects(genuine, chosen),
    )


def most_alike(faces: Faces, scores: Scores, limit: int = MOST_LISTED) -> list[Pair]:
    """The pairs of people most alike, each by their two most alike faces, the most alike first."""
    starts = faces.starts
    if len(starts) < 2:  # noqa: PLR2004  a pair takes two
        return []
    alike = np.maximum.reduceat(np.nan_to_num(scores.others, nan=-1.0), starts, axis=0)
    alike = np.maximum(alike, alike.T)
    first, second = np.triu_indices(len(starts), 1)
    order = np.argsort(-alike[first, second], kind="stable")[:limit]
    pairs = ((int(first[at]), int(second[at])) for at in order)
    return [Pair(*_closest(faces, one, other), float(alike[one, other])) for one, other in pairs]


def doubtful(scores: Scores, threshold: float, limit: int = MOST_LISTED) -> list[Doubt]:
    """Faces that a door would not take for their person, by the person's other faces; the worst first."""
    with_others = np.flatnonzero(~np.isnan(scores.own))
    others = np.nan_to_num(scores.others[with_others], nan=-1.0)
    rival = others.argmax(axis=1) if others.shape[1] > 1 else np.zeros(len(with_others), np.int64)
    rival_scores = others[np.arange(len(with_others)), rival] if len(with_others) else np.zeros(0)
    own = scores.own[with_others]
    wrong = np.flatnonzero((own < np.float64(threshold)) | (own < rival_scores))
    worst = wrong[np.argsort(own[wrong], kind="stable")][:limit]
    alone = others.shape[1] < 2  # noqa: PLR2004  nobody else is there
    return [
        Doubt(
            int(with_others[at]),
            float(own[at]),
            None if alone else int(rival[at]),
            -1.0 if alone else float(rival_scores[at]),
        )
        for at in worst
    ]


def divided(faces: Faces, own: float, limit: int = MOST_LISTED) -> list[Division]:
    """People whose photos look like several people's, the clearest first.

    Each of these has at least two photos, and none that is like any of another's. What is enrolled without a
    doubt is like one that was there and so never divides; of the photos over years of 163 held-out people
    (Families In the Wild), enrolled in spite of all doubts, 5 % did. Of two strangers' under one name, three
    of each, 95 % divide, and 74 % of two relatives'.

    Args:
        faces: the gallery.
        own: from which cosine to the best of a person's photos on one more is theirs.
        limit: the most people that are told.
    """
    found = []
    for first, end in pairwise([*faces.starts, len(faces.owners)]):
        if end - first < 2 * LEAST_GROUPED:
            continue
        vectors = faces.vectors[first:end]
        alike = np.clip(vectors @ vectors.T, -1.0, 1.0)
        groups = [group for group in linked(alike, own) if len(group) >= LEAST_GROUPED]
        if len(groups) > 1:
            between = max(float(alike[np.ix_(one, other)].max()) for one, other in combinations(groups, 2))
            found.append(Division([[int(first) + at for at in group] for group in groups], between))
    return sorted(found, key=lambda division: division.score)[:limit]


def histogram(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """int64 [BINS]: how many scores are in each step from LOW to HIGH; what is lower counts in the first."""
    return np.histogram(np.clip(values, LOW, HIGH), BINS, (LOW, HIGH))[0].astype(np.int64)


def _just_above(score: float) -> float:
    return min(max(round((math.floor(round(score / STEP, 6)) + 1) * STEP, 3), LEAST), MOST)


def _closest(faces: Faces, first: int, second: int) -> tuple[int, int]:
    one, other = (np.flatnonzero(faces.owners == person) for person in (first, second))
    scores = np.clip(faces.vectors[one] @ faces.vectors[other].T, -1.0, 1.0)
    row, column = np.unravel_index(int(scores.argmax()), scores.shape)
    return int(one[row]), int(other[column])
