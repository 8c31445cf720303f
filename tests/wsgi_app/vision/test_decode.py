import re
import struct
import time
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image

from wsgi_app.base.errors import ContentTooLarge, Unprocessable, UnsupportedMediaType
from wsgi_app.base.limits import PictureLimits
from wsgi_app.vision.decode import Picture, decode
from wsgi_app.vision.kinds import is_jpeg

Pixels = NDArray[np.uint8]
Transpose = Image.Transpose

LIMITS = PictureLimits()
CASES = Path(__file__).parents[2] / "cases"

# How a camera that was held in each of the eight ways stores an upright scene.
STORED = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


def scene(width: int = 64, height: int = 48) -> Pixels:
    """A smooth picture without any symmetry: red grows to the right, green downwards, blue to the corner."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return (np.stack((x, y, x * y), axis=2) * 255).astype(np.uint8)


def file_of(picture: Pixels | Image.Image, kind: str, **options: Any) -> bytes:
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain_jpeg(width: int, height: int) -> bytes:
    return file_of(Image.new("RGB", (width, height), (200, 100, 50)), "JPEG")


def look(data: bytes, *, enough_px: int = 640, limits: PictureLimits = LIMITS) -> Picture:
    return decode(data, enough_px=enough_px, limits=limits)


def assert_same(picture: Picture, expected: Pixels, *, mean_error: float = 0) -> None:
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == expected.shape
    assert (picture.width, picture.height) == (expected.shape[1], expected.shape[0])
    difference = np.abs(picture.pixels.astype(int) - expected)
    assert difference.mean() <= mean_error
    assert difference.max() <= 20 * mean_error


KINDS = {
    "JPEG": file_of(scene(), "JPEG", quality=95),
    "progressive JPEG": file_of(scene(), "JPEG", quality=95, progressive=True),
    "PNG": file_of(scene(), "PNG"),
    "WebP": file_of(scene(), "WEBP", quality=95),
    "lossless WebP": file_of(scene(), "WEBP", lossless=True),
    "AVIF": file_of(scene(), "AVIF", quality=95),
}
every_kind = pytest.mark.parametrize("data", KINDS.values(), ids=KINDS)


@every_kind
def test_the_same_picture_comes_out_of_every_kind_of_file(data: bytes) -> None:
    assert_same(look(data), scene(), mean_error=2)


@pytest.mark.parametrize("kind", ["PNG", "lossless WebP"])
def test_lossless_files_keep_every_pixel(kind: str) -> None:
    assert_same(look(KINDS[kind]), scene())


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize(
    ("kind", "options", "mean_error"),
    [
        ("JPEG", {"quality": 95}, 2),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("AVIF", {"quality": 95}, 2),
    ],
)
def test_a_picture_is_upright_however_the_camera_was_held(
    kind: str, options: dict[str, Any], mean_error: float, stored: int
) -> None:
    turn = STORED[stored]
    lying = Image.fromarray(scene()) if turn is None else Image.fromarray(scene()).transpose(turn)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = stored

    picture = look(file_of(lying, kind, exif=exif, **options))

    assert_same(picture, scene(), mean_error=mean_error)
    assert picture.scale == 1.0


@pytest.mark.parametrize("stored", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(stored: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = stored

    assert_same(look(file_of(scene(), "PNG", exif=exif)), scene())


def exif_of(*entries: tuple[int, int, int, bytes]) -> bytes:
    """EXIF data with one entry for each (tag, type, count, value of four bytes)."""
    body = b"".join(struct.pack(">HHI", tag, kind, count) + value for tag, kind, count, value in entries)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + body + bytes(4)


SHORT, LONG = 3, 4
UPSIDE_DOWN = (ExifTags.Base.Orientation, SHORT, 1, b"\0\3\0\0")


def with_unit_as_orientation(avif: bytes, number: int) -> bytes:
    """The same with an orientation in its EXIF, in the place of a unit of that number."""
    tags = ExifTags.Base.ResolutionUnit, ExifTags.Base.Orientation
    unit, orientation = (struct.pack(">HHIHH", tag, SHORT, 1, number, 0) for tag in tags)
    assert avif.count(unit) == 1
    return avif.replace(unit, orientation)


@pytest.mark.parametrize("noted", range(1, 9))
@pytest.mark.parametrize("stored", STORED)
def test_an_avif_is_turned_once_as_it_says_itself_whatever_its_notes_say(stored: int, noted: int) -> None:
    turn = STORED[stored]
    lying = Image.fromarray(scene()) if turn is None else Image.fromarray(scene()).transpose(turn)
    orientation = (ExifTags.Base.Orientation, SHORT, 1, struct.pack(">HH", stored, 0))
    unit = (ExifTags.Base.ResolutionUnit, SHORT, 1, struct.pack(">HH", noted, 0))
    exif = exif_of(orientation, unit)
    xmp = f'<tiff:Description tiff:Orientation="{noted}"/>'.encode()

    in_exif = with_unit_as_orientation(file_of(lying, "AVIF", quality=95, exif=exif), noted)
    in_xmp = file_of(lying, "AVIF", quality=95, exif=exif, xmp=xmp)

    for data in (in_exif, in_xmp):
        picture = look(data)
        assert_same(picture, scene(), mean_error=2)
        assert (picture.width, picture.height) == (64, 48)


@pytest.mark.parametrize("name", ["turned-and-noted.heic", "noted-alone.heic"])
def test_a_heic_is_turned_once_as_it_says_itself_whatever_its_notes_say(name: str) -> None:
    data = (CASES / name).read_bytes()

    picture = look(data)

    assert (b"irot" in data) is name.startswith("turned")
    assert_same(picture, scene(), mean_error=3)
    assert (picture.width, picture.height) == (64, 48)


def test_an_avif_may_call_itself_by_the_name_of_all_its_kin() -> None:
    avif = file_of(scene(), "AVIF", quality=95)

    assert_same(look(avif.replace(b"ftypavif", b"ftypmif1", 1)), scene(), mean_error=2)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param((ExifTags.Base.ResolutionUnit, 1, 1, b"\2\0\0\0"), id="a unit stored as a byte"),
        pytest.param((ExifTags.Base.ResolutionUnit, LONG, 1, b"\xff" * 4), id="a unit that is too large"),
        pytest.param((ExifTags.Base.XResolution, 2, 4, b"300\0"), id="a resolution stored as text"),
        pytest.param((ExifTags.Base.Make, 11, 1, bytes(4)), id="a maker stored as a number"),
        pytest.param((ExifTags.Base.Make, 2, 1000, b"\0\0\xff\xff"), id="a text beyond the end"),
        pytest.param((ExifTags.Base.Make, 2, 2**31, bytes(4)), id="a text larger than the file"),
        pytest.param((ExifTags.Base.ExifOffset, LONG, 1, b"\xff" * 4), id="a table beyond the end"),
        pytest.param((ExifTags.Base.GPSInfo, LONG, 1, b"\0\0\xff\xff"), id="a place beyond the end"),
    ],
)
def test_odd_camera_data_neither_spoils_a_picture_nor_its_orientation(
    entry: tuple[int, int, int, bytes],
) -> None:
    exif = exif_of(*sorted((UPSIDE_DOWN, entry)))

    picture = look(file_of(scene()[::-1, ::-1], "JPEG", quality=95, exif=exif))

    assert_same(picture, scene(), mean_error=2)


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"Exif\0\0", id="empty"),
        pytest.param(b"Exif\0\0not a table at all", id="text"),
        pytest.param(exif_of(UPSIDE_DOWN)[:20], id="cut off"),
        pytest.param(b"Exif\0\0MM\0*\xff\xff\xff\xff", id="a table beyond the end"),
        pytest.param(exif_of((ExifTags.Base.Orientation, 2, 1, b"6\0\0\0")), id="an orientation in text"),
        pytest.param(exif_of((ExifTags.Base.Orientation, SHORT, 2, b"\0\6\0\6")), id="two orientations"),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_camera_data_never_stops_a_picture(kind: str, exif: bytes) -> None:
    picture = look(file_of(Image.new("RGB", (32, 32), (9, 9, 9)), kind, exif=exif))

    assert_same(picture, np.full((32, 32, 3), 9, np.uint8), mean_error=1)


@pytest.mark.parametrize(
    ("size", "enough_px", "decoded", "scale"),
    [
        ((640, 360), 640, (640, 360), 1),
        ((100, 50), 640, (100, 50), 1),
        ((1279, 720), 640, (1279, 720), 1),
        ((1280, 720), 640, (640, 360), 2),
        ((720, 1280), 640, (360, 640), 2),
        ((1281, 721), 640, (641, 361), 1281 / 641),
        ((2559, 1440), 640, (1280, 720), 2559 / 1280),
        ((2560, 1440), 640, (640, 360), 4),
        ((5120, 2880), 640, (640, 360), 8),
        ((6400, 3600), 640, (800, 450), 8),
        ((800, 600), 100, (100, 75), 8),
    ],
)
def test_a_large_jpeg_is_decoded_no_larger_than_needed(
    size: tuple[int, int], enough_px: int, decoded: tuple[int, int], scale: float
) -> None:
    picture = look(plain_jpeg(*size), enough_px=enough_px)

    assert picture.pixels.shape == (decoded[1], decoded[0], 3)
    assert (picture.width, picture.height) == size
    assert picture.scale == pytest.approx(scale)


def test_a_large_jpeg_that_lies_on_its_side_is_measured_upright() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6

    picture = look(file_of(Image.new("RGB", (1280, 720)), "JPEG", exif=exif))

    assert picture.pixels.shape == (640, 360, 3)
    assert (picture.width, picture.height, picture.scale) == (720, 1280, 2.0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_kinds_are_decoded_in_full(kind: str) -> None:
    picture = look(file_of(Image.new("RGB", (1280, 720)), kind))

    assert (picture.pixels.shape, picture.scale) == ((720, 1280, 3), 1.0)


def test_a_smaller_jpeg_shows_the_same_scene() -> None:
    picture = look(file_of(scene(1280, 960), "JPEG", quality=95))

    assert picture.pixels.shape == (480, 640, 3)
    assert np.abs(picture.pixels.astype(int) - scene(640, 480)).mean() < 2


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 1500), height=st.integers(1, 300), enough_px=st.integers(1, 400))
@example(width=2000, height=1, enough_px=640)
@example(width=1, height=2000, enough_px=640)
def test_a_jpeg_of_any_proportions_keeps_enough_pixels(width: int, height: int, enough_px: int) -> None:
    picture = look(plain_jpeg(width, height), enough_px=enough_px)

    long_side = max(width, height)
    assert (picture.width, picture.height) == (width, height)
    assert max(picture.pixels.shape) >= min(long_side, enough_px)
    assert picture.scale == pytest.approx(long_side / max(picture.pixels.shape[:2]))


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGB"])
def test_a_png_of_any_mode_keeps_its_colours(mode: str) -> None:
    image = Image.fromarray(scene()).convert(mode)

    assert_same(look(file_of(image, "PNG")), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_a_transparent_layer_is_seen_as_on_white_paper(kind: str) -> None:
    layer = Image.fromarray(scene()).convert("RGBA")
    layer.putalpha(Image.linear_gradient("L").resize(layer.size))
    paper = Image.new("RGBA", layer.size, "white")
    paper.alpha_composite(layer)
    options = {"quality": 95} if kind == "AVIF" else {"lossless": True, "exact": True}

    picture = look(file_of(layer, kind, **options))

    assert_same(picture, np.asarray(paper.convert("RGB")), mean_error=2 if kind == "AVIF" else 1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("alpha", [0, 1])
def test_what_cannot_be_seen_is_not_in_the_picture(kind: str, alpha: int) -> None:
    hidden = Image.fromarray(scene())
    hidden.putalpha(alpha)
    options = {} if kind == "AVIF" else {"lossless": True, "exact": True}

    picture = look(file_of(hidden, kind, **options))

    assert picture.pixels.min() >= 253


@pytest.mark.parametrize(
    ("transparency", "alphas"), [(3, {3: 0}), (bytes([0, 128, 255]), {0: 0, 1: 128})], ids=["one", "several"]
)
def test_transparent_colours_of_a_palette_are_white_paper(
    transparency: int | bytes, alphas: dict[int, int]
) -> None:
    image = Image.fromarray(scene()).convert("P")
    shown = np.asarray(image.convert("RGB")).astype(float)
    for number, alpha in alphas.items():
        there = np.asarray(image) == number
        shown[there] = shown[there] * alpha / 255 + 255 - alpha

    picture = look(file_of(image, "PNG", transparency=transparency))

    assert_same(picture, shown.round().astype(np.uint8), mean_error=0.1)


def test_16_bits_of_gray_become_8() -> None:
    gray = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)

    picture = look(file_of(Image.fromarray(gray), "PNG"))

    expected = np.repeat((gray >> 8).astype(np.uint8)[:, :, None], 3, axis=2)
    assert_same(picture, expected, mean_error=1)


def test_16_bits_of_each_colour_become_8() -> None:
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0" + struct.pack(">6H", 0xFFFF, 0, 0x8000, 0x1234, 0xABCD, 0x00FF))),
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, body) for name, body in chunks)

    assert look(data).pixels.tolist() == [[[0xFF, 0, 0x80], [0x12, 0xAB, 0]]]


def test_a_gray_jpeg_becomes_rgb() -> None:
    gray = scene()[:, :, 0]

    picture = look(file_of(gray, "JPEG", quality=95))

    assert_same(picture, np.repeat(gray[:, :, None], 3, axis=2), mean_error=2)


def test_a_jpeg_of_printing_inks_becomes_rgb() -> None:
    inks = Image.fromarray(scene()).convert("CMYK")

    assert_same(look(file_of(inks, "JPEG", quality=95)), scene(), mean_error=2)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_first_picture_of_an_animation_counts(kind: str) -> None:
    rest = [Image.new("RGB", (64, 48), (255, 0, 0))]
    data = file_of(scene(), kind, save_all=True, append_images=rest, lossless=True)

    assert_same(look(data), scene())


def test_the_first_picture_of_a_phones_double_jpeg_counts() -> None:
    second = Image.new("RGB", (64, 48), (255, 0, 0))
    data = file_of(scene(), "MPO", save_all=True, append_images=[second], quality=95)

    assert is_jpeg(data)
    assert_same(look(data), scene(), mean_error=2)


def test_a_video_behind_a_phones_jpeg_does_no_harm() -> None:
    # "Motion photos" end with an MP4 film: some of its bytes look like markers of a JPEG.
    film = np.random.default_rng(1).integers(0, 256, 6_000_000, np.uint8).tobytes()

    assert_same(look(KINDS["JPEG"] + film), scene(), mean_error=2)


def test_bytes_behind_a_png_do_no_harm() -> None:
    assert_same(look(KINDS["PNG"] + b"\xff\xda" * 1000), scene())


NOISE = np.random.default_rng(2).integers(0, 256, (60, 80, 3), np.uint8)
WHOLE = {
    "JPEG": file_of(NOISE, "JPEG"),
    "progressive JPEG": file_of(NOISE, "JPEG", progressive=True),
    "PNG": file_of(NOISE, "PNG"),
    "WebP": file_of(NOISE, "WEBP"),
    "lossless WebP": file_of(NOISE, "WEBP", lossless=True),
    "AVIF": file_of(NOISE, "AVIF"),
    "HEIC": (CASES / "IMG_1.HEIC").read_bytes(),
}


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99])
@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE)
def test_a_photo_that_was_cut_off_is_unreadable(data: bytes, share: float) -> None:
    with pytest.raises(Unprocessable) as refusal:
        look(data[: max(16, int(len(data) * share))])

    assert refusal.value.code == "unreadable_image"
    assert refusal.value.key in ("unreadable_image:broken", "unreadable_image:incomplete")


@pytest.mark.parametrize("missing", [1, 2])
@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG"])
def test_a_jpeg_that_lacks_its_end_marker_alone_is_taken(kind: str, missing: int) -> None:
    assert np.array_equal(look(WHOLE[kind][:-missing]).pixels, look(WHOLE[kind]).pixels)


@pytest.mark.parametrize("missing", [6, 10, 100])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"], ids=["", "with an end marker"])
@pytest.mark.parametrize("kind", ["JPEG", "progressive JPEG"])
def test_a_jpeg_that_lacks_some_of_its_last_pixels_is_incomplete(kind: str, end: bytes, missing: int) -> None:
    with pytest.raises(Unprocessable, match="unreadable_image:incomplete"):
        look(WHOLE[kind][:-missing] + end)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg_that_claims(width: int, height: int) -> bytes:
    start = WHOLE["JPEG"].index(b"\xff\xc0")  # start of frame: its size follows 5 bytes later
    return WHOLE["JPEG"][: start + 5] + struct.pack(">HH", height, width) + WHOLE["JPEG"][start + 9 :]


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">II", width, height) + WHOLE["PNG"][24:29]
    return WHOLE["PNG"][:8] + png_chunk(b"IHDR", header) + WHOLE["PNG"][33:]


def webp_that_claims(width: int, height: int) -> bytes:
    start = WHOLE["WebP"].index(b"\x9d\x01\x2a")  # start code of a key frame: its size follows
    return WHOLE["WebP"][: start + 3] + struct.pack("<HH", width, height) + WHOLE["WebP"][start + 7 :]


CLAIMS = {
    "JPEG of 65000x65000": jpeg_that_claims(65_000, 65_000),
    "JPEG of 12000x12000": jpeg_that_claims(12_000, 12_000),
    "JPEG of 8000x7000": jpeg_that_claims(8_000, 7_000),
    "JPEG of 16385x1": jpeg_that_claims(16_385, 1),
    "JPEG of 1x65535": jpeg_that_claims(1, 65_535),
    "PNG of 2147483647x2147483647": png_that_claims(2**31 - 1, 2**31 - 1),
    "PNG of 65000x65000": png_that_claims(65_000, 65_000),
    "PNG of 12000x12000": png_that_claims(12_000, 12_000),
    "PNG of 16385x1": png_that_claims(16_385, 1),
    "WebP of 16383x16383": webp_that_claims(16_383, 16_383),
    "WebP of 12000x12000": webp_that_claims(12_000, 12_000),
    "WebP of 8000x7000": webp_that_claims(8_000, 7_000),
}


@pytest.mark.parametrize("data", CLAIMS.values(), ids=CLAIMS)
def test_a_header_that_claims_too_many_pixels_is_refused_before_decoding(data: bytes) -> None:
    started = time.process_time()

    with pytest.raises(ContentTooLarge) as refusal:
        look(data)

    assert time.process_time() - started < 0.1
    assert refusal.value.code == "image_too_large"
    most = 50 if is_jpeg(data) else 25
    assert refusal.value.values == {"megapixels": most, "side_px": 16384}


@every_kind
@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        (replace(LIMITS, jpeg_pixels=64 * 48, other_pixels=64 * 48), True),
        (replace(LIMITS, jpeg_pixels=64 * 48 - 1, other_pixels=64 * 48 - 1), False),
        (replace(LIMITS, side_px=64), True),
        (replace(LIMITS, side_px=63), False),
    ],
)
def test_a_picture_of_exactly_the_limit_passes(data: bytes, limits: PictureLimits, fits: bool) -> None:
    if fits:
        assert_same(look(data, limits=limits), scene(), mean_error=2)
    else:
        with pytest.raises(ContentTooLarge):
            look(data, limits=limits)


@pytest.mark.parametrize(("most", "fits"), [(48 * (1 + 64 * 3), True), (48 * (1 + 64 * 3) - 1, False)])
def test_a_png_of_exactly_the_limit_passes(most: int, fits: bool) -> None:
    file = BytesIO()
    Image.fromarray(scene()).save(file, "PNG")
    limits = replace(LIMITS, png_bytes=most)
    if fits:
        assert look(file.getvalue(), limits=limits).pixels.shape == (48, 64, 3)
    else:
        with pytest.raises(ContentTooLarge, match="image_too_large:png"):
            look(file.getvalue(), limits=limits)


def test_a_picture_that_anybody_may_ask_about_is_bounded_further() -> None:
    assert LIMITS.of_questions == replace(
        LIMITS,
        jpeg_pixels=12_500_000,
        other_pixels=12_500_000,
        scanned_pixels=250_000_000,
        png_bytes=40_000_000,
    )


def scans_of(data: bytes) -> int:
    return data.count(b"\xff\xda")


def with_scans(data: bytes, scans: int) -> bytes:
    """Repeat the first scan of the first picture in a progressive JPEG."""
    begin = data.index(b"\xff\xda")
    end = data.index(b"\xff\xc4", begin)
    picture = data[: data.index(b"\xff\xd9")]
    return data[:end] + data[begin:end] * (scans - scans_of(picture)) + data[end:]


def flat(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG of one colour with so many scans, 11 to 67, each with coefficients of its own.

    That of the later ones is split; as none of them is but zero, each of its parts has the same coded data.
    """
    data = file_of(Image.new("RGB", (width, height), (90, 120, 200)), "JPEG", progressive=True)
    alone = range(6, 6 + scans - scans_of(data))
    bands = [*((number, number) for number in alone), (alone.stop, 63)]
    return re.sub(
        rb"(\xff\xda\0\x08\x01\x01\0)\x06\x3f(\x02[^\xff]+)",
        lambda scan: b"".join(scan[1] + bytes(band) + scan[2] for band in bands),
        data,
    )


