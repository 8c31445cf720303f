"""How often comparisons go wrong, and how surely that is known."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


@dataclass(frozen=True)
class Rate:
    """How often something went wrong among the pairs, and where the true rate lies with 95 %.

    Attributes:
        errors: pairs that went wrong.
        pairs: all of them.
        share: errors by pairs; ``None`` without a pair.
        low: lower end of Wilson's interval; 0 without a pair.
        high: upper end; 1 without a pair.
    """

    errors: int
    pairs: int
    share: float | None
    low: float
    high: float


def false_accepts(impostor: NDArray[np.float32], threshold: float) -> Rate:
    """The FAR of impostor scores in rising order: those at or above the threshold."""
    reached = len(impostor) - int(np.searchsorted(impostor, np.float64(threshold)))
    return rate_of(reached, len(impostor))


def false_rejects(genuine: NDArray[np.float32], threshold: float) -> Rate:
    """The FRR of genuine scores in rising order: those below the threshold."""
    return rate_of(int(np.searchsorted(genuine, np.float64(threshold))), len(genuine))


def rate_of(errors: int, pairs: int) -> Rate:
    """A share with its 95 % interval: E. B. Wilson, "Probable inference", JASA 22 (1927), 209-212.

    The interval takes the pairs as independent. Those of one person are not, so it is narrower than it
    should be.
    """
    if pairs == 0:
        return Rate(0, 0, None, 0.0, 1.0)
    share, square = errors / pairs, Z_95**2
    middle = (share + square / (2 * pairs)) / (1 + square / pairs)
    half = math.sqrt(share * (1 - share) / pairs + square / (4 * pairs**2)) * Z_95 / (1 + square / pairs)
    low = 0.0 if errors == 0 else max(middle - half, 0.0)
    high = 1.0 if errors == pairs else min(middle + half, 1.0)
    return Rate(errors, pairs, share, low, high)
