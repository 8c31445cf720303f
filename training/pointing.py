"""Where the nose of a picture's main face is, and how far off somebody points."""

import numpy as np
from numpy.typing import NDArray

from training.scenes import Scene

MAIN_PX = 12  # a face smaller than this is nobody's main one
MAIN_SHARE = 0.5  # of the main face's size: every other face is smaller, or there is no main one
NOSE = 2  # of the five landmarks


def nose_of(scene: Scene) -> NDArray[np.float32] | None:
    """The nose of a scene's one main face as fractions [2]; ``None`` where there is no such face."""
    if not len(scene.boxes):
        return None
    order = np.argsort(-scene.sizes)
    main = order[0]
    alone = len(order) == 1 or scene.sizes[order[1]] < MAIN_SHARE * scene.sizes[main]
    if scene.ignored[main] or scene.sizes[main] < MAIN_PX or not alone:
        return None
    height, width = scene.pixels.shape[:2]
    return np.asarray(scene.landmarks[main, NOSE] / [width, height], np.float32)


def diagonal_errors(
    found: NDArray[np.floating], true: NDArray[np.floating], sides: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Distances of points given as fractions [N, 2], in per cent of each picture's diagonal.

    Args:
        found: where somebody points.
        true: where the noses are.
        sides: width and height of each picture, px [N, 2].
    """
    return np.asarray(
        100 * np.linalg.norm((found - true) * sides, axis=1) / np.linalg.norm(sides, axis=1), float
    )
