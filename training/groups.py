"""Whether an embedder errs more with some photos than with others, as far as the photos themselves tell.

Nobody wrote down the age, sex or origin of the held-out people, so nothing is said about those.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from training.faces import FACE_PX, Pairs, centre

GREY = 6.0  # mean difference of the channels, 0..255, below which a photo has no colour
LEAST_PAIRS = 50


def groups_of(pairs: Pairs) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Names of groups of held-out faces, and which faces belong to each, bool [N]."""
    faces = centre(pairs.crops, FACE_PX).astype(np.float32)
    colour = (faces.max(axis=3) - faces.min(axis=3)).mean(axis=(1, 2))
    light = faces.mean(axis=(1, 2, 3))
    dark, bright = np.quantile(light, [1 / 3, 2 / 3])
    yield "photos without colour", colour < GREY
    yield "photos in colour", colour >= GREY
    yield "darkest third of the faces", light < dark
    yield "middle third", (light >= dark) & (light < bright)
    yield "brightest third", light >= bright


def rates_within(
    group: NDArray[np.bool_], vectors: NDArray[np.float32], pairs: Pairs, threshold: float
) -> tuple[float, float] | None:
    """False-accept rate of strangers and true-accept rate where both photos are of a group.

    Returns:
        The rates; ``None`` where there are too few genuine pairs, or no strangers.
    """
    genuine = (pairs.kinds == "genuine") & group[pairs.first] & group[pairs.second]
    likeness = (vectors[pairs.first] * vectors[pairs.second]).sum(1)[genuine]
    members = np.flatnonzero(group)
    scores = vectors[members] @ vectors[members].T
    apart = pairs.families[members][:, None] != pairs.families[members][None]
    if np.count_nonzero(genuine) < LEAST_PAIRS or not apart.any():
        return None
    return float(np.mean(scores[apart] >= threshold)), float(np.mean(likeness >= threshold))
