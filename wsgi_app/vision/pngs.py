"""Whether a PNG's pixels are those that were saved: no decoder here counts them or asks the checksums.

The numbers are those of the PNG specification (W3C, third edition), sections 8.1 and 11.2.1.
"""

import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_AT = 16  # of the first chunk's contents
INFLATED_BYTES = 1 << 20  # at once
CHUNK_BYTES = 12  # beside a chunk's contents

SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the type of its colours
# Of each pass its first column and row, and how far it is to the next ones; by the method of interlacing.
PASSES = {
    0: ((0, 0, 1, 1),),
    1: (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ),
}


def is_png(data: bytes) -> bool:
    """Whether the bytes begin as every PNG does."""
    return data.startswith(SIGNATURE)


def is_undamaged(data: bytes) -> bool:
    """Whether the pixels of a PNG are all there, and fit its checksums."""
    stream, inflated = zlib.decompressobj(), 0
    try:
        wanted = _wanted_bytes(data)
        for chunk in _pixel_chunks(data):
            left = chunk
            while left and not stream.eof and inflated <= wanted + INFLATED_BYTES:
                inflated += len(stream.decompress(left, INFLATED_BYTES))
                left = stream.unconsumed_tail
    except (zlib.error, struct.error, KeyError):
        return False
    return stream.eof and wanted <= inflated <= wanted + INFLATED_BYTES


def png_end(data: bytes) -> int:
    """Where a PNG ends: after its last chunk, or with the data."""
    at = len(SIGNATURE)
    while at + CHUNK_BYTES <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        at += CHUNK_BYTES + int(size)
        if name == b"IEND":
            return min(at, len(data))
    return len(data)


def unpacked_bytes(data: bytes) -> int:
    """How many bytes the pixels of a PNG have, as its header says; 0 where that cannot be told."""
    try:
        return _wanted_bytes(data)
    except (struct.error, KeyError):
        return 0


def _wanted_bytes(data: bytes) -> int:
    """How many bytes the rows of all passes have, each with one more for its filter.

    Raises:
        struct.error, KeyError: the header is cut off, or says of its pixels what none has.
    """
    width, height, bits, colours, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, HEADER_AT)
    total = 0
    for left, top, right_by, down_by in PASSES[interlaced]:
        columns, rows = -(-max(0, width - left) // right_by), -(-max(0, height - top) // down_by)
        total += rows * (1 + (columns * bits * SAMPLES[colours] + 7) // 8) if columns else 0
    return total


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
        at += CHUNK_BYTES + size
