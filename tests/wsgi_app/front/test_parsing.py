"""Requests out of bytes that come in pieces."""

import pytest
from waitress.adjustments import Adjustments

from wsgi_app.front.parsing import FrontParser

SENT = (
    b"\r\nPOST /a HTTP/1.1\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    b"\r\n\r\nPOST /b HTTP/1.1 \r\nHost: b\r\nTransfer-Encoding: chunked\n\n2\r\nab\r\n0\r\nX: y\r\n\r\n"
    b"GET http://c/d HTTP/1.0\n\n"
)


def read(pieces: list[bytes]) -> list[tuple[str, str, bytes, object]]:
    """Every request in some pieces: its method and path, its body, and what is wrong with it."""
    requests, parser = [], FrontParser(Adjustments())
    for piece in pieces:
        left = piece
        while left:
            left = left[parser.received(left) :]
            if parser.completed:
                body = parser.get_body_stream().read()
                requests += [] if parser.empty else [(parser.command, parser.path, body, parser.error)]
                parser = FrontParser(Adjustments())
    return requests


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, len(SENT)])
def test_a_request_is_read_however_it_is_cut_into_pieces(size: int) -> None:
    pieces = [SENT[at : at + size] for at in range(0, len(SENT), size)]

    assert read(pieces) == [
        ("POST", "/a", b"abc", None),
        ("POST", "/b", b"ab", None),
        ("GET", "/d", b"", None),
    ]


def test_what_waits_for_a_head_to_end_is_bounded() -> None:
    parser = FrontParser(Adjustments(max_request_header_size=1000))

    parser.received(b"GET / HTTP/1.1\r\n")
    while not parser.completed:
        parser.received(b"A: b\n")

    assert (str(parser.error), parser.received(b"A: b\n")) == ("bad_request:http", 0)


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        (b"", False),
        (b"Content-Length: 0\r\n", False),
        (b"Content-Length: 3\r\n", True),
        (b"Transfer-Encoding: chunked\r\n", True),
    ],
)
def test_only_who_has_a_body_to_send_is_told_to_go_on(fields: bytes, waits: bool) -> None:
    parser = FrontParser(Adjustments())

    parser.received(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + fields + b"\r\n")

    assert (parser.expect_continue, parser.completed, parser.error) == (waits, not waits, None)
