"""The threshold for a wanted rate of strangers who are let in, by how many people are enrolled."""

import math
from itertools import pairwise

from wsgi_app.vision.packs import StrangerRate

HIGHEST = 0.999  # a threshold that the very same photo reaches


def threshold_for(rate: float, people: int, strangers: tuple[StrangerRate, ...]) -> float:
    """The least likeness that lets in no more than a share of strangers.

    A stranger is let in where they are like enough to anybody: with N people at most N times as often as with
    one (Boole's inequality). The share among one person's comparisons falls by much the same factor for each
    step of likeness, so its logarithm is interpolated, and drawn on beyond what was measured.

    Args:
        rate: of strangers' visits, above 0.
        people: who are enrolled; nobody counts as one.
        strangers: two or more of what was measured, the rate falling as the score rises.

    Returns:
        Rounded up to three digits, at most ``HIGHEST``.
    """
    wanted = math.log10(rate / max(people, 1))
    pairs = list(pairwise(strangers))
    lower, upper = next((pair for pair in pairs if math.log10(pair[1].rate) <= wanted), pairs[-1])
    slope = (upper.score - lower.score) / (math.log10(upper.rate) - math.log10(lower.rate))
    score = lower.score + slope * (wanted - math.log10(lower.rate))
    return min(max(math.ceil(round(score * 1000, 6)) / 1000, strangers[0].score), HIGHEST)
