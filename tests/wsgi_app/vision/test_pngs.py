import struct
import zlib

import pytest

from wsgi_app.vision.pngs import SIGNATURE, is_undamaged

PIXELS = bytes(range(256)) * 64


def chunk(name: bytes, body: bytes, checksum: int | None = None) -> bytes:
    checksum = zlib.crc32(name + body) if checksum is None else checksum
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", checksum)


def png(*pieces: bytes, end: bytes = chunk(b"IEND", b"")) -> bytes:
    return SIGNATURE + b"".join(chunk(b"IDAT", piece) for piece in pieces) + end


STREAM = zlib.compress(PIXELS)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (png(STREAM), True),
        (png(STREAM[:10], b"", STREAM[10:]), True),
        (png(STREAM) + b"what follows", True),
        (png(STREAM, end=b""), True),
        (png(STREAM[:-1]), False),
        (png(STREAM[:-1] + b"\0"), False),
        (png(STREAM[:20] + b"\xff" + STREAM[21:]), False),
        (png(b""), False),
        (png(), False),
        (SIGNATURE + chunk(b"IDAT", STREAM, checksum=7), False),
        (SIGNATURE + b"\xff\xff\xff\xffIDAT", False),
    ],
)
def test_pixels_fit_their_checksums_or_are_damaged(data: bytes, whole: bool) -> None:
    assert is_undamaged(data, len(PIXELS)) is whole


def test_more_pixels_than_the_header_has_room_for_are_damage() -> None:
    assert not is_undamaged(png(zlib.compress(bytes(50_000_000))), len(PIXELS))
