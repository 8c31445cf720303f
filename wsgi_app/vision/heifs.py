"""What a HEIC or an AVIF is made of (ISO/IEC 23008-12), read without decoding a pixel.

The size that such a file claims is that of the canvas. How much there is to decode is up to the pieces that
are laid on it, each of a size of its own and as often as the file likes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from wsgi_app.base.errors import ContentTooLarge, Unprocessable, UnsupportedMediaType
from wsgi_app.vision.coded_sizes import av1_pixels, hevc_pixels
from wsgi_app.vision.fillings import is_filled

HEVC = (b"hvc1", b"hev1")
CODED = (*HEVC, b"av01")
NO_HEVC = bytes(8)  # it breaks up the third of three zeros (ITU-T H.265, 7.4.2); lengths may have some more
GRID = b"grid"
OTHER_MAKE = "a HEIF of another make"
# The tiles at two edges reach beyond the canvas: together they have at most so many of its pixels.
WHOLE_TILES = 2
MOST_BOXES = 20_000
DESCRIBING = (b"ftyp", b"meta")  # boxes that every file has
IN_FILE = 0  # how an item's data is found: by its place in the file
WIDE_LOCATION = 2  # the version of the table of places from which on an item's id has four bytes
WIDE_ENTRY = 3  # the version of an item's entry from which on its id has four bytes

# Pieces may share data, but all of it together is not read more often than this.
MOST_READ = 2

Box = tuple[bytes, bytes]
Told = TypeVar("Told")


@dataclass
class Heif:
    """The items of a file.

    Attributes:
        primary: the id of the picture to show.
        types: of each item, four letters.
        pieces: of a derived item, the items that it is made of.
        sizes: width times height of each item that has them.
        extents: where the data of each item that is in the file is, as (begin, end).
        configurations: what is said of the data of items that HEVC codes.
    """

    primary: int = 0
    types: dict[int, bytes] = field(default_factory=dict)
    pieces: dict[int, tuple[int, ...]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    extents: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    configurations: dict[int, bytes] = field(default_factory=dict)

    def data(self, item: int, file: bytes) -> bytes:
        """All data of an item."""
        return b"".join(file[begin:end] for begin, end in self.extents.get(item, ()))

    def coded_pixels(self, item: int, file: bytes) -> int:
        """What there is to decode of an item, whatever its size is said to be.

        Raises:
            IndexError: its data is broken.
        """
        data = self.data(item, file)
        if self.types[item] not in HEVC:
            return av1_pixels(data)
        configuration = self.configurations.get(item)
        return hevc_pixels(configuration, data) if configuration else 0


def check_heif(data: bytes, most_pixels: int, error: ContentTooLarge) -> None:
    """Hold what there is to decode against the limit, before a decoder sees any of it.

    libheif's binding ends the process over names that are not in UTF-8.

    Args:
        data: the file's bytes.
        most_pixels: of the picture, and of each that goes with it, such as its transparency.
        error: what is raised over more.

    Raises:
        UnsupportedMediaType: the picture is made in a way that is not read.
        ContentTooLarge: as given.
        Unprocessable: the file is broken, or something fills the place of a part that never came.
    """
    try:
        heif = _read(data)
    except (struct.error, IndexError, UnicodeDecodeError) as broken:
        raise Unprocessable("unreadable_image:broken") from broken
    if heif.primary not in heif.types:
        raise Unprocessable("unreadable_image:broken")
    kind = heif.types.get(heif.primary, b"")
    pieces = heif.pieces.get(heif.primary, ()) if kind == GRID else (heif.primary,)
    if not all(heif.types.get(piece) in CODED for piece in pieces):
        raise UnsupportedMediaType("unsupported_media_type:kind", kind=OTHER_MAKE)
    if max(heif.sizes.values(), default=0) > most_pixels:
        raise error
    if sum(heif.sizes.get(piece, 0) for piece in pieces) > WHOLE_TILES * most_pixels:
        raise error
    coded = _coded_pixels(heif, data)
    if any(_lacks_a_part(heif, piece, data) for piece in set(pieces)):
        raise Unprocessable("unreadable_image:incomplete")
    if max(sum(coded[piece] for piece in pieces), *coded.values()) > WHOLE_TILES * most_pixels:
        raise error


def _coded_pixels(heif: Heif, data: bytes) -> dict[int, int]:
    """Of each coded item, what there is to decode."""
    items = [item for item, kind in heif.types.items() if kind in CODED]
    lengths = (end - begin for item in items for begin, end in heif.extents.get(item, ()))
    if sum(lengths) > MOST_READ * len(data):
        raise Unprocessable("unreadable_image:broken")
    try:
        return {item: heif.coded_pixels(item, data) for item in items}
    except IndexError as broken:
        raise Unprocessable("unreadable_image:broken") from broken


def heif_end(data: bytes) -> int:
    """Where a HEIC or an AVIF ends: with the last of its boxes in which its description, or an item, lies.

    Raises:
        struct.error, IndexError, ValueError: it is broken.
    """
    extents = _read(data).extents.values()
    needed, at = max((end for places in extents for _, end in places), default=0), 0
    last = 0
    for name, body in _boxes(data):
        begin = at
        size = struct.unpack_from(">I", data, at)[0]
        at += len(body) + (16 if size == 1 else 8)
        if name in DESCRIBING or begin < needed:
            last = min(at, max(begin, needed)) if size == 0 else at
    return min(last, len(data)) or len(data)


def _lacks_a_part(heif: Heif, piece: int, data: bytes) -> bool:
    for begin, end in heif.extents.get(piece, ()):
        coded = data[begin:end]
        if is_filled(coded) or (heif.types[piece] in HEVC and NO_HEVC in coded):
            return True
    return False


def _read(data: bytes) -> Heif:
    heif = Heif()
    meta = next((body[4:] for name, body in _boxes(data) if name == b"meta"), b"")
    for name, body in _boxes(meta):
        wide = body[:1] > b"\0"
        if name == b"pitm":
            heif.primary = _number(body, 4, wide=wide)[0]
        elif name == b"iinf":
            heif.types.update(_item(entry) for _, entry in _boxes(body[8 if wide else 6 :]))
        elif name == b"iref":
            heif.pieces.update(_pieces(body[4:], wide=wide))
        elif name == b"iprp":
            properties = list(_boxes(body))
            heif.sizes.update(_of_items(properties, dict(_areas(properties))))
            heif.configurations.update(_of_items(properties, dict(_configurations(properties))))
        elif name == b"iloc":
            heif.extents.update(_extents(body))
    return heif


def _boxes(data: bytes) -> Iterator[Box]:
    """The boxes that stand next to each other in some bytes, as their types and contents."""
    at = 0
    for _ in range(MOST_BOXES):
        if at + 8 > len(data):
            return
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = len(data) - at
        if size < header:
            return
        yield name, data[at + header : at + size]
        at += size


def _number(data: bytes, at: int, *, wide: bool) -> tuple[int, int]:
    """A number of two bytes or four, and where the next one is."""
    size = 4 if wide else 2
    return struct.unpack_from(">I" if wide else ">H", data, at)[0], at + size


def _item(entry: bytes) -> tuple[int, bytes]:
    item, at = _number(entry, 4, wide=entry[0] >= WIDE_ENTRY)
    entry[at + 2 :].decode()  # its type, its name, and what it is to the web
    return item, entry[at + 2 : at + 6]


def _pieces(references: bytes, *, wide: bool) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Of each derived item, its pieces."""
    for kind, body in _boxes(references):
        if kind == b"dimg":
            item, at = _number(body, 0, wide=wide)
            count, at = _number(body, at, wide=False)
            yield item, struct.unpack_from(f">{count}{'I' if wide else 'H'}", body, at)


