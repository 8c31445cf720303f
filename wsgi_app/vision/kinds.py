"""What a photo's first bytes say it is, without a look at its pixels."""

import re

BEGINNING_BYTES = 32  # that tell any kind from another
BEGINNINGS = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|....ftyp(?:hei[cx]|mif1|avif)",
    re.DOTALL,
)

# Kinds that people may well have and that are not read here, by their first bytes. JPEG's own siblings, whose
# first bytes are every JPEG's, are told apart by ``jpegs.UNREAD_FRAMES``.
UNREAD = (
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"), "a JPEG 2000"),
    (re.compile(rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a"), "a JPEG XL"),
)

# HEIC and AVIF by their brand (ISO/IEC 23008-12), BMP, GIF and TIFF.
OTHER_BEGINNINGS = re.compile(
    rb"....ftyp(?:he[iv][cfmsx]|mif1|miaf|msf1|avi[fs])"
    rb"|BM....\0{4}....[\x0c\x28\x40\x6c\x7c]\0{3}|GIF8[79]a|II\*\0|MM\0\*",
    re.DOTALL,
)


def is_jpeg(data: bytes) -> bool:
    """Whether the bytes begin as every JPEG does."""
    return data.startswith(b"\xff\xd8\xff")


def is_heif(data: bytes) -> bool:
    """Whether the bytes begin as a HEIC or an AVIF does: a box that names the file's type."""
    return data[4:8] == b"ftyp"


def is_picture(data: bytes) -> bool:
    """Whether the bytes begin as a JPEG, a PNG, a WebP, a HEIC or an AVIF does."""
    return BEGINNINGS.match(data) is not None


def begins_as_picture(data: bytes) -> bool:
    """Whether the bytes begin as a picture of any usual kind does, also of one that is not read here."""
    is_other = OTHER_BEGINNINGS.match(data) is not None or unread_kind(data) is not None
    return is_picture(data) or is_other


def unread_kind(data: bytes) -> str | None:
    """What the bytes are by name, if that is a kind of picture which is not read here."""
    return next((name for beginning, name in UNREAD if beginning.match(data)), None)
