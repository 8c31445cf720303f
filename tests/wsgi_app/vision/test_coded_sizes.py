"""What there is to decode counts, not what a file claims."""

import struct
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from wsgi_app.base.errors import ContentTooLarge
from wsgi_app.vision.coded_sizes import av1_pixels, hevc_pixels
from wsgi_app.vision.heifs import check_heif

HEIC = (Path(__file__).parents[2] / "cases" / "IMG_1.HEIC").read_bytes()
TOO_LARGE = ContentTooLarge("image_too_large", megapixels=0, side_px=0)


def avif(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, "AVIF", speed=10)
    return file.getvalue()


def claiming(data: bytes, width: int, height: int) -> bytes:
    """The same file, of another size by its own word."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def test_the_pixels_of_both_kinds_are_counted() -> None:
    at = HEIC.index(b"hvcC")
    configuration = HEIC[at + 4 : at - 4 + int.from_bytes(HEIC[at - 4 : at])]

    assert hevc_pixels(configuration, HEIC[380:]) == 960 * 544  # in whole blocks
    data = avif(640, 400)
    assert av1_pixels(data[data.index(b"mdat") + 4 :]) == 640 * 400


@pytest.mark.parametrize("data", [HEIC, avif(960, 540)], ids=["HEIC", "AVIF"])
def test_a_file_that_claims_fewer_pixels_than_it_has_is_refused(data: bytes) -> None:
    check_heif(data, 960 * 540, TOO_LARGE)
    with pytest.raises(ContentTooLarge):
        check_heif(claiming(data, 64, 64), 64 * 64, TOO_LARGE)


@pytest.mark.parametrize(
    "data",
    [b"\x0a\xff", b"\x0a\x01", b"\x12\x00" * 30_000],
    ids=["half a length", "no header", "too many units"],
)
def test_broken_data_ends_at_once(data: bytes) -> None:
    with pytest.raises(IndexError):
        av1_pixels(data)