def _extents(body: bytes) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Of each item whose data is in the file itself, where it is (ISO/IEC 14496-12, 8.11.3)."""
    version, wide = body[0], body[0] >= WIDE_LOCATION
    offset_bytes, length_bytes, base_bytes = body[4] >> 4, body[4] & 0x0F, body[5] >> 4
    index_bytes = body[5] & 0x0F if version else 0
    count, at = _number(body, 6, wide=wide)
    for _ in range(min(count, MOST_BOXES)):
        item, at = _number(body, at, wide=wide)
        method, at = (body[at + 1] & 0x0F, at + 2) if version else (IN_FILE, at)
        base, at = int.from_bytes(body[at + 2 : at + 2 + base_bytes]), at + 2 + base_bytes
        pieces, at = _number(body, at, wide=False)
        extents = []
        for _ in range(pieces):
            begin = base + int.from_bytes(body[at + index_bytes : at + index_bytes + offset_bytes])
            at += index_bytes + offset_bytes + length_bytes
            extents.append((begin, begin + int.from_bytes(body[at - length_bytes : at])))
        if method == IN_FILE:
            yield item, extents


def _areas(properties: list[Box]) -> Iterator[tuple[int, int]]:
    """Of each size among the shared properties, its number and its area."""
    for name, body in properties:
        if name == b"ipco":
            for number, (kind, size) in enumerate(_boxes(body), start=1):
                if kind == b"ispe":
                    width, height = struct.unpack_from(">II", size, 4)
                    yield number, width * height


def _configurations(properties: list[Box]) -> Iterator[tuple[int, bytes]]:
    """Of each description of coded data by HEVC among the shared properties, its number and its contents."""
    for name, body in properties:
        if name == b"ipco":
            for number, (kind, configuration) in enumerate(_boxes(body), start=1):
                if kind == b"hvcC":
                    yield number, configuration


def _of_items(properties: list[Box], told: dict[int, Told]) -> Iterator[tuple[int, Told]]:
    """Of each item that has one of some properties, that one."""
    for name, body in properties:
        if name == b"ipma":
            for item, numbers in _associations(body):
                for number in numbers:
                    if number in told:
                        yield item, told[number]


def _associations(body: bytes) -> Iterator[tuple[int, list[int]]]:
    """Of each item, the numbers of its properties; the highest bit of each says something else."""
    step = 2 if body[3] & 1 else 1
    (count,) = struct.unpack_from(">I", body, 4)
    at = 8
    for _ in range(min(count, MOST_BOXES)):
        item, at = _number(body, at, wide=body[0] > 0)
        numbers = struct.unpack_from(f">{body[at]}{'H' if step > 1 else 'B'}", body, at + 1)
        at += 1 + step * len(numbers)
        yield item, [number & (2 ** (8 * step - 1) - 1) for number in numbers]
