"""What is told of an embedder on faces of people who are known: thresholds, and rates by group."""

import numpy as np
from numpy.typing import NDArray

from bench.verification import LEAST_FALSE_ACCEPTS, is_supported
from training.groups import colours_of, thirds_of
from training.intervals import Estimate, Redrawn, Within, ratio
from training.known import Compared, KnownFaces, compare

RATES = (1e-2, 1e-3, 1e-4, 1e-5)
IN_FORCE = 1e-3  # the rate at whose threshold groups are compared
LEAST_PAIRS = 20  # of one person, for a true-accept rate of a group
TOO_FEW = "too few pairs"

Rows = dict[str, str]


def known_rows(
    faces: KnownFaces, vectors: NDArray[np.float32], in_force: float | None = None
) -> tuple[Rows, float | None]:
    """Everything about faces with these embeddings [N, size].

    Args:
        faces: of people who are known.
        vectors: their embeddings.
        in_force: the threshold at which groups are compared where there are too few pairs for an own one.

    Returns:
        Rows, and the threshold at which groups were compared, if there is any.
    """
    compared = compare(faces, vectors)
    redrawn = Redrawn(faces, compared)
    rows, own = threshold_rows(compared, redrawn)
    threshold = in_force if own is None else own
    return rows | (group_rows(faces, redrawn, threshold) if threshold is not None else {}), threshold


def threshold_rows(compared: Compared, redrawn: Redrawn) -> tuple[Rows, float | None]:
    """Thresholds and true-accept rates for the rates that there are pairs enough for.

    Returns:
        Rows, and the threshold in force; ``None`` where there are too few pairs for it.
    """
    pairs = len(compared.strangers)
    rows = {"pairs of strangers, of one person": f"{pairs:,}, {len(compared.genuine):,}"}
    supported = [rate for rate in RATES if is_supported(pairs, rate) and len(compared.genuine)]
    known = {found.rate: found for found in redrawn.at(*supported)} if supported else {}
    for rate in RATES:
        found = known.get(rate)
        rows[f"FAR {rate:g}: threshold"] = _told(found.threshold, 3) if found else TOO_FEW
        rows[f"FAR {rate:g}: TAR"] = _told(found.tar, 3) if found else TOO_FEW
    return rows, known[IN_FORCE].threshold.value if IN_FORCE in known else None


def group_rows(faces: KnownFaces, redrawn: Redrawn, threshold: float) -> Rows:
    """How often strangers and friends pass a threshold, where both photos are of a group."""
    rows = {"all and groups at threshold": f"{threshold:.3f}"}
    rows |= {f"all: {what}": text for what, text in _rates(redrawn.everywhere(threshold))}
    for name, group in colours_of(faces):
        rows |= {f"{name}: {what}": text for what, text in _rates(redrawn.within(group, threshold))}
    for by, thirds in thirds_of(faces):
        found = {name: redrawn.within(third, threshold) for name, third in thirds}
        for name, within in found.items():
            rows |= {f"{name}: {what}": text for what, text in _rates(within)}
        rows[f"FAR of the worst third by {by}, divided by the best"] = _worst_by_best(list(found.values()))
    return rows


def _rates(within: Within) -> list[tuple[str, str]]:
    far = f"{_told(within.far)} of {within.strangers:,}" if within.strangers else TOO_FEW
    tar = f"{_told(within.tar)} of {within.genuine:,}" if within.genuine >= LEAST_PAIRS else TOO_FEW
    return [("FAR", far), ("TAR", tar)]


def _worst_by_best(thirds: list[Within]) -> str:
    if sum(third.passed for third in thirds) < LEAST_FALSE_ACCEPTS:
        return TOO_FEW
    ordered = sorted((third for third in thirds if third.strangers), key=lambda third: third.far.value)
    return _told(ratio(ordered[-1], ordered[0]))


def _told(found: Estimate, decimals: int | None = None) -> str:
    """With its interval; to two digits that mean something unless decimals are given."""
    value, low, high = (_number(number, decimals) for number in (found.value, found.low, found.high))
    return f"{value} ({low} to {high})"


def _number(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    return np.format_float_positional(value, precision=2, fractional=False, trim="-")
