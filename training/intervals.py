"""How surely rates of pairs are known: families are drawn anew, with all of their pairs.

Of 1,440 faces a million pairs are made, so pairs share people, and tell far less than as many independent
ones would. What is drawn anew is therefore families, with replacement, as many as there are; a pair counts
as often as its families were drawn, and pairs within one family, which are no strangers, not at all. This is
the vertex bootstrap (Snijders and Borgatti, "Non-parametric standard errors and tests for network
statistics", Connections 22, 1999, 161-170), of whose use for error rates Fogliato, Patil and Perona write
("Confidence intervals for error rates in 1:1 matching tasks", Int. J. of Computer Vision, 2024).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.verification import threshold_at
from training.known import Compared, KnownFaces
from wsgi_app.vision.rates import rate_of

DRAWS = 1000
ENDS = (0.025, 0.975)
KEPT = 6  # times as many of the highest scores as pass at a rate: more than pass in any draw
AT_ONCE = 50  # draws: what is computed together

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A measured value, and from where to where it lies with 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class AtRate:
    """The threshold for a false-accept rate, and the true-accept rate there."""

    rate: float
    threshold: Estimate
    tar: Estimate


@dataclass(frozen=True, eq=False)
class Within:
    """What happens where both photos are of a group.

    Attributes:
        strangers: pairs of them.
        passed: of these, so many.
        far: their share.
        fars: the same in each draw.
        genuine: pairs of one person.
        tar: share of these that pass.
    """

    strangers: int
    passed: int
    far: Estimate
    fars: Floats
    genuine: int
    tar: Estimate


class Redrawn:
    """The families of some faces, drawn anew ``DRAWS`` times."""

    def __init__(self, faces: KnownFaces, compared: Compared):
        self._faces, self._compared = faces, compared
        self._families, self._count = np.unique(faces.kin, return_inverse=True)[1], len(np.unique(faces.kin))
        shares = np.full(self._count, 1 / self._count)
        self._times = np.random.default_rng(1).multinomial(self._count, shares, DRAWS)

    def at(self, *rates: float) -> list[AtRate]:
        """Thresholds for false-accept rates, and what they let in; in each draw by its own threshold."""
        scores, genuine = self._compared.strangers, self._compared.genuine
        kept = min(len(scores), max(round(KEPT * max(rates) * len(scores)), 1000))
        highest = np.argpartition(-scores, kept - 1)[:kept]
        highest = highest[np.argsort(-scores[highest])]
        drawn = np.concatenate(
            [
                self._thresholds(self._times[at : at + AT_ONCE], highest, rates)
                for at in range(0, DRAWS, AT_ONCE)
            ]
        )
        found = []
        for rate, thresholds in zip(rates, drawn.T, strict=True):
            threshold = threshold_at(scores, rate)
            passes = genuine[None] >= thresholds[:, None]
            tars = _share(self._of_genuine(), passes)
            tar = float(np.mean(genuine >= threshold))
            found.append(AtRate(rate, Estimate(threshold, *_ends(thresholds)), Estimate(tar, *_ends(tars))))
        return found

    def everywhere(self, threshold: float) -> Within:
        """The rates of all faces at a threshold."""
        return self.within(np.ones(len(self._families), np.bool_), threshold)

    def within(self, group: NDArray[np.bool_], threshold: float) -> Within:
        """The rates where both photos are of a group of faces, bool [N], at a threshold."""
        compared = self._compared
        passing = np.flatnonzero(compared.strangers >= threshold)
        first, second = compared.first[passing], compared.second[passing]
        both = group[first] & group[second]
        accepted = self._weights(self._times, first[both], second[both]).sum(axis=1)
        sizes = np.bincount(self._families[group], minlength=self._count)
        strangers = int(_pairs_between(sizes[None])[0])
        fars = _by(accepted, _pairs_between(self._times * sizes))

        of_group = group[self._faces.first] & group[self._faces.second]
        passes = compared.genuine[of_group] >= threshold
        tars = _share(self._of_genuine()[:, of_group], passes[None])
        return Within(
            strangers,
            int(both.sum()),
            _at_least_wilson(int(both.sum()), strangers, fars),
            fars,
            len(passes),
            _at_least_wilson(int(passes.sum()), len(passes), tars),
        )

    def _thresholds(
        self, times: NDArray[np.int64], highest: NDArray[np.int64], rates: tuple[float, ...]
    ) -> Floats:
        """[draws, rates]; ``highest`` are the numbers of the likest strangers, in falling order."""
        compared = self._compared
        passed = self._weights(times, compared.first[highest], compared.second[highest]).cumsum(axis=1)
        allowed = _pairs_between(times * np.bincount(self._families)) * np.array(rates)[:, None]
        first_refused = (passed[None] <= allowed[:, :, None]).sum(axis=2).clip(max=len(highest) - 1)
        scores = compared.strangers[highest[first_refused]]
        return np.nextafter(scores, np.float32(np.inf)).T.astype(np.float64)

    def _weights(
        self, times: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        return times[:, self._families[first]] * times[:, self._families[second]]

    def _of_genuine(self) -> NDArray[np.int64]:
        return self._times[:, self._families[self._faces.first]]


def ratio(one: Within, other: Within) -> Estimate:
    """How many times as often strangers pass in one group as in another."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.float64(one.far.value) / other.far.value)
        return Estimate(value, *_ends(one.fars / other.fars))


def _pairs_between(sizes: NDArray[np.int64]) -> Floats:
    """How many pairs of different families there are, by the sizes [..., families] of each."""
    return np.asarray((sizes.sum(axis=1) ** 2 - (sizes**2).sum(axis=1)) / 2, np.float64)


def _share(weights: NDArray[np.int64], passes: NDArray[np.bool_]) -> Floats:
    return _by((weights * passes).sum(axis=1), weights.sum(axis=1))


def _by(part: NDArray[np.int64], whole: NDArray[np.int64] | Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.asarray(part / np.asarray(whole, np.float64), np.float64)


def _ends(values: Floats) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, ENDS, method="inverted_cdf")
    return float(low), float(high)


def _at_least_wilson(passed: int, pairs: int, drawn: Floats) -> Estimate:
    """The wider of both intervals: where nothing or everything passed, it does so in every draw."""
    plain = rate_of(passed, pairs)
    if plain.share is None:
        return Estimate(float("nan"), plain.low, plain.high)
    low, high = _ends(drawn)
    return Estimate(plain.share, min(low, plain.low), max(high, plain.high))
