"""What a JPEG is made of (ITU-T T.81, annex B), and its pixels if every one of them is there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from wsgi_app.base.errors import RequestError, Unprocessable, UnsupportedMediaType

# A JPEG's markers, as libjpeg finds them: 0xff, then neither a stuffed zero, a restart nor a fill byte.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN = b"\xff\xd8", b"\xff\xd9", b"\xff\xda"
APP0, APP14 = b"\xff\xe0", b"\xff\xee"
WITHOUT_LENGTH = (b"\xff\x01", START_OF_IMAGE, END_OF_IMAGE)
# What cameras and editors note beside the pixels: profiles, comments, thumbnails. It need not be right.
NOTES = {b"\xff" + bytes([code]) for code in (*range(0xE1, 0xEE), 0xEF, 0xFE)}
MOST_SEGMENTS = 5_000
MOST_JUNK = 4_096  # bytes between two segments of the header: Pillow goes through them one by one

# Starts of frames: those that are read, and the names of those that are not.
PROGRESSIVE = b"\xff\xc2"
FRAMES = (b"\xff\xc0", b"\xff\xc1", PROGRESSIVE)
UNREAD_FRAMES = {
    b"\xff\xc3": "a lossless JPEG",
    **{b"\xff" + bytes([code]): "a hierarchical JPEG" for code in (0xC5, 0xC6, 0xC7, 0xDE)},
    **{
        b"\xff" + bytes([code]): "an arithmetic-coded JPEG"
        for code in (*range(0xC9, 0xCC), *range(0xCD, 0xD0))
    },
    b"\xff\xf7": "a JPEG-LS",
}
READ_BITS, INKS = 8, 4  # bits a sample; components of a picture for printing
FRAME_BYTES = 6  # before a frame's components

# What careless writers get wrong and no decoder needs: the revision of JFIF, which coefficients a scan has
# where each has all of them, and a transform of Adobe's that there is not for so many components.
JFIF, JFIF_REVISION = b"JFIF\0", b"\x01"
COEFFICIENTS, ALL_COEFFICIENTS = 64, b"\x00\x3f\x00"
ADOBE, TRANSFORM_AT = b"Adobe", 13
TRANSFORMS = {3: b"\x00\x01", INKS: b"\x00\x02"}

# What the decoder says of data that ends too early, and of data that is left behind the last pixel. Cameras
# leave a few bytes there; more of them are what filled the place of a part that never came.
ENDS_EARLY = re.compile(r"premature end", re.IGNORECASE)
LEFT = re.compile(r"Corrupt JPEG data: ([0-9]+) extraneous bytes before marker 0x")
AT_THE_END = "0xd9"
SAMPLING = "subsampling"
MOST_LEFT = 64


@dataclass(frozen=True)
class Scan:
    """One pass over the coefficients of some components.

    Attributes:
        components: their ids.
        first: of the coefficients, in zigzag order.
        last: of the coefficients.
        low: how many low bits of them are left for a later scan.
    """

    components: tuple[int, ...]
    first: int
    last: int
    low: int


@dataclass
class Jpeg:
    """A JPEG's first picture.

    Attributes:
        data: it alone, with nothing between its segments, no notes, and what careless writers get wrong put
            right.
        components: their ids.
        is_progressive: whether a scan may have some of the coefficients only.
        scans: in their order.
        transform_at: where an Adobe program says what its colours mean; 0 without that.
    """

    data: bytearray
    components: tuple[int, ...] = ()
    is_progressive: bool = False
    scans: list[Scan] = field(default_factory=list)
    transform_at: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every bit of every coefficient has a scan; the decoder takes the others for zeros."""
        if not self.is_progressive:
            return sum(len(scan.components) for scan in self.scans) >= len(self.components)
        sent = {
            (component, coefficient)
            for scan in self.scans
            if scan.low == 0
            for component in scan.components
            for coefficient in range(scan.first, scan.last + 1)
        }
        return len(sent) >= COEFFICIENTS * len(self.components)

    def pixels(self, width: int, height: int) -> NDArray[np.uint8]:
        """Decode it.

        Args:
            width: least of the pixels to give; the smallest of the scales 1/8, 2/8 ... 1 that has as many is
                taken.
            height: likewise.

        Returns:
            uint8 [height, width, 3], RGB; of printing inks [height, width, 4], CMYK.

        Raises:
            Unprocessable: it is broken, or a part of it is missing.
            UnsupportedMediaType: its colours are sampled in a way that is not read.
        """
        if not self.is_whole:
            raise _unreadable("premature end")
        try:
            return self._decoded(self.data, width, height)
        except Exception as error:  # a KeyError too, over pixels laid out in a way that it has no name for
            left = LEFT.match(str(error))
            if left is None or not str(error).endswith(AT_THE_END) or int(left[1]) > MOST_LEFT:
                raise _unreadable(str(error)) from error
        end = len(self.data) - len(END_OF_IMAGE)
        try:
            return self._decoded(self.data[: end - int(left[1])] + END_OF_IMAGE, width, height)
        except Exception as error:
            raise _unreadable(str(error)) from error

    def _decoded(self, data: bytearray, width: int, height: int) -> NDArray[np.uint8]:
        colours = "CMYK" if len(self.components) == INKS else "RGB"
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            bytes(data), colours, min_width=width, min_height=height, strict=True
        )
        return pixels


