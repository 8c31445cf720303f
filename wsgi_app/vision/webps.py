"""Whether a WebP's pixels are all there (RFC 9649): it has no checksum, and decoders take zeros for data."""

import struct
from collections.abc import Iterator
from io import BytesIO

from PIL import Image

from wsgi_app.vision.fillings import is_filled

HEADER_BYTES, CHUNK_BYTES, FRAME_BYTES = (
    12,
    8,
    16,
)  # before the chunks, a chunk's contents, and a frame's chunks
RIFF_BYTES = 8  # before what its size counts
FRAME = b"ANMF"
CODED = (b"VP8 ", b"VP8L")
UNNEEDED_BYTES = 8  # encoders leave up to three at the end that no decoder asks for


def is_webp(data: bytes) -> bool:
    """Whether the bytes begin as every WebP does."""
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def webp_end(data: bytes) -> int:
    """Where a WebP ends, by its own word."""
    (size,) = struct.unpack_from("<I", data, 4)
    return min(RIFF_BYTES + int(size) + int(size) % 2, len(data))


def lacks_its_end(data: bytes) -> bool:
    """Whether the first picture ends in a filling that no pixel needs.

    A flat picture may well end in zeros; it does not decode without the last of them.
    """
    name, coded = next(_pictures(data[HEADER_BYTES:]), (b"", b""))
    if not is_filled(coded):
        return False
    shorter = coded[:-UNNEEDED_BYTES]
    chunk = name + struct.pack("<I", len(shorter)) + shorter + b"\0" * (len(shorter) % 2)
    try:
        Image.open(
            BytesIO(b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk), formats=["WEBP"]
        ).load()
    except (OSError, ValueError):
        return False
    return True


def _pictures(chunks: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The names and contents of the chunks that hold coded pictures, also of an animation's frames."""
    at = 0
    while at + CHUNK_BYTES <= len(chunks):
        name, size = struct.unpack_from("<4sI", chunks, at)
        body = chunks[at + CHUNK_BYTES : at + CHUNK_BYTES + size]
        if name in CODED:
            yield name, body
        elif name == FRAME:
            yield from _pictures(body[FRAME_BYTES:])
        at += CHUNK_BYTES + size + size % 2
