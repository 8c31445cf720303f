"""A plain ground around a picture, so that the detector sees all of a face that fills it."""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.detect import LARGEST_CELL
from wsgi_app.vision.packs import DetectorFile


def ground_side(file: DetectorFile, wanted_px: int) -> int:
    """The side of a square ground for a detector, px.

    Args:
        file: the pack's description of the detector.
        wanted_px: what suits the shipped one.
    """
    if file.sizes == "square":
        return file.input_px
    return LARGEST_CELL * ceil(file.ground_scale * wanted_px / LARGEST_CELL)


def on_ground(pixels: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], int, int]:
    """Lay a picture on the middle of a square ground of its own mean colour.

    Args:
        pixels: uint8 [height, width, 3], RGB, no side longer than ``side``.
        side: of the ground, px.

    Returns:
        uint8 [side, side, 3], and how far from its left and from its top the picture lies.
    """
    height, width = pixels.shape[:2]
    left, top = (side - width) // 2, (side - height) // 2
    ground = np.empty((side, side, 3), np.uint8)
    ground[:] = cv2.mean(pixels)[:3]
    ground[top : top + height, left : left + width] = pixels
    return ground, left, top
