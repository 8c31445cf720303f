"""Whether an embedder errs more with some photos than with others, as far as the photos themselves tell.

Nobody wrote down the age, sex or origin of the held-out people, so nothing is said about those.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from training.known import KnownFaces

GREY = 6.0  # mean difference of the channels, 0..255, below which a photo has no colour
THIRDS = {  # by what a face is measured: the third with the least of it, and the one with the most
    "light": ("darkest third", "brightest third"),
    "sharpness": ("most blurred third", "sharpest third"),
    "size": ("smallest third", "largest third"),
}

Group = NDArray[np.bool_]


def colours_of(faces: KnownFaces) -> Iterator[tuple[str, Group]]:
    """Photos without colour and in colour: names, and which faces belong to each, bool [N]."""
    crops = faces.crops.astype(np.int16)
    colour = (crops.max(axis=3) - crops.min(axis=3)).mean(axis=(1, 2))
    yield "without colour", colour < GREY
    yield "in colour", colour >= GREY


def thirds_of(faces: KnownFaces) -> Iterator[tuple[str, list[tuple[str, Group]]]]:
    """Likewise thirds by light, by sharpness, and by size where it is known: least, middle and most of it."""
    light = faces.crops.mean(axis=(1, 2, 3))
    sharpness = np.array([_sharpness(crop) for crop in faces.crops])
    for by, values in (("light", light), ("sharpness", sharpness), ("size", faces.eyes_px)):
        if values is None:
            continue
        least, most = np.quantile(values, [1 / 3, 2 / 3])
        lowest, highest = THIRDS[by]
        yield (
            by,
            [
                (lowest, values < least),
                (f"middle third by {by}", (values >= least) & (values < most)),
                (highest, values >= most),
            ],
        )


def _sharpness(crop: NDArray[np.uint8]) -> float:
    """As ``vision/quality.py`` measures it."""
    return float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.CV_32F).var())