def read_jpeg(data: bytes, most_scans: int) -> Jpeg:
    """Read a JPEG's first picture, but for its pixels.

    Raises:
        UnsupportedMediaType: it is of a kind that is not read.
        Unprocessable: it has more scans, each of which passes over all its pixels.
    """
    jpeg = Jpeg(bytearray(START_OF_IMAGE))
    for marker, begin, end in _segments(data):
        if marker in UNREAD_FRAMES:
            raise _unread(UNREAD_FRAMES[marker])
        if marker == END_OF_IMAGE:
            break
        if marker not in NOTES:
            _add(jpeg, marker, bytearray(data[begin:end]))
        if marker == START_OF_SCAN:
            following = MARKER.search(data, end)
            jpeg.data += data[end : following and following.start()].rstrip(b"\xff")  # without fill bytes
        if len(jpeg.scans) > most_scans:
            raise Unprocessable("unreadable_image:scans")
    jpeg.data += END_OF_IMAGE
    _check_colours(jpeg)
    return jpeg


def jpeg_end(data: bytes) -> int:
    """Where a JPEG's first picture ends; raises as ``read_jpeg`` does."""
    return next((begin for marker, begin, _ in _segments(data) if marker == END_OF_IMAGE), len(data))


def _add(jpeg: Jpeg, marker: bytes, body: bytearray) -> None:
    """Take a segment with what it says of the picture, and put right what it gets wrong."""
    if marker in FRAMES and not jpeg.components:
        jpeg.components, jpeg.is_progressive = _components(body[2:]), marker == PROGRESSIVE
    elif marker == APP0 and body[2:].startswith(JFIF):
        body[2 + len(JFIF) : 3 + len(JFIF)] = JFIF_REVISION
    elif marker == APP14 and body[2:].startswith(ADOBE) and len(body) > TRANSFORM_AT:
        jpeg.transform_at = len(jpeg.data) + len(marker) + TRANSFORM_AT
    elif marker == START_OF_SCAN:
        _add_scan(jpeg, body)
    jpeg.data += marker + body


def _segments(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each marker with where its segment begins and ends; coded data lies between a scan's and the next."""
    at, in_header = 2, True
    for _ in range(MOST_SEGMENTS):
        marker = MARKER.search(data, at)
        if in_header and (marker.start() if marker else len(data)) - at > MOST_JUNK:
            raise Unprocessable("unreadable_image:broken")
        if marker is None:
            return
        in_header = in_header and marker[0] != START_OF_SCAN
        at = marker.end()
        end = at if marker[0] in WITHOUT_LENGTH else at + int.from_bytes(data[at : at + 2])
        yield marker[0], at, end
        at = end
    raise Unprocessable("unreadable_image:scans")


def _components(body: bytearray) -> tuple[int, ...]:
    if len(body) < FRAME_BYTES:
        return ()
    if body[0] != READ_BITS:
        raise _unread(f"a JPEG of {body[0]} bits a sample")
    return tuple(body[FRAME_BYTES : FRAME_BYTES + 3 * body[5] : 3])


def _add_scan(jpeg: Jpeg, body: bytearray) -> None:
    count = int.from_bytes(body[2:3])
    if len(body) < 6 + 2 * count:
        return  # cut off
    if not jpeg.is_progressive:
        body[-3:] = ALL_COEFFICIENTS
    first, last, approximation = body[-3:]
    jpeg.scans.append(Scan(tuple(body[3 : 3 + 2 * count : 2]), first, last, approximation & 0x0F))


def _check_colours(jpeg: Jpeg) -> None:
    """Refuse what nobody can tell the colours of, and put right what is told of them wrongly."""
    if len(jpeg.components) == INKS and not jpeg.transform_at:
        raise _unread("a JPEG of printing inks without Adobe's note of what they mean")
    known = TRANSFORMS.get(len(jpeg.components), b"")
    if known and jpeg.transform_at and jpeg.data[jpeg.transform_at] not in known:
        jpeg.data[jpeg.transform_at] = known[-1]


def _unreadable(reason: str) -> RequestError:
    """What the decoder's words mean for whoever sent the picture."""
    if SAMPLING in reason:
        return _unread("a JPEG of unusual sampling")
    if ENDS_EARLY.search(reason) or LEFT.match(reason):
        return Unprocessable("unreadable_image:incomplete")
    return Unprocessable("unreadable_image:broken")


def _unread(kind: str) -> UnsupportedMediaType:
    return UnsupportedMediaType("unsupported_media_type:kind", kind=kind)
