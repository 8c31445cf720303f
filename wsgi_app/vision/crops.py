"""Aligned crops as files: PNG, because embedding them again must give the same vector."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wsgi_app.vision.align import CROP_PX


def crop_to_png(crop: NDArray[np.uint8]) -> bytes:
    """Write an aligned crop, uint8 [112, 112, 3] RGB, as a PNG file."""
    file = BytesIO()
    Image.fromarray(crop).save(file, "PNG")
    return file.getvalue()


def crop_from_png(png: bytes) -> NDArray[np.uint8]:
    """Read it back, to the bit.

    Raises:
        ValueError: not such a file, or broken.
    """
    try:
        image = Image.open(BytesIO(png), formats=("PNG",))
        _check(image)
        return np.asarray(image)
    except Exception as error:  # what a decoder raises over broken data can be anything
        raise ValueError(f"not a kept crop: {error}") from error


def _check(image: Image.Image) -> None:
    if image.size != (CROP_PX, CROP_PX) or image.mode != "RGB":
        raise ValueError(f"an aligned crop is {CROP_PX}x{CROP_PX} RGB, this is {image.size} {image.mode}")
