"""From the bytes of a JPEG, PNG or WebP to upright pixels, no larger than needed."""

import re
import warnings
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from wsgi_app.base.errors import ContentTooLarge, RequestError, Unprocessable, UnsupportedMediaType
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.kinds import is_jpeg, is_picture

FORMATS = ("JPEG", "PNG", "WEBP")

# What Pillow raises over broken data: OSError (truncated), SyntaxError (broken PNG), the rest over metadata.
BROKEN_DATA = (OSError, SyntaxError, ValueError, IndexError, TypeError, KeyError, OverflowError, EOFError)

# A JPEG's markers, as libjpeg finds them: 0xff, then neither a stuffed zero, a restart nor a fill byte.
JPEG_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
END_OF_IMAGE, START_OF_SCAN = b"\xff\xd9", b"\xff\xda"
WITHOUT_LENGTH = (b"\xff\x01", b"\xff\xd8")
MOST_SEGMENTS = 5_000

# How to turn a picture upright, by its EXIF orientation (EXIF 2.32, tag 274); 1 is upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LYING = (5, 6, 7, 8)  # these swap width and height

# Pillow's own limit is wider than ours, and it warns about odd camera data in pictures that are fine.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


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


def decode(data: bytes, *, enough_px: int, limits: PictureLimits) -> Picture:
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
    except BROKEN_DATA as error:
        raise _why_not_opened(data) from error
    width, height = image.size
    _check_size(width, height, data, limits)
    orientation = _orientation(image)
    try:
        shrink = max(width, height) / enough_px
        image.draft("RGB", (max(1, int(width / shrink)), max(1, int(height / shrink))))
        image.load()
        pixels = image if image.mode == "RGB" else _eight_bits(image).convert("RGB")
    except BROKEN_DATA as error:
        raise _unreadable() from error
    if orientation in TURNS:
        pixels = pixels.transpose(TURNS[orientation])
    return Picture(np.asarray(pixels), *((height, width) if orientation in LYING else (width, height)))


def _why_not_opened(data: bytes) -> RequestError:
    if is_picture(data):
        return _unreadable()
    return UnsupportedMediaType("unsupported_media_type:picture")


def _unreadable() -> Unprocessable:
    return Unprocessable("unreadable_image:broken")


def _check_size(width: int, height: int, data: bytes, limits: PictureLimits) -> None:
    most = limits.jpeg_pixels if is_jpeg(data) else limits.other_pixels
    if width * height > most or max(width, height) > limits.side_px:
        raise ContentTooLarge("image_too_large", megapixels=most // 1_000_000, side_px=limits.side_px)
    if is_jpeg(data) and _has_more_scans(data, limits.progressive_scans):
        raise Unprocessable("unreadable_image:scans")


def _has_more_scans(data: bytes, most: int) -> bool:
    """Whether decoding a JPEG's first picture passes over all its pixels more often than this."""
    scans, at = 0, 2
    for _ in range(MOST_SEGMENTS):
        marker = JPEG_MARKER.search(data, at)
        if marker is None or marker[0] == END_OF_IMAGE:
            return False
        scans += marker[0] == START_OF_SCAN
        if scans > most:
            return True
        at = marker.end()
        if marker[0] not in WITHOUT_LENGTH:
            at += int.from_bytes(data[at : at + 2])
    return True


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  # a camera's notes may be broken in any way: the picture still counts
        return 1


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image
