"""How many pixels the coded data of an AVIF or a HEIC says it has.

The file around it may claim fewer, and decoders believe the data.

AV1: AV1 Bitstream & Decoding Process Specification, 5.3, 5.5 and 5.9. HEVC: ITU-T H.265, 7.3.1 and 7.3.2.2.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

SEQUENCE, FRAMES = 1, (3, 6)  # types of OBUs: a sequence's header; a frame's header, alone and with its tiles
HIGH_LEVEL = 7  # from the next level on a tier is told
PARAMETERS = 33  # the type of a NAL unit that is a sequence parameter set
PICTURES = range(32)  # the types of those that are slices of a picture
PROFILE_BITS = 88  # of a profile in one, and of its tier
SUB_LAYERS = 8  # for which there are flags
WITH_PLANES = 3  # the format of colours that tells more
FIRST_SLICE = 0x80  # the bit of a slice that begins a picture
BEGINNING_BYTES = 512  # of a sequence's description, with all that is looked at
MOST_UNITS = 20_000
MOST_ZEROS = 32  # of a number as Exp-Golomb codes it


Unit = TypeVar("Unit")


class Bits:
    """Reads numbers from bits, the highest first.

    Raises:
        IndexError: by each method, where the data ends before.
    """

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        """A number of so many bits."""
        number = 0
        for _ in range(count):
            number = number << 1 | self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
            self._at += 1
        return number

    def take_exponential(self) -> int:
        """A number as Exp-Golomb codes it."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > MOST_ZEROS:
                raise IndexError
        return (1 << zeros) - 1 + self.take(zeros)


def av1_pixels(data: bytes) -> int:
    """Pixels of all frames in the data of a picture that AV1 codes.

    Raises:
        IndexError: it is broken.
    """
    area = frames = 0
    for kind, body in _bounded(_open_units(data)):
        if kind == SEQUENCE:
            area = max(area, _av1_area(Bits(body[:BEGINNING_BYTES])))
        frames += kind in FRAMES
    return area * frames


def hevc_pixels(configuration: bytes, data: bytes) -> int:
    """Pixels of all pictures in the data of an item that HEVC codes.

    Args:
        configuration: the contents of its ``hvcC`` (ISO/IEC 14496-15, 8.3.3.1).
        data: its units, each with its length.

    Raises:
        IndexError: one of them is broken.
    """
    area = pictures = 0
    length_bytes = (configuration[21] & 3) + 1
    for unit in (*_bounded(_configured(configuration)), *_bounded(_counted(data, length_bytes))):
        kind = unit[0] >> 1 & 0x3F
        if kind == PARAMETERS:
            area = max(area, _hevc_area(unit))
        pictures += kind in PICTURES and unit[2] >= FIRST_SLICE
    return area * pictures


def _bounded(units: Iterable[Unit]) -> Iterator[Unit]:
    for number, unit in enumerate(units):
        if number >= MOST_UNITS:
            raise IndexError
        yield unit


def _open_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        head = data[at]
        at += 2 if head & 4 else 1
        size, shift = 0, 0
        if head & 2:
            while True:
                size |= (data[at] & 0x7F) << shift
                at, shift = at + 1, shift + 7
                if not data[at - 1] & 0x80:
                    break
        else:
            size = len(data) - at
        yield head >> 3 & 0xF, data[at : at + size]
        at += size


def _av1_area(bits: Bits) -> int:
    bits.take(4)  # profile, and whether it is a still picture
    if bits.take(1):
        bits.take(5)
    else:
        _skip_operation(bits)
    wide, high = bits.take(4) + 1, bits.take(4) + 1
    return (bits.take(wide) + 1) * (bits.take(high) + 1)


def _skip_operation(bits: Bits) -> None:
    """Timing, and the points at which a video may be decoded."""
    delay_bits = 0
    if bits.take(1):
        bits.take(64)
        if bits.take(1):
            bits.take_exponential()
        if bits.take(1):
            delay_bits = bits.take(5) + 1
            bits.take(42)
    is_delayed = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > HIGH_LEVEL:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if is_delayed and bits.take(1):
            bits.take(4)


def _configured(configuration: bytes) -> Iterator[bytes]:
    """The units of a configuration, in arrays of one kind."""
    at = 23
    for _ in range(configuration[22]):
        count, at = int.from_bytes(configuration[at + 1 : at + 3]), at + 3
        for _ in range(count):
            size = int.from_bytes(configuration[at : at + 2])
            yield configuration[at + 2 : at + 2 + size]
            at += 2 + size


def _counted(data: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    while at + length_bytes <= len(data):
        size = int.from_bytes(data[at : at + length_bytes])
        at += length_bytes
        yield data[at : at + min(size, BEGINNING_BYTES)]
        at += size


def _hevc_area(unit: bytes) -> int:
    bits = Bits(unit[2:BEGINNING_BYTES].replace(b"\0\0\3", b"\0\0"))
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + PROFILE_BITS + 8)
    told = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (SUB_LAYERS - layers))
    for has_profile, has_level in told:
        bits.take(PROFILE_BITS * has_profile + 8 * has_level)
    bits.take_exponential()
    if bits.take_exponential() == WITH_PLANES:
        bits.take(1)
    return bits.take_exponential() * bits.take_exponential()