@pytest.mark.parametrize(("scans", "fits"), [(11, True), (64, True), (65, False)])
def test_a_progressive_jpeg_may_have_so_many_scans(scans: int, fits: bool) -> None:
    data = flat(64, 48, scans)
    assert scans_of(data) == scans

    if fits:
        assert look(data).pixels.shape == (48, 64, 3)
    else:
        with pytest.raises(Unprocessable, match="unreadable_image:scans") as refusal:
            look(data)
        assert refusal.value.code == "unreadable_image"


def test_a_large_jpeg_may_have_fewer_scans() -> None:
    limits = replace(LIMITS, scanned_pixels=20 * 1500 * 1000)

    assert look(flat(1500, 1000, 20), limits=limits).width == 1500
    with pytest.raises(Unprocessable, match="unreadable_image:scans"):
        look(flat(1500, 1000, 21), limits=limits)


def test_too_many_scans_do_not_hide_in_a_phones_double_jpeg() -> None:
    double = file_of(
        scene(), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))], progressive=True
    )

    with pytest.raises(Unprocessable, match="unreadable_image:scans"):
        look(with_scans(double, 5000))


@pytest.mark.parametrize("before", [b"\xff\xe1", b"\xff\xfe"], ids=["camera data", "a comment"])
def test_too_many_scans_do_not_hide_behind_what_looks_like_the_end(before: bytes) -> None:
    heavy = with_scans(KINDS["progressive JPEG"], 5000)
    thumbnail = b"\xff\xd8\xff\xda\xff\xd9"
    segment = before + struct.pack(">H", len(thumbnail) + 2) + thumbnail

    with pytest.raises(Unprocessable, match="unreadable_image:scans"):
        look(heavy[:2] + segment + heavy[2:])


