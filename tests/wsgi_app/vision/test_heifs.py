"""HEIC and AVIF: as phones write them, and as whoever wants a server to work in vain might."""

import struct
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wsgi_app.base.errors import ContentTooLarge, Unprocessable, UnsupportedMediaType
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.decode import decode
from wsgi_app.vision.heifs import check_heif

HEIC = (Path(__file__).parents[2] / "cases" / "IMG_1.HEIC").read_bytes()
PIXELS = 960 * 540
TOO_LARGE = ContentTooLarge("image_too_large", megapixels=0, side_px=0)


def look(data: bytes, limits: PictureLimits | None = None) -> NDArray[np.uint8]:
    return decode(data, enough_px=640, limits=limits or PictureLimits()).pixels


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def grid_of(tile: tuple[int, int], tiles: int, canvas: tuple[int, int], kind: bytes = b"grid") -> bytes:
    """A file whose picture is made of one tile again and again."""
    entry = struct.pack(">IHH4sx", 2 << 24, 0, 0, b"")[:4]
    items = [box(b"infe", entry + struct.pack(">HH4sx", n, 0, k)) for n, k in ((1, kind), (2, b"hvc1"))]
    sizes = b"".join(box(b"ispe", struct.pack(">III", 0, *size)) for size in (canvas, tile))
    ipma = struct.pack(">II", 0, 2) + bytes([0, 1, 1, 1, 0, 2, 1, 2])
    meta = (
        box(b"pitm", struct.pack(">IH", 0, 1))
        + box(b"iinf", struct.pack(">IH", 0, 2) + b"".join(items))
        + box(b"iref", bytes(4) + box(b"dimg", struct.pack(f">HH{tiles}H", 1, tiles, *[2] * tiles)))
        + box(b"iprp", box(b"ipco", sizes) + box(b"ipma", ipma))
    )
    return box(b"ftyp", b"heic" + bytes(4)) + box(b"meta", bytes(4) + meta)


def turned(heic: bytes, quarters: int) -> bytes:
    """The same picture with a note that it is to be turned, in the place of its colours' description."""
    at = heic.index(b"colr") - 4
    note = box(b"irot", bytes([quarters])) + box(b"free", bytes(2))
    shown = heic.index(b"\x04\x81\x02\x03\x04") + 1
    return heic[:at] + note + heic[at + len(note) : shown] + b"\x81\x82\x04\x05" + heic[shown + 4 :]


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_phones_picture_is_upright_however_it_was_held(quarters: int) -> None:
    upright, lying = look(HEIC), look(turned(HEIC, quarters))

    assert (
        np.abs(np.rot90(upright, quarters).astype(int) - lying).mean() < 8
    )  # colours are described otherwise


@pytest.mark.parametrize(("most", "fits"), [(PIXELS, True), (PIXELS - 1, False)])
def test_a_picture_of_exactly_the_limit_passes(most: int, fits: bool) -> None:
    file = BytesIO()
    Image.fromarray(look(HEIC)).save(file, "AVIF")
    limits = PictureLimits(other_pixels=most)

    for data in (HEIC, file.getvalue()):
        if fits:
            assert look(data, limits).shape == (540, 960, 3)
        else:
            with pytest.raises(ContentTooLarge):
                look(data, limits)


def test_a_picture_that_is_larger_than_its_header_says_is_broken() -> None:
    at = HEIC.index(b"ispe") + 8
    small = HEIC[:at] + struct.pack(">II", 64, 48) + HEIC[at + 8 :]

    with pytest.raises(Unprocessable, match="unreadable_image:broken"):
        look(small)


def test_a_phones_grid_is_as_much_work_as_its_canvas() -> None:
    check_heif(grid_of((512, 512), 48, (4032, 3024)), 4032 * 3024, TOO_LARGE)


@pytest.mark.parametrize(
    "data",
    [
        grid_of((4000, 3000), 3, (4000, 3000)),
        grid_of((512, 512), 1000, (512, 512)),
        grid_of((16_000, 16_000), 1, (64, 64)),
    ],
    ids=["large tiles", "many tiles", "a tile larger than the canvas"],
)
def test_more_work_than_the_limit_is_refused_whatever_the_canvas(data: bytes) -> None:
    with pytest.raises(ContentTooLarge):
        check_heif(data, 12_000_000, TOO_LARGE)


@pytest.mark.parametrize("kind", [b"iovl", b"iden", b"jpeg", b"unci"])
def test_pictures_of_another_make_are_refused_by_name(kind: bytes) -> None:
    with pytest.raises(UnsupportedMediaType, match="unsupported_media_type:kind"):
        check_heif(grid_of((512, 512), 4, (1024, 1024), kind), 12_000_000, TOO_LARGE)


@pytest.mark.parametrize("place", range(0, 380, 3))
def test_any_damage_to_the_header_is_read_or_refused(place: int) -> None:
    for byte in (0x00, 0xFF):
        with suppress(ContentTooLarge, UnsupportedMediaType, Unprocessable):
            look(HEIC[:place] + bytes([byte]) + HEIC[place + 1 :])


def avif(**options: int) -> bytes:
    file = BytesIO()
    Image.fromarray(look(HEIC)).save(file, "AVIF", **options)
    return file.getvalue()


@pytest.mark.parametrize("data", [HEIC, avif(), avif(quality=95)], ids=["HEIC", "AVIF", "fine AVIF"])
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\xaa\x55", b"\xde\xad\xbe\xef", b"0123456789abcdef"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.97])
def test_what_fills_the_place_of_a_part_is_no_data(data: bytes, filling: bytes, share: float) -> None:
    begin = data.index(b"mdat") + 8
    cut = begin + int((len(data) - begin) * share)

    with pytest.raises(Unprocessable) as refusal:
        look(data[:cut] + (filling * len(data))[: len(data) - cut])
    assert refusal.value.code == "unreadable_image"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_hole_in_a_heic_is_missed(share: float) -> None:
    begin = HEIC.index(b"mdat") + 8
    hole = begin + int((len(HEIC) - begin) * share)

    with pytest.raises(Unprocessable, match="unreadable_image:incomplete"):
        look(HEIC[:hole] + bytes(64) + HEIC[hole + 64 :])


def test_a_flat_avif_is_whole() -> None:
    file = BytesIO()
    Image.new("RGB", (1600, 1200), "white").save(file, "AVIF")

    assert look(file.getvalue()).min() == 255


NOTED = (Path(__file__).parents[2] / "cases" / "turned-and-noted.heic").read_bytes()
NOTES = [at for at in range(150, 300) if NOTED[at : at + 4] == b"infe"]


@pytest.mark.parametrize("entry", range(len(NOTES)))
@pytest.mark.parametrize("after", [14, 15, 16, 17, 18, 19])
def test_notes_in_no_encoding_end_no_process(entry: int, after: int) -> None:
    """The binding to the decoder ends the whole process over such a name: nothing of it may get there."""
    data = bytearray(NOTED)
    data[NOTES[entry] + after] = 0xFF

    with suppress(Unprocessable, UnsupportedMediaType):
        look(bytes(data))


def test_a_note_whose_type_is_in_no_encoding_is_broken() -> None:
    at = NOTED.index(b"application/rdf+xml")

    with pytest.raises(Unprocessable, match="unreadable_image:broken"):
        look(NOTED[: at + 14] + b"\xff" + NOTED[at + 15 :])
