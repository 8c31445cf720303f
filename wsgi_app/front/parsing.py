"""Reading requests with Waitress's parser: LF alone ends a line too, and what is no HTTP is refused early."""

import re
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver

from wsgi_app.base.errors import BadRequest, PorteiroError

# A request's first line (RFC 9112, 3), and what may still become one.
METHOD, TARGET = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", rb"[^\0-\x20\x7f]+"
REQUEST_LINE = re.compile(rb"%b %b HTTP/[0-9]\.[0-9][ \t]*\r?" % (METHOD, TARGET))
BEGUN_LINE = re.compile(rb"%b(?: (?:%b(?: [HTP/0-9.]{0,8}[ \t]*\r?)?)?)?" % (METHOD, TARGET))
# LF alone ends a line of the head too (RFC 9112, 2.2), as nginx has it.
LINE_END, HEAD_END = re.compile(rb"\r?\n"), re.compile(rb"\r?\n\r?\n")
EMPTY_LINES = b"\r\n"  # before the first line
LONE_LF = re.compile(rb"(?<!\r)\n")  # ends no line of a body in chunks (RFC 9112, 7.1)
LONGEST_CHUNK_LINE = 4096
TLS_HANDSHAKE = 0x16  # the type of the first record (RFC 8446, 5.1)


class FrontParser(HTTPRequestParser):
    """Reads one request; what cannot become one is refused as soon as that can be seen."""

    error: Any  # Waitress's or ours; None while all is well
    _begun = b""  # a head that has not come to its end

    def received(self, data: bytes) -> int:
        """Take some bytes of it; how many were its own."""
        if not self.completed and self.body_rcv is None:
            return self._take_head(data)
        taken: int = super().received(data)
        if isinstance(self.body_rcv, ChunkedReceiver) and _is_stuck(self.body_rcv):
            self.refuse(BadRequest("bad_request:http"))
        return taken

    def _take_head(self, data: bytes) -> int:
        self._begun = (self._begun + data).lstrip(EMPTY_LINES)
        if not self._begun:
            self.completed = self.empty = True
            return len(data)
        line, has_ended, _ = self._begun.partition(b"\n")
        if not (REQUEST_LINE if has_ended else BEGUN_LINE).fullmatch(line):
            tls, other = BadRequest("bad_request:tls"), BadRequest("bad_request:http")
            self.refuse(tls if line[0] == TLS_HANDSHAKE else other)
            return len(data)
        end = HEAD_END.search(self._begun)
        if end is not None:
            super().received(LINE_END.sub(b"\r\n", self._begun[: end.end()]))
            return len(data) - (len(self._begun) - end.end())
        if len(self._begun) >= self.adj.max_request_header_size:
            self.refuse(BadRequest("bad_request:http"))
        return len(data)

    def refuse(self, error: PorteiroError) -> None:
        """Be done with it, whatever is still to come."""
        if not self.headers_finished:
            super().parse_header(b"GET / HTTP/1.0\r\n")
        self.error, self.completed, self.expect_continue = error, True, False

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head; raises ``ParsingError`` for every head that cannot be read."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # an address with half an IPv6 address, a length of 5,000 digits
            raise ParsingError(str(error)) from error


def _is_stuck(body: ChunkedReceiver) -> bool:
    """Whether a body waits for the end of a line that has none, or of one far too long."""
    lines = (body.control_line, body.chunk_end, body.trailer)
    return any(LONE_LF.search(line) or len(line) > LONGEST_CHUNK_LINE for line in lines)
