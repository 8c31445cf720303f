"""What a photo's first bytes say it is, without a look at its pixels."""

import re

BEGINNINGS = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin as every JPEG does."""
    return data.startswith(b"\xff\xd8\xff")


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a JPEG, a PNG or a WebP does."""
    return BEGINNINGS.match(data) is not None
