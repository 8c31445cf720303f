"""What a photo's first bytes say it is, without a look at its pixels."""

import re

BEGINNINGS = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP", re.DOTALL)

# HEIC and AVIF by their brand (ISO/IEC 23008-12), BMP, GIF and TIFF.
OTHER_BEGINNINGS = re.compile(
    rb"....ftyp(?:he[iv][cfmsx]|mif1|miaf|msf1|avi[fs])"
    rb"|BM....\0{4}....[\x0c\x28\x40\x6c\x7c]\0{3}|GIF8[79]a|II\*\0|MM\0\*",
    re.DOTALL,
)


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin as every JPEG does."""
    return data.startswith(b"\xff\xd8\xff")


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a JPEG, a PNG or a WebP does."""
    return BEGINNINGS.match(data) is not None


def begins_as_picture(data: bytes) -> bool:
    """Whether the bytes begin as a picture of any usual kind does, also of one that is not read here."""
    return is_picture(data) or OTHER_BEGINNINGS.match(data) is not None
