"""Pictures of which a part never arrived: decoders leave it grey, and whoever saves them again keeps that."""

import numpy as np
from numpy.typing import NDArray

# What decoders leave where nothing came: middle grey (zero coefficients), or zeros as luma and chroma in RGB.
LEFT = ((128, 128, 128), (0, 135, 0))
TOLERANCE = 1
LEAST_SHARE = 0.02  # of the rows; less of a picture cannot spoil a face


def lacks_a_part(pixels: NDArray[np.uint8]) -> bool:
    """Whether whole rows at one edge of a picture are what decoders leave where nothing came.

    A frame of that colour has it at the opposite edge as well, and lacks nothing.

    Args:
        pixels: uint8 [height, width, 3], RGB.
    """
    return _ends_empty(pixels) or _ends_empty(pixels.transpose(1, 0, 2))


def _ends_empty(pixels: NDArray[np.uint8]) -> bool:
    least = max(8, int(len(pixels) * LEAST_SHARE))
    if len(pixels) <= least:
        return False
    for colour in LEFT:
        first, last = (_is_empty(pixels[row], colour) for row in (0, -1))
        if first == last:
            continue
        if _is_empty(pixels[:least] if first else pixels[-least:], colour):
            return True
    return False


def _is_empty(pixels: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(pixels.astype(np.int16) - colour) <= TOLERANCE).all())
