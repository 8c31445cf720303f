"""What a JPEG is made of (ITU-T T.81, annex B), and its pixels if every one of them is there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from wsgi_app.base.errors import Unprocessable, UnsupportedMediaType

# A JPEG's markers, as libjpeg finds them: 0xff, then neither a stuffed zero, a restart nor a fill byte.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
END_OF_IMAGE, START_OF_SCAN, APP0, APP14 = b"\xff\xd9", b"\xff\xda", b"\xff\xe0", b"\xff\xee"
WITHOUT_LENGTH = (b"\xff\x01", b"\xff\xd8")
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

# What careless writers get wrong and no decoder needs: the revision of JFIF, and which coefficients a scan
# has where each has all of them.
JFIF, JFIF_REVISION = b"JFIF\0", b"\x01"
COEFFICIENTS, ALL_COEFFICIENTS = 64, b"\x00\x3f\x00"

# What the decoder says of data that ends too early, and of data that is left behind the last pixel. Cameras
# leave a few bytes there; more of them are what filled the place of a part that never came.
ENDS_EARLY = re.compile(r"premature end", re.IGNORECASE)
LEFT = re.compile(r"Corrupt JPEG data: ([0-9]+) extraneous bytes before marker 0x(?!d[0-7])")
MOST_LEFT = 64


@dataclass(frozen=True)
class Scan:
    """One pass over the coefficients of some components.

    Attributes:
        components: their ids.
        first: of the coefficients, in zigzag order.
        last: of the coefficients.
        low: how many low bits of them are left for a later scan.
        coded: where the coded data is, as (begin, end).
    """

    components: tuple[int, ...]
    first: int
    last: int
    low: int
    coded: tuple[int, int]


@dataclass
class Jpeg:
    """A JPEG's first picture.

    Attributes:
        data: the file, with what careless writers get wrong put right.
        components: their ids.
        is_progressive: whether a scan may have some of the coefficients only.
        scans: in their order.
    """

    data: bytearray
    components: tuple[int, ...] = ()
    is_progressive: bool = False
    scans: list[Scan] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every bit of every coefficient has a scan; the decoder takes the others for zeros."""
        sent = {
            (component, coefficient)
            for scan in self.scans
            if scan.low == 0
            for component in scan.components
            for coefficient in range(scan.first, scan.last + 1)
        }
        return len(sent) >= COEFFICIENTS * len(self.components)

    def pixels(self, scale: int) -> NDArray[np.uint8]:
        """Decode it.

        Args:
            scale: 1, or how many times smaller: 2, 4 or 8.

        Returns:
            uint8 [height, width, 3], RGB; of printing inks [height, width, 4], CMYK.

        Raises:
            Unprocessable: it is broken, or a part of it is missing.
        """
        if not self.is_whole:
            raise _unreadable("premature end")
        try:
            return self._decoded(bytes(self.data), scale)
        except ValueError as error:
            left = LEFT.match(str(error))
            if left is None or int(left[1]) > MOST_LEFT or len(self.scans) > 1:
                raise _unreadable(str(error)) from error
        _, end = self.scans[0].coded
        try:
            return self._decoded(bytes(self.data[: end - int(left[1])] + self.data[end:]), scale)
        except ValueError as error:
            raise _unreadable(str(error)) from error

    def _decoded(self, data: bytes, scale: int) -> NDArray[np.uint8]:
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        colours = "CMYK" if len(self.components) == INKS else "RGB"
        least = {"min_height": -(-height // scale), "min_width": -(-width // scale)}
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, colours, **least, strict=True)
        return pixels


def read_jpeg(data: bytes, most_scans: int) -> Jpeg:
    """Read a JPEG's first picture, but for its pixels.

    Raises:
        UnsupportedMediaType: it is of a kind that is not read.
        Unprocessable: it has more scans, each of which passes over all its pixels.
    """
    jpeg, notes, marker = Jpeg(bytearray(data)), set[bytes](), b""
    for marker, begin, end in _segments(data):
        if marker in UNREAD_FRAMES:
            raise _unread(UNREAD_FRAMES[marker])
        _add(jpeg, marker, begin + 2, end)
        if len(jpeg.scans) > most_scans:
            raise Unprocessable("unreadable_image:scans")
        if marker == APP14:
            notes.add(data[begin + 2 : begin + 7])
        if marker == END_OF_IMAGE:
            break
    if marker != END_OF_IMAGE:
        jpeg.data = jpeg.data.rstrip(b"\xff") + END_OF_IMAGE
    if len(jpeg.components) == INKS and b"Adobe" not in notes:
        raise _unread("a JPEG of printing inks without Adobe's note of what they mean")
    return jpeg


def _add(jpeg: Jpeg, marker: bytes, begin: int, end: int) -> None:
    """Take what a segment says of the picture, and put right what it gets wrong."""
    body = jpeg.data[begin:end]
    if marker in FRAMES and not jpeg.components:
        jpeg.components, jpeg.is_progressive = _components(body), marker == PROGRESSIVE
    elif marker == APP0 and body.startswith(JFIF):
        jpeg.data[begin + len(JFIF) : begin + len(JFIF) + 1] = JFIF_REVISION
    elif marker == START_OF_SCAN:
        _add_scan(jpeg, body, end)


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


def _add_scan(jpeg: Jpeg, body: bytearray, begin: int) -> None:
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count:
        return  # cut off
    if not jpeg.is_progressive:
        jpeg.data[begin - 3 : begin] = body[-3:] = ALL_COEFFICIENTS
    first, last, approximation = body[-3:]
    marker = MARKER.search(jpeg.data, begin)
    end = begin + len(jpeg.data[begin : marker and marker.start()].rstrip(b"\xff"))  # without fill bytes
    jpeg.scans.append(
        Scan(tuple(body[1 : 1 + 2 * count : 2]), first, last, approximation & 0x0F, (begin, end))
    )


def _unreadable(reason: str) -> Unprocessable:
    """What the decoder's words mean for whoever sent the picture."""
    if ENDS_EARLY.search(reason) or LEFT.match(reason):
        return Unprocessable("unreadable_image:incomplete")
    return Unprocessable("unreadable_image:broken")


def _unread(kind: str) -> UnsupportedMediaType:
    return UnsupportedMediaType("unsupported_media_type:kind", kind=kind)
