"""From the bytes of a JPEG, PNG or WebP to upright pixels, no larger than needed."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from wsgi_app.config import Limits
from wsgi_app.errors import ContentTooLarge, Unprocessable, UnsupportedMediaType

FORMATS = ("JPEG", "PNG", "WEBP")
START_OF_SCAN = b"\xff\xda"
LYING = (5, 6, 7, 8)  # EXIF orientations that swap width and height

# What Pillow raises over broken data: OSError (truncated), SyntaxError (broken PNG), ValueError and the rest
# (broken metadata).
BROKEN_DATA = (OSError, SyntaxError, ValueError, IndexError, TypeError, KeyError, OverflowError, EOFError)


@dataclass(frozen=True)
class Picture:
    """A decoded photo.

    Attributes:
        pixels: uint8 [height, width, 3], RGB, upright; at most ``scale`` times smaller than the photo.
        width: of the upright photo as sent, px.
        height: of the upright photo as sent, px.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int

    @property
    def scale(self) -> float:
        """Photo pixels for each decoded pixel: 1.0, or about 2, 4 or 8."""
        height, width = self.pixels.shape[:2]
        return max(self.width, self.height) / max(int(height), int(width))


def decode(data: bytes, *, enough_px: int, limits: Limits) -> Picture:
    """Decode a photo.

    Args:
        data: the file's bytes.
        enough_px: a JPEG is decoded at 1/2, 1/4 or 1/8 scale as long as its long side keeps this many pixels.
        limits: the header's size is held against these before any pixel is decoded.

    Raises:
        UnsupportedMediaType: not a JPEG, PNG or WebP.
        ContentTooLarge: more pixels than the limits allow.
        Unprocessable: truncated or broken.
    """
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
    except (UnidentifiedImageError, *BROKEN_DATA) as error:
        raise UnsupportedMediaType("This is not a JPEG, PNG or WebP picture.") from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(limits) from error
    _check_size(image, data, limits)
    width, height = image.size
    try:
        shrink = max(image.size) / enough_px
        image.draft("RGB", (int(width / shrink), int(height / shrink)))
        if image.getexif().get(ExifTags.Base.Orientation) in LYING:
            width, height = height, width
        upright = ImageOps.exif_transpose(image).convert("RGB")
    except BROKEN_DATA as error:
        raise Unprocessable("The picture is broken or incomplete.", code="unreadable_image") from error
    return Picture(np.asarray(upright), width, height)


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin as every JPEG does."""
    return data.startswith(b"\xff\xd8\xff")


def _check_size(image: Image.Image, data: bytes, limits: Limits) -> None:
    if image.width * image.height > limits.image_pixels or max(image.size) > limits.image_side_px:
        raise _too_many_pixels(limits)
    if image.format == "JPEG" and data.count(START_OF_SCAN) > limits.progressive_scans:
        raise Unprocessable("The JPEG has too many scans.", code="unreadable_image")


def _too_many_pixels(limits: Limits) -> ContentTooLarge:
    return ContentTooLarge(
        f"The picture has too many pixels: at most {limits.image_pixels // 1_000_000} megapixels and "
        f"{limits.image_side_px} px a side.",
        code="image_too_large",
    )
