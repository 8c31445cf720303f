"""Bodies in chunks: what is read out of them, and what they may cost."""

from contextlib import closing
from unittest.mock import Mock, call

import pytest
from waitress.buffers import OverflowableBuffer

from wsgi_app.front.chunks import ChunkedBody

MOST = 1_000_000


def taken(sent: bytes, size: int = 8192) -> tuple[bytes, bool, str | None]:
    """A body that comes in pieces of some size: its data, whether it has ended, and what is wrong with it."""
    body = ChunkedBody(OverflowableBuffer(1000), MOST)
    for at in range(0, len(sent), size):
        body.received(sent[at : at + size])
    with closing(body.getbuf()):
        return body.getfile().read(), body.completed, None if body.error is None else str(body.error)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("sent", "data"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b'1 ;a="b;c"\r\na\r\nA\r\n\r\n34567\r\n9\r\n000\r\nX: y\r\nZ: \r\n\r\n', b"a\r\n34567\r\n9"),
        (b"0003;x\r\na\nb\r\n00\r\n\r\n", b"a\nb"),
    ],
)
def test_a_body_is_read_however_it_is_cut_into_pieces(sent: bytes, data: bytes, size: int) -> None:
    assert taken(sent, size) == (data, True, None)


def test_what_comes_after_a_body_is_left() -> None:
    body = ChunkedBody(OverflowableBuffer(1000), MOST)

    assert (body.received(b"1\r\na\r\n0\r\n\r\nGET /"), body.received(b"GET /")) == (11, 0)


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n",
        b"g\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b" 1\r\n",
        b"1;\ra\r\n",
        b"3\n",
        b"3\r\nabcd",
        b"3\r\nabc\n",
        b"3\r\nabc\rd",
        b"3\r\nabc\r\n0\n\n",
        b"0\r\n\n",
        b"0\r\nA: b\n\n",
        b"1" * 5000,
        b"0\r\n" + b"A: b\r\n" * 30_000,
    ],
    ids=lambda sent: repr(sent[:12]),
)
def test_what_is_no_chunk_is_refused_as_soon_as_it_is_read(sent: bytes) -> None:
    assert taken(sent)[1:] == (False, "bad_request:http")


@pytest.mark.parametrize("size", [b"F4241", b"FFFFFFFFF", b"F" * 4000])
def test_more_than_a_body_may_have_is_refused_before_it_comes(size: bytes) -> None:
    assert taken(size + b"\r\n")[2] == f"too_large:body bytes={12 * 1024 * 1024}"


def chunks(data: bytes, size: int, extension: bytes = b"") -> bytes:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x%b\r\n%b\r\n" % (len(piece), extension, piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("size", "length"), [(1, 4096), (20, 10_000), (77, 900_000), (1000, 900_000), (900_000, 900_000)]
)
def test_what_clients_send_is_taken(size: int, length: int) -> None:
    data = bytes(length)

    assert taken(chunks(data, size)) == (data, True, None)


@pytest.mark.parametrize(
    "sent",
    [chunks(bytes(6000), 1), chunks(bytes(100_000), 10), chunks(bytes(1000), 10, b";" + b"a" * 3000)],
    ids=["one byte", "ten bytes", "extensions"],
)
def test_a_body_whose_chunks_far_outweigh_its_data_is_refused(sent: bytes) -> None:
    assert taken(sent)[1:] == (False, "bad_request:http")


def test_the_data_of_many_chunks_is_written_at_once() -> None:
    buffer = Mock()
    body = ChunkedBody(buffer, MOST)

    for _ in range(3):
        body.received(b"1\r\nx\r\n" * 1000)

    assert buffer.mock_calls == [call.append(b"x" * 1000)] * 3