def test_too_many_scans_do_not_hide_behind_a_marker_that_has_no_length() -> None:
    # TEM stands alone (ITU-T T.81, table B.1): the next bytes are no length, whatever they look like.
    sound = KINDS["progressive JPEG"]
    heavy = with_scans(sound, 100)
    end = sound.index(b"\xff\xc4", sound.index(b"\xff\xda"))

    with pytest.raises(Unprocessable, match="unreadable_image:scans"):
        look(heavy[:end] + b"\xff\x01\xff\xff" + heavy[end:])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"\xff\xd8", id="two bytes of a JPEG"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="SVG"),
        pytest.param(b"%PDF-1.7\n", id="PDF"),
        pytest.param(bytes(4) + b"ftypisom" + bytes(20), id="a film"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt " + bytes(28), id="WAV"),
        *(pytest.param(file_of(scene(), kind), id=kind) for kind in ("GIF", "BMP", "TIFF", "ICO", "PPM")),
        pytest.param(b"GIF89a" + KINDS["JPEG"], id="a JPEG behind a GIF's first bytes"),
    ],
)
def test_anything_else_is_no_picture_that_is_taken(data: bytes) -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        look(data)

    assert refusal.value.key == "unsupported_media_type:picture"


SOFS = {
    0xC3: "a lossless JPEG",
    0xC5: "a hierarchical JPEG",
    0xC9: "an arithmetic-coded JPEG",
    0xCA: "an arithmetic-coded JPEG",
    0xF7: "a JPEG-LS",
}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        *((KINDS["JPEG"].replace(b"\xff\xc0", bytes([0xFF, sof])), name) for sof, name in SOFS.items()),
        (KINDS["JPEG"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), "a JPEG of 12 bits a sample"),
        ((CASES / "jpeg-12bit.jpg").read_bytes(), "a JPEG of 12 bits a sample"),
        (b"\xff\xd8\xff\xf7\0\x0b\x08" + bytes(100), "a JPEG-LS"),
        (file_of(scene(), "JPEG2000"), "a JPEG 2000"),
        (file_of(scene(), "JPEG2000", no_jp2=True), "a JPEG 2000"),
        (b"\xff\x0a" + bytes(100), "a JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "a JPEG XL"),
    ],
)
def test_kinds_that_are_not_read_are_refused_by_name(data: bytes, kind: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        look(data)

    assert (refusal.value.key, refusal.value.values) == ("unsupported_media_type:kind", {"kind": kind})


def test_inks_of_which_nobody_says_what_they_mean_are_refused_by_name() -> None:
    data = file_of(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95)

    with pytest.raises(UnsupportedMediaType, match="unsupported_media_type:kind"):
        look(data.replace(b"Adobe", b"Nobody"[:5]))


@pytest.mark.parametrize("damage", range(200, 4000, 500))
def test_a_png_whose_stream_is_damaged_is_broken(damage: int) -> None:
    data = bytearray(WHOLE["PNG"])
    data[damage] ^= 0x10

    with pytest.raises(Unprocessable, match="unreadable_image:broken"):
        look(bytes(data))


@pytest.mark.parametrize(
    ("case", "key"),
    [
        ("ana-half-grey.jpg", "unreadable_image:incomplete"),
        ("ana-png-damaged-stream.png", "unreadable_image:broken"),
    ],
)
def test_pictures_that_are_not_whole_are_refused(case: str, key: str) -> None:
    with pytest.raises(Unprocessable, match=key):
        look((CASES / case).read_bytes())


@pytest.mark.parametrize("case", ["jpeg-without-eoi.jpg", "IMG_1.HEIC"])
def test_pictures_of_phones_and_careless_writers_are_read(case: str) -> None:
    picture = look((CASES / case).read_bytes())

    assert (picture.pixels.shape, picture.width, picture.height) == ((540, 960, 3), 960, 540)


def test_a_palette_picture_without_a_palette_is_broken() -> None:
    data = file_of(Image.fromarray(scene()).convert("P"), "PNG")
    at = data.index(b"PLTE") - 4
    end = at + 12 + int.from_bytes(data[at : at + 4])

    with pytest.raises(Unprocessable, match="unreadable_image:broken"):
        look(data[:at] + data[end:])


def decodes_or_refuses(data: bytes) -> None:
    """Whatever comes, the answer is a picture or a refusal that a client can be told; nothing else."""
    try:
        picture = look(data, enough_px=32)
    except (ContentTooLarge, UnsupportedMediaType, Unprocessable):
        return
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.ndim == 3
    assert picture.pixels.shape[2] == 3


STARTS = [
    b"",
    b"\xff\xd8\xff",
    b"\xff\xd8\xff\xe0\0\x10JFIF",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\xff\0\0\0WEBPVP8 ",
]


@settings(max_examples=200, deadline=None)
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=300))
def test_any_bytes_are_decoded_or_refused(start: bytes, rest: bytes) -> None:
    decodes_or_refuses(start + rest)


SIDEWAYS = Image.Exif()
SIDEWAYS.update({ExifTags.Base.Orientation: 6, ExifTags.Base.Make: "maker", ExifTags.Base.XResolution: 72.0})
REAL = [
    *(file_of(scene(), kind, exif=SIDEWAYS) for kind in ("JPEG", "PNG", "WEBP", "AVIF")),
    file_of(scene(), "JPEG", progressive=True),
    file_of(scene(), "WEBP", lossless=True),
    file_of(Image.fromarray(scene()).convert("P"), "PNG", transparency=b"\0\x80"),
    file_of(scene(), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
    file_of(scene(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))], exif=SIDEWAYS),
]


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_damage_to_a_real_file_is_decoded_or_refused(data: st.DataObject) -> None:
    broken = bytearray(data.draw(st.sampled_from(REAL)))
    # Headers and camera data lie within the first few hundred bytes: most of what can go wrong is there.
    places = st.integers(0, 400) | st.integers(0, len(broken) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=8)):
        broken[min(place, len(broken) - 1)] = byte
    end = data.draw(st.just(len(broken)) | st.integers(0, len(broken)))

    decodes_or_refuses(bytes(broken[:end]))
