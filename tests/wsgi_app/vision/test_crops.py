import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from wsgi_app.vision.crops import crop_from_png, crop_to_png

NOISE = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)


def png(image: Image.Image, kind: str = "PNG") -> bytes:
    file = BytesIO()
    image.save(file, kind)
    return file.getvalue()


@given(st.integers(0, 2**32 - 1))
def test_a_crop_comes_back_to_the_bit(seed: int) -> None:
    crop = np.random.default_rng(seed).integers(0, 256, (112, 112, 3), np.uint8)

    back = crop_from_png(crop_to_png(crop))

    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, crop)


def test_it_is_a_png_file_that_any_program_reads() -> None:
    written = crop_to_png(NOISE)

    assert written.startswith(b"\x89PNG\r\n\x1a\n")
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(written))), NOISE)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (Image.new("RGB", (112, 111)), r"112x112 RGB, this is \(112, 111\) RGB"),
        (Image.new("RGB", (224, 224)), r"this is \(224, 224\) RGB"),
        (Image.new("L", (112, 112)), r"this is \(112, 112\) L"),
        (Image.new("RGBA", (112, 112)), r"this is \(112, 112\) RGBA"),
    ],
)
def test_another_size_or_kind_of_picture_is_refused(image: Image.Image, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        crop_from_png(png(image))


@pytest.mark.parametrize(
    "content", [b"", b"text", png(Image.fromarray(NOISE), "JPEG"), crop_to_png(NOISE)[:30]]
)
def test_what_is_no_png_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a kept crop: cannot identify image file"):
        crop_from_png(content)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(share: float) -> None:
    whole = crop_to_png(NOISE)

    with pytest.raises(ValueError, match="truncated"):
        crop_from_png(whole[: int(len(whole) * share)])


@pytest.mark.parametrize("side_px", [8000, 12_000, 65_000])
def test_a_file_that_claims_to_be_huge_is_refused_before_it_is_read(side_px: int) -> None:
    whole = crop_to_png(NOISE)
    header = b"IHDR" + struct.pack(">II", side_px, side_px) + whole[24:29]
    claim = whole[:12] + header + struct.pack(">I", zlib.crc32(header)) + whole[33:]

    with pytest.raises(ValueError, match=rf"this is \({side_px}, {side_px}\) RGB"):
        crop_from_png(claim)


@given(place=st.integers(8, 3000), byte=st.integers(0, 255))
@example(place=35, byte=0)  # the length of the chunk that holds the pixels
def test_a_changed_byte_is_refused_or_does_no_harm(place: int, byte: int) -> None:
    broken = bytearray(crop_to_png(NOISE))
    broken[place] = byte

    try:
        crop = crop_from_png(bytes(broken))
    except ValueError:
        return
    assert crop.shape == (112, 112, 3)
