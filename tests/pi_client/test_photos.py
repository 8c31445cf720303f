"""Photos that are whole, and made small enough to send."""

import io
import random
import sys
from pathlib import Path

import pytest
from PIL import Image

from pi_client.errors import CameraError
from pi_client.photos import fit, whole_jpeg

ANA = (Path(__file__).parent.parent / "photos" / "ana-1.jpg").read_bytes()
CAP = 900_000
ORIENTATION = 0x0112
ON_ITS_SIDE = 6


def jpeg(size: tuple[int, int], quality: int = 95, mode: str = "RGB", **options: object) -> bytes:
    """A photo of noise: nothing compresses worse."""
    bands = len(Image.new(mode, (1, 1)).getbands())
    noise = random.Random(1).randbytes(size[0] * size[1] * bands)
    encoded = io.BytesIO()
    Image.frombytes(mode, size, noise).save(encoded, "JPEG", quality=quality, **options)
    return encoded.getvalue()


def opened(photo: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(photo))
    picture.load()
    return picture


def with_size_in_header(photo: bytes, width: int, height: int) -> bytes:
    at = photo.index(b"\xff\xc0") + 5
    return photo[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + photo[at + 4 :]


def test_photos_that_fit_together_are_passed_on_as_they_are() -> None:
    assert fit((ANA, ANA), 2 * len(ANA)) == (ANA, ANA)


def test_no_photos_fit_anywhere() -> None:
    assert fit((), 20_000) == ()


def test_point_14_an_oversize_photo_is_re_encoded_below_the_cap_at_its_size() -> None:
    photo = jpeg((1536, 864))
    assert len(photo) > CAP
    (smaller,) = fit((photo,), CAP)
    assert len(smaller) <= CAP
    assert (opened(smaller).format, opened(smaller).size) == ("JPEG", (1536, 864))


def test_point_14_three_oversize_photos_are_below_the_cap_together() -> None:
    photos = (jpeg((1536, 864)),) * 3
    smaller = fit(photos, CAP)
    assert len(smaller) == 3
    assert sum(map(len, smaller)) <= CAP
    assert {opened(photo).format for photo in smaller} == {"JPEG"}


def test_point_14_a_lower_quality_that_is_not_enough_is_followed_by_fewer_pixels() -> None:
    (smaller,) = fit((jpeg((1536, 864)),), 100_000)
    assert len(smaller) <= 100_000
    assert opened(smaller).size == (640, 360)


def test_a_photo_within_its_share_stays_as_it_is_when_another_is_made_smaller() -> None:
    large = jpeg((1536, 864))
    assert fit((ANA, large), CAP) == (ANA, *fit((large,), CAP // 2))


def test_a_picture_that_lies_on_its_side_stands_upright_once_its_note_of_that_is_gone() -> None:
    turned = Image.Exif()
    turned[ORIENTATION] = ON_ITS_SIDE
    (smaller,) = fit((jpeg((800, 400), exif=turned),), 200_000)
    assert opened(smaller).size == (400, 800)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_pictures_of_other_colours_are_made_smaller_too(mode: str) -> None:
    (smaller,) = fit((jpeg((800, 800), mode=mode),), 60_000)
    assert (opened(smaller).mode, len(smaller) <= 60_000) == ("RGB", True)


@pytest.mark.parametrize(
    "photo",
    [
        pytest.param(b"\xff\xd8\xff" + b"\0" * 30_000 + b"\xff\xd9", id="no picture inside"),
        pytest.param(jpeg((400, 400))[:40_000], id="cut off"),
        pytest.param(b"GIF89a" + b"\0" * 30_000, id="another format"),
        pytest.param(b"\0" * 30_000, id="nothing"),
        pytest.param(with_size_in_header(jpeg((400, 400)), 65_500, 65_500), id="a bomb"),
        pytest.param(with_size_in_header(jpeg((400, 400)), 8_000, 8_000), id="more pixels than cameras have"),
    ],
)
def test_a_photo_that_cannot_be_read_is_the_cameras_fault(photo: bytes) -> None:
    with pytest.raises(CameraError, match="photo"):
        fit((photo,), 20_000)


def test_a_photo_that_does_not_become_small_enough_is_not_tried_forever() -> None:
    with pytest.raises(CameraError, match=r"server\.max_upload_bytes"):
        fit((jpeg((400, 400)),), 500)


def test_without_pillow_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(CameraError, match="sudo apt install python3-pil"):
        fit((ANA,), 20_000)


def test_a_whole_jpeg_is_given_back() -> None:
    assert whole_jpeg(ANA) is ANA


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no JPEG"),
        (b"<html>", "no JPEG"),
        (ANA[:-1], "cut off after"),
        (ANA[: len(ANA) // 2], "cut off after"),
    ],
)
def test_what_is_no_whole_jpeg_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(CameraError, match=message):
        whole_jpeg(data)
