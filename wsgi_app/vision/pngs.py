"""Whether a PNG's pixels are those that were saved: its checksums say so, and no decoder here asks them."""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INFLATED_BYTES = 1 << 20  # at once


def is_png(data: bytes) -> bool:
    """Whether the bytes begin as every PNG does."""
    return data.startswith(SIGNATURE)


def is_undamaged(data: bytes, most_bytes: int) -> bool:
    """Whether the pixels of a PNG fit its checksums.

    Args:
        data: the file's bytes.
        most_bytes: that the pixels can have; what holds more is damaged.
    """
    stream, inflated = zlib.decompressobj(), 0
    try:
        for chunk in _pixel_chunks(data):
            left = chunk
            while left and not stream.eof and inflated <= most_bytes:
                inflated += len(stream.decompress(left, INFLATED_BYTES))
                left = stream.unconsumed_tail
    except (zlib.error, struct.error):
        return False
    return stream.eof and inflated <= most_bytes


def _pixel_chunks(data: bytes) -> Iterator[bytes]:
    """The contents of a PNG's chunks of pixels.

    Raises:
        zlib.error, struct.error: one does not fit its checksum, or is cut off.
    """
    at = len(SIGNATURE)
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            (checksum,) = struct.unpack_from(">I", data, at + 8 + size)
            if zlib.crc32(data[at + 4 : at + 8 + size]) != checksum:
                raise zlib.error
            yield data[at + 8 : at + 8 + size]
        elif name == b"IEND":
            return
        at += 12 + size
