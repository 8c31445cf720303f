"""Small copies of photos for lists, and how large a photo is."""

from io import BytesIO

from PIL import Image

from wsgi_app.base.errors import RequestError
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.decode import Picture, decode

WIDTH_PX, HEIGHT_PX = 320, 640
QUALITY = 80  # of the JPEG, as Pillow counts


def thumbnail(photo: bytes, limits: PictureLimits) -> bytes | None:
    """A JPEG of a photo, upright, at most 320 px wide and never larger than the photo.

    ``None`` for a photo that cannot be decoded.
    """
    picture = _decoded(photo, HEIGHT_PX, limits)
    if picture is None:
        return None
    image = Image.fromarray(picture.pixels)
    image.thumbnail((WIDTH_PX, HEIGHT_PX), Image.Resampling.BILINEAR, reducing_gap=None)
    file = BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def photo_size(photo: bytes, limits: PictureLimits) -> tuple[int, int] | None:
    """Width and height of a photo as it is shown, upright, in px; ``None`` as ``thumbnail`` says."""
    picture = _decoded(photo, 1, limits)
    return (picture.width, picture.height) if picture else None


def _decoded(photo: bytes, enough_px: int, limits: PictureLimits) -> Picture | None:
    try:
        return decode(photo, enough_px=enough_px, limits=limits)
    except RequestError:
        return None
