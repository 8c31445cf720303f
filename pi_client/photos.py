"""Photos as JPEG bytes: whether one is whole, and making them small enough to send."""

import importlib
import io
from typing import Any

from pi_client.errors import CameraError

JPEG_BEGIN, JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
LARGEST_PIXELS = 32_000_000  # more than any camera of a Pi has: such a picture is none of its photos

# (JPEG quality, longest side in pixels; 0 leaves the size), tried in turn: a face loses less by a lower
# quality than by fewer pixels.
TRIES = ((75, 0), (60, 0), (45, 0), (60, 1280), (60, 960), (60, 640), (45, 480), (45, 320))


def whole_jpeg(data: bytes) -> bytes:
    """The data itself, if it begins and ends as a JPEG does.

    Raises:
        CameraError: it does not.
    """
    if not data.startswith(JPEG_BEGIN):
        raise CameraError("The camera gave no JPEG.")
    if not data.endswith(JPEG_END):
        raise CameraError(f"The camera gave a photo that is cut off after {len(data)} bytes.")
    return data


def fit(photos: tuple[bytes, ...], max_bytes: int) -> tuple[bytes, ...]:
    """The photos, made smaller where they must be to have ``max_bytes`` at most together.

    Photos that fit are passed on as they are. Otherwise each has an equal share, and those within theirs are
    left alone.

    Args:
        photos: JPEGs.
        max_bytes: of all together.

    Raises:
        CameraError: a photo cannot be read, or not be made small enough.
    """
    if sum(map(len, photos)) <= max_bytes:
        return photos
    share = max_bytes // len(photos)
    return tuple(photo if len(photo) <= share else _smaller(photo, share) for photo in photos)


def _smaller(photo: bytes, max_bytes: int) -> bytes:
    picture = _decoded(photo)
    longest = max(picture.size)
    for quality, side in TRIES:
        if side and side < longest:
            picture.thumbnail((side, side))
        encoded = io.BytesIO()
        picture.save(encoded, format="JPEG", quality=quality)
        if encoded.tell() <= max_bytes:
            return encoded.getvalue()
    raise CameraError(
        f"A photo does not become smaller than {max_bytes} bytes: raise server.max_upload_bytes."
    )


def _decoded(photo: bytes) -> Any:
    # Only here, and only when a photo is too large: most doors never need it.
    try:
        image = importlib.import_module("PIL.Image")
        operations = importlib.import_module("PIL.ImageOps")
    except ImportError as error:
        raise CameraError("To make photos smaller, install Pillow: sudo apt install python3-pil.") from error
    try:
        picture = image.open(io.BytesIO(photo), formats=("JPEG",))
        _refuse_vast(*picture.size)
        return operations.exif_transpose(picture).convert("RGB")
    except CameraError:
        raise
    except Exception as error:  # of what Pillow raises at bytes that are no picture there is no list
        raise CameraError(f"A photo cannot be read: {error}.") from error


def _refuse_vast(width: int, height: int) -> None:
    if width * height > LARGEST_PIXELS:
        raise CameraError(f"A photo of {width} x {height} pixels is too large.")
