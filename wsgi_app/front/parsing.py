"""Reading requests with Waitress's parser: LF alone ends a line too, and what is no HTTP is refused early."""

import re
from typing import Any

from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError

from wsgi_app.base.errors import BadRequest, PorteiroError
from wsgi_app.front.chunks import ChunkedBody

# A request's first line (RFC 9112, 3), and what may still become one. A later HTTP/1 is read as HTTP/1.1.
METHOD, TARGET = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", rb"[^\0-\x20\x7f]+"
REQUEST_LINE = re.compile(rb"(%b %b HTTP/1\.)([0-9])[ \t]*\r?" % (METHOD, TARGET))
BEGUN_LINE = re.compile(rb"%b(?: (?:%b(?: [HTP/1.]{0,7}[0-9]?[ \t]*\r?)?)?)?" % (METHOD, TARGET))
# LF alone ends a line of the head too (RFC 9112, 2.2), as nginx has it; none goes on in the next one (5.2).
LINE_END, HEAD_END = re.compile(rb"\r?\n"), re.compile(rb"\r?\n\r?\n")
LONGEST_HEAD_END = 4
FOLDED_LINE = re.compile(rb"\n[ \t]")
FIELD = re.compile(rb"\n([^:\r]+):[ \t]*([^\r]*?)[ \t]*\r")
EMPTY_LINES = b"\r\n"  # before the first line
TLS_HANDSHAKE = 0x16  # the type of the first record (RFC 8446, 5.1)


class FrontParser(HTTPRequestParser):
    """Reads one request; what cannot become one is refused as soon as that can be seen."""

    error: Any  # Waitress's or ours; None while all is well
    body_rcv: Any  # what takes the body; None while there is none to take
    begun = b""  # a head that has not come to its end

    def received(self, data: bytes) -> int:
        """Take some bytes of it; how many were its own."""
        if self.completed or self.body_rcv is not None:
            taken: int = super().received(data)
            return taken
        return self._take_head(data)

    def _take_head(self, data: bytes) -> int:
        looked_at = max(0, len(self.begun) - LONGEST_HEAD_END)
        self.begun = (self.begun + data).lstrip(EMPTY_LINES)
        if not self.begun:
            return len(data)
        line, has_ended, _ = self.begun.partition(b"\n")
        if not (REQUEST_LINE if has_ended else BEGUN_LINE).fullmatch(line):
            tls, other = BadRequest("bad_request:tls"), BadRequest("bad_request:http")
            self.refuse(tls if line[0] == TLS_HANDSHAKE else other)
            return len(data)
        end = HEAD_END.search(self.begun, looked_at)
        if end is not None:
            left = len(self.begun) - end.end()
            self._read_head(self.begun[: end.end()])
            return len(data) - left
        if len(self.begun) >= self.adj.max_request_header_size:
            self.refuse(BadRequest("bad_request:http"))
        return len(data)

    def _read_head(self, head: bytes) -> None:
        head = REQUEST_LINE.sub(lambda line: line[1] + min(line[2], b"1"), head, count=1)
        super().received(LINE_END.sub(b"\r\n", head))
        if self.error is None and self.chunked:
            most = self.adj.max_request_body_size
            self.body_rcv = ChunkedBody(OverflowableBuffer(self.adj.inbuf_overflow), most)
        if self.body_rcv is None:  # nobody waits to send a body that there is not
            self.expect_continue = False

    def refuse(self, error: PorteiroError) -> None:
        """Be done with it, whatever is still to come."""
        if not self.headers_finished:
            super().parse_header(b"GET / HTTP/1.0\r\n")
        self.error, self.completed, self.expect_continue = error, True, False

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head; raises ``ParsingError`` where that cannot be done, or in more ways than one."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # an address with half an IPv6 address, a length of 5,000 digits
            raise ParsingError(str(error)) from error
        if FOLDED_LINE.search(header_plus) or "@" in self.proxy_netloc:
            raise ParsingError("what no client should send")
        _refuse_ambiguous(FIELD.findall(header_plus), self.version)
        options = {option.strip(" \t").lower() for option in self.headers.get("CONNECTION", "").split(",")}
        self.connection_close = "close" in options or (self.version == "1.0" and "keep-alive" not in options)


def _refuse_ambiguous(fields: list[tuple[bytes, bytes]], version: str) -> None:
    """Refuse what two servers could take for two hosts or two lengths (RFC 9112, 3.2 and 6.1)."""
    texts: dict[bytes, list[bytes]] = {}
    for name, text in fields:
        texts.setdefault(name.lower(), []).append(text.lower())
    hosts, codings = len(texts.get(b"host", ())), texts.get(b"transfer-encoding")
    if hosts > 1 or (version != "1.0" and not hosts):
        raise ParsingError("not one host")
    if codings is not None and (codings != [b"chunked"] or version == "1.0" or b"content-length" in texts):
        raise ParsingError("not one length")
