"""Boxes: left, top, width, height in px."""

import numpy as np
from numpy.typing import NDArray


def shared_areas(box: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.floating]:
    """The area that a box [4] has in common with each of others [N, 4], px."""
    least = np.maximum(box[:2], others[:, :2])
    most = np.minimum(box[:2] + box[2:], others[:, :2] + others[:, 2:])
    return np.asarray(np.prod(np.maximum(most - least, 0), axis=1))


def overlaps(box: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float64]:
    """Intersection over union of a box [4] with each of others [N, 4]."""
    shared = shared_areas(box, others)
    return np.asarray(
        shared / np.maximum(box[2] * box[3] + others[:, 2] * others[:, 3] - shared, 1e-9), float
    )
