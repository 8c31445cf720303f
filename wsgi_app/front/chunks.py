"""A body that comes in chunks (RFC 9112, 7.1), with bounds on what is not data in it."""

import re
from enum import Enum, auto
from http import HTTPStatus
from io import BufferedIOBase

from waitress.buffers import OverflowableBuffer

from wsgi_app.base.errors import BadRequest, PorteiroError
from wsgi_app.front.refusals import of_status

SIZE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")
LINE_END = b"\r\n"
LONGEST_LINE = 4096
# A chunk costs as many bytes as its line has, and some for the time that goes into it. All may cost as much
# as the data has bytes, and some more: enough for a small document that comes byte by byte.
LINE_COST = 32
FREE_COST = 160 * 1024


class _Next(Enum):
    SIZE = auto()
    END = auto()  # of a chunk
    TRAILER = auto()


class ChunkedBody:
    """In place of Waitress's ``ChunkedReceiver``, which writes to the disk chunk by chunk, without bounds.

    Args:
        buffer: where the data goes.
        most: bytes of data that it may have.

    Attributes:
        completed: whether its end was seen.
        error: what is wrong with it.
    """

    completed = False
    error: PorteiroError | None = None

    def __init__(self, buffer: OverflowableBuffer, most: int):
        self._buffer, self._most = buffer, most
        self._next = _Next.SIZE
        self._line = b""  # one that has not come to its end
        self._chunk_left = 0
        self._size = self._cost = 0

    def __len__(self) -> int:
        return self._size

    def received(self, data: bytes) -> int:
        """Take some bytes of it; how many were its own."""
        pieces, at = [], 0
        while at < len(data) and not self.completed and self.error is None:
            if self._chunk_left:
                piece = data[at : at + self._chunk_left]
                pieces.append(piece)
                self._chunk_left -= len(piece)
                at += len(piece)
            else:
                end = data.find(b"\n", at) + 1 or len(data)
                self._line += data[at:end]
                self._take_line()
                at = end
        if pieces:
            self._buffer.append(b"".join(pieces))
        return at

    def getfile(self) -> BufferedIOBase:
        """What came, from its beginning."""
        file: BufferedIOBase = self._buffer.getfile()
        return file

    def getbuf(self) -> OverflowableBuffer:
        """Where it is kept."""
        return self._buffer

    def _take_line(self) -> None:
        line, has_ended = self._line, self._line.endswith(b"\n")
        is_wrong = has_ended and not line.endswith(LINE_END)
        if self._next is _Next.END:
            is_wrong = not LINE_END.startswith(line)
        if is_wrong or len(line) > LONGEST_LINE:
            self.error = BadRequest("bad_request:http")
        elif has_ended:
            self._line = b""
            self._follow(line)

    def _follow(self, line: bytes) -> None:
        if self._next is _Next.END:
            self._next = _Next.SIZE
            return
        self._cost += LINE_COST + len(line)
        if self._cost > FREE_COST + self._size:
            self.error = BadRequest("bad_request:http")
        elif self._next is _Next.SIZE:
            self._begin_chunk(line)
        else:
            self.completed = line == LINE_END

    def _begin_chunk(self, line: bytes) -> None:
        match = SIZE.fullmatch(line)
        if match is None:
            self.error = BadRequest("bad_request:http")
            return
        self._chunk_left = int(match[1], 16)
        self._size += self._chunk_left
        self._next = _Next.END if self._chunk_left else _Next.TRAILER
        if self._size > self._most:
            self.error = of_status(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
