"""WebPs that lack a part although their size is right, and those that only look as if they did."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.hostile import PHOTOS
from wsgi_app.base.errors import Unprocessable
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.decode import decode

PHOTO = Image.open(PHOTOS / "ana-1.jpg").convert("RGB")
HALF = PHOTO.resize((1920, 1080))
HALF.paste((255, 255, 255), (0, 200, 1920, 1080))
SEEN_THROUGH = PHOTO.copy()
SEEN_THROUGH.putalpha(Image.linear_gradient("L").resize(PHOTO.size))


def webp(picture: Image.Image, **options: Any) -> bytes:
    file = BytesIO()
    picture.save(file, "WEBP", **options)
    return file.getvalue()


WHOLE = {
    "lossy": webp(PHOTO),
    "fine": webp(PHOTO, quality=95),
    "lossless": webp(PHOTO, lossless=True),
    "half white": webp(HALF),
    "with camera data behind": webp(PHOTO, exif=b"Exif\0\0" + bytes(400)),
    "with transparency": webp(SEEN_THROUGH),
    "animated": webp(PHOTO, save_all=True, append_images=[HALF.resize(PHOTO.size)]),
}
FLAT = {
    "lossy": webp(Image.new("RGB", (1920, 1080), "white")),
    "lossless": webp(Image.new("RGB", (1920, 1080), "white"), lossless=True),
    "half white": WHOLE["half white"],
}


def look(data: bytes) -> NDArray[np.uint8]:
    return decode(data, enough_px=640, limits=PictureLimits()).pixels


def coded(data: bytes) -> tuple[int, int]:
    """Where the first picture's coded data begins and ends."""
    at = next(place for name in (b"VP8 ", b"VP8L") if (place := data.find(name)) > 0)
    return at + 8, at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")


@pytest.mark.parametrize("data", [*WHOLE.values(), *FLAT.values()])
def test_a_whole_picture_is_taken(data: bytes) -> None:
    assert look(data).shape[2] == 3


def test_a_flat_picture_ends_in_zeros_that_it_needs() -> None:
    _, end = coded(FLAT["lossy"])

    assert FLAT["lossy"][end - 64 : end] == bytes(64)


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\xaa\x55", b"\xde\xad\xbe\xef", b"0123456789abcdef"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_fills_the_place_of_a_part_is_no_data(data: bytes, filling: bytes, share: float) -> None:
    begin, end = coded(data)
    cut = begin + int((end - begin) * share)

    with pytest.raises(Unprocessable) as refusal:
        look(data[:cut] + (filling * end)[: end - cut] + data[end:])
    assert refusal.value.code == "unreadable_image"
