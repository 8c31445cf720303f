import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wsgi_app.vision.pngs import PASSES, SIGNATURE, is_undamaged

WIDTH, HEIGHT = 64, 256
PIXELS = np.arange(WIDTH * HEIGHT, dtype=np.uint32).astype(np.uint8).reshape(HEIGHT, WIDTH)
END = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def chunk(name: bytes, body: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(name + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def header(
    width: int = WIDTH, height: int = HEIGHT, bits: int = 8, colours: int = 0, passes: int = 0
) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, passes))


def png(*pieces: bytes, head: bytes = header(), end: bytes = END) -> bytes:
    return SIGNATURE + head + b"".join(chunk(b"IDAT", piece) for piece in pieces) + end


def rows(pixels: NDArray[np.uint8]) -> bytes:
    """The rows as they are compressed, each behind the number of its filter."""
    return b"".join(b"\0" + row.tobytes() for row in pixels)


STREAM = zlib.compress(rows(PIXELS))


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (png(STREAM), True),
        (png(STREAM[:10], b"", STREAM[10:]), True),
        (png(STREAM) + b"what follows", True),
        (png(STREAM, end=b""), True),
        (png(zlib.compress(rows(PIXELS) + b"a little more")), True),
        (png(STREAM[:-1]), False),
        (png(STREAM[:-1] + b"\0"), False),
        (png(STREAM[:20] + b"\xff" + STREAM[21:]), False),
        (png(b""), False),
        (png(), False),
        (png(STREAM, head=chunk(b"IHDR", b"")), False),
        (png(STREAM, head=header(colours=5)), False),
        (png(STREAM, head=header(passes=2)), False),
        (SIGNATURE + header() + chunk(b"IDAT", STREAM, checksum=7), False),
        (SIGNATURE + header() + b"\xff\xff\xff\xffIDAT", False),
        (SIGNATURE, False),
    ],
)
def test_pixels_fit_their_checksums_or_are_damaged(data: bytes, whole: bool) -> None:
    assert is_undamaged(data) is whole


@pytest.mark.parametrize("missing", [1, WIDTH + 1, 40 * (WIDTH + 1)])
def test_rows_that_are_missing_are_damage_however_well_the_rest_was_saved(missing: int) -> None:
    assert not is_undamaged(png(zlib.compress(rows(PIXELS)[:-missing])))


def test_more_pixels_than_the_header_has_room_for_are_damage() -> None:
    assert not is_undamaged(png(zlib.compress(bytes(50_000_000))))


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (17, 9), (640, 3)])
def test_every_kind_of_pixel_is_counted(mode: str, width: int, height: int) -> None:
    file = BytesIO()
    Image.new(mode, (width, height)).save(file, "PNG")

    assert is_undamaged(file.getvalue())


@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 1), (3, 5), (8, 8), (9, 17)])
def test_pixels_that_come_in_passes_are_counted(width: int, height: int) -> None:
    pixels = PIXELS[:height, :width]
    passes = (pixels[top::down_by, left::right_by] for left, top, right_by, down_by in PASSES[1])
    stream = b"".join(rows(part) for part in passes if part.size)
    head = header(width, height, passes=1)
    data = png(zlib.compress(stream), head=head)

    assert np.array_equal(np.asarray(Image.open(BytesIO(data))), pixels)
    assert is_undamaged(data)
    assert not is_undamaged(png(zlib.compress(stream[:-1]), head=head))
