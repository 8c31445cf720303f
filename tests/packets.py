"""Requests as uWSGI's workers get them."""

import struct
from collections.abc import Iterator


def variables(head: bytes) -> Iterator[tuple[str, str]]:
    """The pairs of a packet."""
    modifier, size, other = struct.unpack("<BHB", head[:4])
    assert (modifier, other) == (0, 0)
    at, texts = 4, list[str]()
    while at < 4 + size:
        (length,) = struct.unpack_from("<H", head, at)
        texts.append(head[at + 2 : at + 2 + length].decode("latin-1"))
        at += 2 + length
    return zip(texts[::2], texts[1::2], strict=True)
