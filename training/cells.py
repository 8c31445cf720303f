"""Which cell of the detector's grids is to say which face, and what it is to say."""

import numpy as np
from numpy.typing import NDArray

from training.scenes import Scene
from wsgi_app.vision.detect import STRIDES

# Sizes of faces (px) that each grid learns; they overlap, so no face falls between two.
SIZES = {8: (0.0, 64.0), 16: (45.0, 140.0), 32: (98.0, float("inf"))}
# Cells from a face's middle: up to the first it is learnt, from there to the second neither side counts.
NEAR, ROUND = 1.2, 2.2
# So much smaller or larger than what a grid learns, a face is nothing to it, and it learns to say so.
TOO_SMALL, TOO_LARGE = 0.7, 1.4

NUMBERS = 16  # says, counts, box (left, top, width, height), five landmarks


def targets_of(view: Scene) -> NDArray[np.float32]:
    """What every cell of a view is to learn, float32 [cells, 16], the grids one after another.

    Of each cell: 1 where it says a face, else 0; 1 where it counts, else 0; and of its face the box and the
    landmarks, in px of the view.
    """
    height, width = view.pixels.shape[:2]
    return np.concatenate(
        [_grid_targets(view, stride, height // stride, width // stride) for stride in STRIDES]
    )


def _grid_targets(view: Scene, stride: int, rows: int, columns: int) -> NDArray[np.float32]:
    targets = np.zeros((rows * columns, NUMBERS), np.float32)
    targets[:, 1] = 1
    middles = corners(stride, rows, columns) + stride / 2
    for box in view.boxes[view.ignored]:
        targets[_inside(middles, box), 1] = 0
    order = np.argsort(-view.sizes[~view.ignored])  # where two claim a cell, the smaller face gets it
    boxes, landmarks = view.boxes[~view.ignored][order], view.landmarks[~view.ignored][order]
    least, most = SIZES[stride]
    for box in boxes:
        if TOO_SMALL * least <= np.sqrt(box[2] * box[3]) < TOO_LARGE * most:
            away = np.abs(middles - (box[:2] + box[2:] / 2)).max(axis=1)
            targets[away <= ROUND * stride, 1] = 0
    for box, points in zip(boxes, landmarks, strict=True):
        if not least <= np.sqrt(box[2] * box[3]) < most:
            continue
        away = np.abs(middles - (box[:2] + box[2:] / 2)).max(axis=1)
        cells = (away <= NEAR * stride) & (_inside(middles, box) | (away <= stride / 2))
        targets[cells] = np.concatenate([[1, 1], box, points.reshape(-1)])
    return targets


def corners(stride: int, rows: int, columns: int) -> NDArray[np.float32]:
    """The top left corner of every cell, px [cells, 2], row by row."""
    down, across = np.divmod(np.arange(rows * columns), columns)
    return np.stack([across, down], axis=1).astype(np.float32) * stride


def _inside(points: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray(((points >= box[:2]) & (points <= box[:2] + box[2:])).all(axis=1))
