import io
from collections.abc import Callable

import pytest
from PIL import ExifTags, Image

from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.thumbnails import photo_size, thumbnail

Photo = Callable[[str], bytes]


def jpeg(width: int, height: int, orientation: int = 1) -> bytes:
    """A picture whose upper half is red."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width, height // 2))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((960, 540), (320, 180)),
        ((1640, 1232), (320, 240)),
        ((540, 960), (320, 569)),
        ((100, 5000), (13, 640)),
        ((320, 180), (320, 180)),
        ((40, 30), (40, 30)),
    ],
)
def test_a_thumbnail_is_small_and_keeps_its_shape(size: tuple[int, int], small: tuple[int, int]) -> None:
    made = thumbnail(jpeg(*size), PictureLimits())
    assert made is not None
    with Image.open(io.BytesIO(made)) as image:
        assert (image.format, image.size) == ("JPEG", small)


def test_a_thumbnail_weighs_far_less_than_its_photo(photo: Photo) -> None:
    made = thumbnail(photo("ana-1"), PictureLimits())
    assert made is not None
    assert 1_000 < len(made) < len(photo("ana-1")) / 5


def test_a_thumbnail_is_upright() -> None:
    made = thumbnail(jpeg(640, 320, orientation=6), PictureLimits())
    assert made is not None
    with Image.open(io.BytesIO(made)) as image:
        red, _, blue = image.getpixel((300, 320))  # type: ignore[misc]
        assert (image.size, red > blue) == ((320, 640), True)


@pytest.mark.parametrize(
    ("orientation", "size"), [(1, (640, 320)), (3, (640, 320)), (6, (320, 640)), (8, (320, 640))]
)
def test_a_photo_is_as_large_as_it_is_shown(orientation: int, size: tuple[int, int]) -> None:
    assert photo_size(jpeg(640, 320, orientation), PictureLimits()) == size


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"not a picture", jpeg(640, 320)[:-2000]])
def test_what_is_no_picture_has_neither(data: bytes) -> None:
    assert (thumbnail(data, PictureLimits()), photo_size(data, PictureLimits())) == (None, None)
