"""What a JPEG is made of (ITU-T T.81, annex B), read without decoding a pixel."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from wsgi_app.base.errors import Unprocessable, UnsupportedMediaType

# A JPEG's markers, as libjpeg finds them: 0xff, then neither a stuffed zero, a restart nor a fill byte.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
RESTARTS = tuple(bytes([0xFF, code]) for code in range(0xD0, 0xD8))
RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
END_OF_IMAGE, START_OF_SCAN, HUFFMAN_TABLES, APP14 = b"\xff\xd9", b"\xff\xda", b"\xff\xc4", b"\xff\xee"
WITHOUT_LENGTH = (b"\xff\x01", b"\xff\xd8")
MOST_SEGMENTS = 5_000
MOST_RESTARTS = 1_000_000  # more than the largest picture has blocks to restart at
MOST_JUNK = 4_096  # bytes between two segments of the header: Pillow goes through them one by one

# Starts of frames: those that are read, and the names of those that are not.
FRAMES = (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")
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

FRAME_BYTES, TABLE_BYTES, AC_TABLE = 6, 17, 0x10  # before a frame's components, and before a table's symbols

COEFFICIENTS = 64
UNNATURAL_ZEROS = bytes(64)
# What stands behind each run of coded data to see whether it is needed: as unlike zeros as bytes without 0xff
# can be. Whole data is followed by a marker, and what is before that is skipped.
PADDING = b"\x5a\xc3\x96\x3c\xa5\x69\xd2\x1e\x87\x2d"


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
        data: the file, with an end marker behind the picture if it lacks one.
        components: their ids.
        scans: in their order.
        zero_codes: of each Huffman table, the symbol whose code is all zeros.
        has_zeros: whether zeros stand where a scan's data should be.
    """

    data: bytes
    components: tuple[int, ...] = ()
    scans: list[Scan] = field(default_factory=list)
    zero_codes: dict[int, int] = field(default_factory=dict)
    has_zeros: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every bit of every coefficient has a scan, and none of them holds zeros for data."""
        sent = {
            (component, coefficient)
            for scan in self.scans
            if scan.low == 0
            for component in scan.components
            for coefficient in range(scan.first, scan.last + 1)
        }
        return not self.has_zeros and len(sent) >= COEFFICIENTS * len(self.components)

    def padded(self) -> bytes:
        """The same file with bytes that mean nothing behind each run of coded data.

        A decoder skips them where the data is whole; where it ends too early they become pixels, in place of
        the zeros that a decoder imagines there. Both decoded alike say that nothing is missing.
        """
        pieces, at = [], 0
        for scan in self.scans:
            begin, end = scan.coded
            coded = RESTART.sub(PADDING + rb"\g<0>", self.data[begin:end])
            pieces += [self.data[at:begin], coded, PADDING]
            at = end
        return b"".join([*pieces, self.data[at:]])


def read_jpeg(data: bytes, most_scans: int) -> Jpeg:
    """Read a JPEG's first picture.

    Raises:
        UnsupportedMediaType: it is of a kind that is not read.
        Unprocessable: it has more scans, each of which passes over all its pixels.
    """
    jpeg, notes, marker = Jpeg(data), set[bytes](), b""
    for marker, begin, end in _segments(data):
        if marker in UNREAD_FRAMES:
            raise _unread(UNREAD_FRAMES[marker])
        body = data[begin + 2 : end]
        _add(jpeg, marker, body, end)
        if len(jpeg.scans) > most_scans:
            raise Unprocessable("unreadable_image:scans")
        if marker == APP14:
            notes.add(body[:5])
        if marker == END_OF_IMAGE:
            break
    if marker != END_OF_IMAGE:
        jpeg.data = data.rstrip(b"\xff") + END_OF_IMAGE
    if len(jpeg.components) == INKS and b"Adobe" not in notes:
        raise _unread("a JPEG of printing inks without Adobe's note of what they mean")
    return jpeg


def _add(jpeg: Jpeg, marker: bytes, body: bytes, end: int) -> None:
    """Take what a segment says of the picture; it ends there, where a scan's data begins."""
    if marker in FRAMES and not jpeg.components:
        jpeg.components = _components(body)
    elif marker == HUFFMAN_TABLES:
        jpeg.zero_codes.update(_zero_codes(body))
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


def _components(body: bytes) -> tuple[int, ...]:
    if len(body) < FRAME_BYTES:
        return ()
    if body[0] != READ_BITS:
        raise _unread(f"a JPEG of {body[0]} bits a sample")
    return tuple(body[FRAME_BYTES : FRAME_BYTES + 3 * body[5] : 3])


def _zero_codes(body: bytes) -> Iterator[tuple[int, int]]:
    """Of each Huffman table in a segment, its class and number, and the symbol whose code is all zeros."""
    while len(body) > TABLE_BYTES:
        yield body[0], body[TABLE_BYTES]
        body = body[TABLE_BYTES + sum(body[1:TABLE_BYTES]) :]


def _add_scan(jpeg: Jpeg, body: bytes, begin: int) -> None:
    count = body[0] if body else 0
    if len(body) < 4 + 2 * count:
        return  # cut off
    first, last, approximation = body[1 + 2 * count : 4 + 2 * count]
    marker = MARKER.search(jpeg.data, begin)
    end = begin + len(jpeg.data[begin : marker and marker.start()].rstrip(b"\xff"))  # without fill bytes
    if sum(jpeg.data.count(restart, begin, end) for restart in RESTARTS) > MOST_RESTARTS:
        raise Unprocessable("unreadable_image:broken")
    components = tuple(body[1 : 1 + 2 * count : 2])
    jpeg.scans.append(Scan(components, first, last, approximation & 0x0F, (begin, end)))
    # Where the code of zeros is a coefficient, zeros make blocks of 63 of them, one like the other: no photo
    # has that. Where it ends a block, zeros are flat colour, as photos well may have.
    tables = [AC_TABLE | number & 0x0F for number in body[2 : 2 + 2 * count : 2]]
    makes_coefficients = any(jpeg.zero_codes.get(table, 0) & 0x0F for table in tables)
    if last > 0 and makes_coefficients and jpeg.data.find(UNNATURAL_ZEROS, begin, end) >= 0:
        jpeg.has_zeros = True


def _unread(kind: str) -> UnsupportedMediaType:
    return UnsupportedMediaType("unsupported_media_type:kind", kind=kind)
