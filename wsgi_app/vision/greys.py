"""Pictures of which a part never arrived: decoders leave it grey, and whoever saves them again keeps that."""

import numpy as np
from numpy.typing import NDArray

# What decoders leave where nothing came: middle grey (zero coefficients), or zeros as luma and chroma in RGB.
LEFT = ((128, 128, 128), (0, 135, 0))
TOLERANCE = 1
STRIP = 256  # rows looked at at once, from the last one up
LEAST_SHARE = 0.02  # of the rows; less of a picture cannot spoil a face
SEAM = 3  # rows above the part that is empty: nearer to it colours are blended


def lacks_a_part(pixels: NDArray[np.uint8]) -> bool:
    """Whether a picture ends in what decoders leave where nothing came.

    Blocks come row by row, each from the left to the right. Of the last row that anything came of the right
    part is missing too, nearly always: a plain background, or a border, begins with a whole row.

    Args:
        pixels: uint8 [height, width, 3], RGB, as they lie in the file.
    """
    least = max(8, int(len(pixels) * LEAST_SHARE))
    for colour in LEFT:
        if len(pixels) > least and _empty(pixels[-least:], colour).all():
            first = _first_empty(pixels, colour)
            above = _empty(pixels[max(0, first - SEAM)], colour).tolist()
            if first and above[-1] and not above[0]:
                return True
    return False


def _first_empty(pixels: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    """The row from which on all are empty."""
    end = len(pixels)
    while end:
        begin = max(0, end - STRIP)
        full = np.flatnonzero(~_empty(pixels[begin:end], colour).all(axis=1))
        if len(full):
            return begin + int(full[-1]) + 1
        end = begin
    return 0


def _empty(pixels: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    near = np.ones(pixels.shape[:-1], np.bool_)
    for channel, level in enumerate(colour):
        low, high = max(0, level - TOLERANCE), level + TOLERANCE
        near &= pixels[..., channel] - np.uint8(low) <= high - low  # below the lowest it begins at 255 again
    return near
