"""A photo up to its end: nothing of the picture is lost by it, whatever follows."""

import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.conftest import PHOTOS
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.decode import decode
from wsgi_app.vision.ends import without_trailer

HEIC = (Path(__file__).parents[2] / "cases" / "IMG_1.HEIC").read_bytes()


def file_of(kind: str, **options: Any) -> bytes:
    stream = BytesIO()
    Image.open(PHOTOS / "ana-1.jpg").resize((320, 180)).save(stream, kind, **options)
    return stream.getvalue()


PICTURES = {
    "a camera's JPEG": (PHOTOS / "ana-1.jpg").read_bytes(),
    "a progressive JPEG": file_of("JPEG", progressive=True),
    "a JPEG with a small one in its notes": file_of("JPEG", exif=b"Exif\0\0" + file_of("JPEG", quality=10)),
    "a PNG": file_of("PNG"),
    "a WebP": file_of("WEBP"),
    "a WebP of odd size": file_of("WEBP", quality=31, exif=b"Exif\0\0x"),
    "a lossless WebP": file_of("WEBP", lossless=True),
    "an AVIF": file_of("AVIF"),
    "a HEIC": HEIC,
}
TRAILERS: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: bytes(7 << 20),
    "a thousand bytes made at random": lambda: random.Random(3).randbytes(1000),
    "another photo": (PHOTOS / "bruno-1.jpg").read_bytes,
    "a box": lambda: (4096).to_bytes(4) + b"mdat" + bytes(4088),
    "a box to the end": lambda: bytes(4) + b"mdat" + bytes(4088),
    "a chunk": lambda: b"\0\0\0\x04tEXtab\0c\0\0\0\0",
    "a marker": lambda: b"\xff\xd9",
}


@pytest.mark.parametrize("picture", PICTURES)
def test_a_photo_without_a_trailer_stays_as_it_is(picture: str) -> None:
    assert without_trailer(PICTURES[picture]) == PICTURES[picture]


@pytest.mark.parametrize("trailer", TRAILERS)
@pytest.mark.parametrize("picture", PICTURES)
def test_what_follows_is_cut_off_and_the_picture_is_the_same(picture: str, trailer: str) -> None:
    data = PICTURES[picture]
    sent = data + TRAILERS[trailer]()

    kept = without_trailer(sent)

    assert kept == data
    before, after = (decode(each, enough_px=640, limits=PictureLimits()).pixels for each in (sent, kept))
    assert np.array_equal(before, after)


@pytest.mark.parametrize("picture", PICTURES)
@given(st.data())
def test_of_broken_ones_a_beginning_is_kept_at_most(picture: str, data: st.DataObject) -> None:
    broken = bytearray(PICTURES[picture][: data.draw(st.integers(0, 3000))])
    for _ in range(data.draw(st.integers(0, 4))):
        if broken:
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))

    assert bytes(broken).startswith(without_trailer(bytes(broken)))
