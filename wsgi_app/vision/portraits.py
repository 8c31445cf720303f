"""A face with what is around it, as people like to see it."""

import cv2
import numpy as np
from numpy.typing import NDArray

PORTRAIT_PX = 240
SURROUNDINGS = 1.7  # side of a portrait, in longer sides of the face's box
JPEG_QUALITY = 85


def portrait(pixels: NDArray[np.uint8], box: tuple[float, float, float, float]) -> bytes:
    """Cut a square around a face out of a picture, moved and made smaller where the picture ends.

    Args:
        pixels: uint8 [height, width, 3], RGB.
        box: left, top, width and height of the face in it, px.

    Returns:
        A JPEG of 240 x 240 px.
    """
    height, width = pixels.shape[:2]
    left, top, box_width, box_height = box
    side = int(np.clip(SURROUNDINGS * max(box_width, box_height), 1, min(height, width)))
    x = int(np.clip(left + (box_width - side) / 2, 0, width - side))
    y = int(np.clip(top + (box_height - side) / 2, 0, height - side))
    square = pixels[y : y + side, x : x + side]
    resized = cv2.resize(square, (PORTRAIT_PX, PORTRAIT_PX), interpolation=cv2.INTER_AREA)
    _, file = cv2.imencode(
        ".jpg", cv2.cvtColor(resized, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
    )
    return file.tobytes()
