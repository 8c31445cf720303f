"""JPEGs that lack a part, whatever they say of it, and those that only look as if they did."""

import re
import time
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.hostile import PHOTOS
from wsgi_app.base.errors import Unprocessable, UnsupportedMediaType
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.decode import decode

END = b"\xff\xd9"
PHOTO = Image.open(PHOTOS / "ana-1.jpg")
FORMS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "with its own codes": {"optimize": True},
    "of high quality": {"quality": 98, "subsampling": 0},
    "in restart intervals": {"restart_marker_rows": 1},
    "in short restart intervals": {"restart_marker_blocks": 3},
}


def photo(**options: Any) -> bytes:
    file = BytesIO()
    PHOTO.save(file, "JPEG", **options)
    return file.getvalue()


WHOLE = {name: photo(**options) for name, options in FORMS.items()}
every_form = pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)


def look(data: bytes) -> NDArray[np.uint8]:
    return decode(data, enough_px=640, limits=PictureLimits()).pixels


def assert_incomplete(data: bytes) -> None:
    with pytest.raises(Unprocessable, match="unreadable_image:incomplete"):
        look(data)


def scans_of(data: bytes) -> list[tuple[int, int]]:
    """Where each scan's coded data begins and ends."""
    begins = [
        at.end() + int.from_bytes(data[at.end() : at.end() + 2]) for at in re.finditer(rb"\xff\xda", data)
    ]
    ends = [re.search(rb"\xff[\x01-\xcf\xd8-\xfe]", data[begin:]) for begin in begins]
    return [(begin, begin + end.start()) for begin, end in zip(begins, ends, strict=True) if end]


@every_form
def test_a_whole_photo_is_taken_as_it_is(data: bytes) -> None:
    assert np.array_equal(look(data), np.asarray(Image.open(BytesIO(data))))


@every_form
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95, 0.99])
def test_an_end_marker_does_not_make_a_part_the_whole(data: bytes, share: float) -> None:
    assert_incomplete(data[: int(len(data) * share)] + END)


@every_form
@pytest.mark.parametrize("share", [0.3, 0.7])
def test_data_that_is_missing_in_the_middle_is_missed(data: bytes, share: float) -> None:
    begin, end = max(scans_of(data), key=lambda place: place[1] - place[0])
    cut = begin + int((end - begin) * share)

    assert_incomplete(data[:cut] + data[end:])


@every_form
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\xaa"], ids=["zeros", "ones", "a pattern"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.98])
def test_what_fills_the_place_of_a_part_is_no_data(data: bytes, filling: bytes, share: float) -> None:
    cut = int(len(data) * share)

    for end in (b"", END):
        with pytest.raises(Unprocessable) as refusal:
            look(data[:cut] + filling * (len(data) - cut - len(end)) + end)
        assert refusal.value.code == "unreadable_image"


@every_form
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_hole_in_what_makes_the_picture_is_missed(data: bytes, share: float) -> None:
    """One in the lowest bits, which a progressive JPEG has last, may go unseen: it is no more than noise."""
    begin, end = scans_of(data)[0]
    hole = begin + int((end - begin) * share)

    with pytest.raises(Unprocessable) as refusal:
        look(data[:hole] + bytes(256) + data[hole + 256 :])
    assert refusal.value.code == "unreadable_image"


@pytest.mark.parametrize("extra", [b"\0", b"\x13\x37", b"\xff", bytes(40)])
def test_bytes_before_the_end_marker_do_no_harm_as_cameras_write_them(extra: bytes) -> None:
    data = WHOLE["baseline"]

    assert np.array_equal(look(data[:-2] + extra + END), look(data))


def test_revisions_and_selections_that_careless_writers_get_wrong_do_no_harm() -> None:
    data = WHOLE["baseline"]
    scan = data.index(b"\xff\xda")

    assert np.array_equal(look(data.replace(b"JFIF\0\x01", b"JFIF\0\x02")), look(data))
    assert np.array_equal(look(data[: scan + 11] + b"\0\0\0" + data[scan + 14 :]), look(data))
    assert_incomplete(data[: scan + 11] + b"\0\0\0" + data[scan + 14 : len(data) // 2] + END)


def test_a_flat_picture_is_all_zeros_and_whole() -> None:
    flat = BytesIO()
    Image.new("RGB", (1600, 1200), (90, 120, 200)).save(flat, "JPEG", optimize=True)
    data = flat.getvalue()
    assert bytes(64) in data

    assert look(data).std(axis=(0, 1)).max() == 0


def test_a_scan_that_never_came_is_missed() -> None:
    data = WHOLE["progressive"]
    for _, end in scans_of(data)[1:-1]:
        assert_incomplete(data[:end] + END)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 8_000_000,
        WHOLE["baseline"][:20] + bytes(8_000_000) + WHOLE["baseline"][20:],
    ],
    ids=["fill bytes", "junk before the header"],
)
def test_what_would_take_long_for_nothing_is_refused_at_once(data: bytes) -> None:
    started = time.process_time()

    with pytest.raises(Unprocessable, match="unreadable_image:broken"):
        look(data)

    assert time.process_time() - started < 0.5


ICC = b"\xff\xe2\0\x14ICC_PROFILE\0\1\2" + bytes(4)


@pytest.mark.parametrize(
    "note",
    [
        ICC,
        b"\xff\xe2\0\x10ICC_PROFILE\0\0\0",
        b"\xff\xe1\0\x08Exif\0\0",
        b"\xff\xfe\0\x04hi",
        b"junk",
        bytes(4000),
    ],
    ids=["half a profile", "a profile without a number", "camera data", "a comment", "junk", "more junk"],
)
@every_form
def test_notes_and_junk_beside_the_pixels_do_no_harm(data: bytes, note: bytes) -> None:
    for marker in (b"\xff\xdb", b"\xff\xda"):
        at = data.index(marker)

        assert np.array_equal(look(data[:at] + note + data[at:]), look(data))


def test_components_of_one_name_are_told_apart_by_their_order() -> None:
    data = WHOLE["baseline"]
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    alike = bytearray(data)
    for at in (frame + 10, frame + 13, frame + 16, scan + 5, scan + 7, scan + 9):
        alike[at] = 1

    assert np.array_equal(look(bytes(alike)), look(data))


def test_an_adobe_programs_note_may_be_wrong() -> None:
    data = WHOLE["baseline"]
    note = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\2"

    assert np.array_equal(look(data[:2] + note + data[2:]), look(data))


@pytest.mark.parametrize(
    ("sampling", "is_read"), [("2x2", True), ("1x4", True), ("4x1", True), ("3x1", False)]
)
def test_colours_that_are_sampled_unusually_are_read_or_named(sampling: str, is_read: bool) -> None:
    across, down = (int(number) for number in sampling.split("x"))
    file = BytesIO()
    Image.new("RGB", (240, 240), (90, 120, 200)).save(file, "JPEG", subsampling=0)
    frame = file.getvalue().index(b"\xff\xc0")
    data = bytearray(file.getvalue())
    data[frame + 11] = across << 4 | down

    with pytest.raises((Unprocessable, UnsupportedMediaType)) as refusal:
        look(bytes(data))
    assert refusal.value.key == ("unreadable_image:incomplete" if is_read else "unsupported_media_type:kind")


def test_restarts_of_nothing_take_no_time() -> None:
    data = WHOLE["baseline"]
    started = time.process_time()

    assert np.array_equal(look(data[:-2] + b"\xff\xd0" * 4_000_000 + END), look(data))
    assert time.process_time() - started < 0.5
