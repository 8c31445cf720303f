"""Pictures, points and boxes through maps that shift, turn and scale."""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import shared_areas

Matrix = NDArray[np.float64]
Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32])

ALIASING = 0.7  # below this scale pixels would be skipped: shrink by averaging first


@dataclass(frozen=True)
class Size:
    """Of a view.

    Attributes:
        width: px.
        height: px.
        least_face: px, of the faces that are brought into the view.
        largest_face: likewise, as a share of the view's shorter side.
    """

    width: int
    height: int
    least_face: float = 14.0
    largest_face: float = 1.0


def similarity(
    there: NDArray[np.floating], here: NDArray[np.floating], *, scale: float, degrees: float
) -> Matrix:
    """The map [2, 3] that brings one point to another and turns and scales around it."""
    turn = np.deg2rad(degrees)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.hstack([linear, (here - linear @ there)[:, None]])


def transformed(points: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """Points [..., 2] through a map [2, 3]."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def turned_boxes(boxes: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """Boxes after a map, around the same ovals: a head is no rectangle, its corners do not count."""
    middles = transformed(np.asarray(boxes[:, :2] + boxes[:, 2:] / 2, np.float32), matrix)
    halves = boxes[:, 2:] / 2
    sides = 2 * np.sqrt(halves**2 @ (matrix[:, :2] ** 2).T)
    return np.asarray(np.hstack([middles - sides / 2, sides]), np.float32)


def warp(pixels: Pixels, matrix: Matrix, size: Size, fill: list[int]) -> Pixels:
    """Pixels or a mask through a map, into a picture of that size; outside, ``fill``.

    The map counts from the corner of the first pixel, as boxes and landmarks do.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    back = np.ones(2)
    if scale < ALIASING:
        height, width = pixels.shape[:2]
        small = cv2.resize(
            pixels,
            (max(1, round(width * scale)), max(1, round(height * scale))),
            interpolation=cv2.INTER_AREA,
        )
        back = np.array([width / small.shape[1], height / small.shape[0]])
        pixels = np.asarray(small, pixels.dtype)
    # OpenCV counts from the middle of the first pixel.
    shift = matrix[:, :2] @ (back / 2) + matrix[:, 2] - 0.5
    matrix = np.hstack([matrix[:, :2] * back, shift[:, None]])
    return np.asarray(
        cv2.warpAffine(
            pixels, matrix, (size.width, size.height), flags=cv2.INTER_LINEAR, borderValue=tuple(fill)
        ),
        pixels.dtype,
    )


def share_inside(boxes: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """How much of each box is within a picture, 0 to 1."""
    inside = shared_areas(np.array([0, 0, size.width, size.height]), boxes)
    return np.asarray(inside / np.maximum(np.prod(boxes[:, 2:], axis=1), 1e-6), np.float32)
