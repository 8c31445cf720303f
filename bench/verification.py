"""How well scores tell genuine pairs from impostors: accuracy, true-accept rates, thresholds.

A score is the likeness of a pair, and the pair is accepted where the score is at or above a threshold. Scores
are arrays of one dimension and one floating dtype; a threshold is exact in that dtype. Every function raises
``ValueError`` where it is given no score that it needs, or one that is no finite number.
"""

import math

import numpy as np
from numpy.typing import NDArray

LEAST_FALSE_ACCEPTS = 10  # so many impostors must pass at a rate, or there are too few to measure at it
ROUNDING = 1e-9  # of a product of a rate and a count: 0.29 * 100 is a little less than 29

Scores = NDArray[np.floating]


def threshold_at(impostors: Scores, false_accept_rate: float) -> float:
    """The least threshold at which at most that share of the impostors passes.

    Args:
        impostors: scores [pairs].
        false_accept_rate: 0 to 1; at 1 the threshold is minus infinity.
    """
    if not 0 <= false_accept_rate <= 1:
        raise ValueError(f"A rate lies from 0 to 1, and {false_accept_rate} does not.")
    ordered = np.sort(_usable(impostors))[::-1]
    allowed = math.floor(false_accept_rate * len(ordered) + ROUNDING)
    return float(np.nextafter(ordered[allowed], np.inf)) if allowed < len(ordered) else -math.inf


def true_accept_rate(genuine: Scores, impostors: Scores, false_accept_rate: float) -> float:
    """The share of genuine scores, 0 to 1, that pass ``threshold_at`` a false-accept rate."""
    return float(np.mean(_usable(genuine) >= threshold_at(impostors, false_accept_rate)))


def is_supported(impostors: int, false_accept_rate: float) -> bool:
    """Whether so many impostor pairs are enough to measure at a false-accept rate."""
    return impostors * false_accept_rate + ROUNDING >= LEAST_FALSE_ACCEPTS


def accuracy_at(genuine: Scores, impostors: Scores, threshold: float) -> float:
    """The share of all pairs, 0 to 1, on the right side of a threshold; one of the two may be empty."""
    _usable(np.concatenate([genuine, impostors]))
    right = np.count_nonzero(genuine >= threshold) + np.count_nonzero(impostors < threshold)
    return float(right / (len(genuine) + len(impostors)))


def best_threshold(genuine: Scores, impostors: Scores) -> float:
    """The threshold with the highest accuracy; one of the two may be empty.

    It lies midway between the two scores that it parts, so that a pair not seen here has equal room on both
    sides. Of several equally good ones it is the highest, above all scores where accepting nobody is as good.
    """
    scores = _usable(np.concatenate([genuine, impostors]))
    order = np.argsort(scores)[::-1]
    ordered, is_genuine = scores[order], order < len(genuine)
    gained = np.cumsum(np.where(is_genuine, 1, -1))  # right answers beyond those of accepting nobody
    ends = np.append(ordered[1:] != ordered[:-1], True)  # equal scores pass together
    best = int(np.argmax(np.where(ends, gained, -len(scores))))
    if gained[best] <= 0:
        return float(np.nextafter(ordered[0], np.inf))
    upper, lower = ordered[best], ordered[min(best + 1, len(ordered) - 1)]
    middle = lower + (upper - lower) / 2
    return float(middle if middle > lower else upper)  # neighbours of the dtype have no middle


def best_accuracy(genuine: Scores, impostors: Scores) -> float:
    """The accuracy, 0 to 1, at the best threshold for these very pairs; one of the two may be empty."""
    return accuracy_at(genuine, impostors, best_threshold(genuine, impostors))


def fold_accuracies(
    scores: Scores, same: NDArray[np.bool_], folds: NDArray[np.integer]
) -> NDArray[np.float64]:
    """The accuracy in each fold at the best threshold of all other folds, as LFW's protocol has it.

    Args:
        scores: [pairs].
        same: [pairs], whether a pair is genuine.
        folds: [pairs], the number of each pair's fold; two different numbers at least.

    Returns:
        Accuracies [folds], 0 to 1, by rising fold number.
    """
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise ValueError("Without two folds there is nothing to take a threshold from.")
    return np.array([_held_out_accuracy(scores, same, folds == number) for number in numbers])


def standard_error(accuracies: NDArray[np.float64]) -> float:
    """The standard error of the mean of two or more folds' accuracies.

    The formula is that of "Labeled Faces in the Wild" (Huang et al., 2007): the sample deviation divided by
    the root of the number of folds.
    """
    return float(np.std(accuracies, ddof=1) / math.sqrt(len(accuracies)))


def roc(genuine: Scores, impostors: Scores) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The curve of false-accept and true-accept rates over all thresholds, the strictest first.

    Returns:
        Two arrays [different scores + 1], each rising from 0 to 1.
    """
    thresholds = np.unique(np.concatenate([_usable(genuine), _usable(impostors)]))[::-1]
    return _shares_at(impostors, thresholds), _shares_at(genuine, thresholds)


def _shares_at(scores: Scores, thresholds: Scores) -> NDArray[np.float64]:
    passed = len(scores) - np.searchsorted(np.sort(scores), thresholds, side="left")
    return np.concatenate([[0.0], passed / len(scores)])


def _held_out_accuracy(scores: Scores, same: NDArray[np.bool_], held_out: NDArray[np.bool_]) -> float:
    threshold = best_threshold(scores[same & ~held_out], scores[~same & ~held_out])
    return accuracy_at(scores[same & held_out], scores[~same & held_out], threshold)


def _usable(scores: Scores) -> Scores:
    if not len(scores):
        raise ValueError("There are no scores.")
    if not np.isfinite(scores).all():
        raise ValueError("A score is no finite number.")
    return scores
