"""What a hostile server may send: it ends, it stays small, and it never opens a door."""

import gzip
import tracemalloc
from collections.abc import Callable

import pytest

from pi_client.faults import Fault
from pi_client.press import PressResult
from pi_client.transport import MOST_ANSWER_BYTES, MOST_SOCKET_BYTES
from tests.pi_client.asking import AT, KNOWN, PHOTO, TOKEN, asking, plain, press_now
from tests.pi_client.hostile_server import Behaviour, HostileServer, Porteiro, Talk, always, response

MEBIBYTE = 1024 * 1024
GIGABYTE = 1_000_000_000
PIECE = b" " * MOST_ANSWER_BYTES


def endless(head: bytes, piece: bytes) -> Behaviour:
    """Sends without end, until the door hangs up."""

    def behave(talk: Talk) -> None:
        talk.send(head)
        while not talk.stopping.is_set():
            talk.send(piece)

    return behave


def gigabyte(talk: Talk) -> None:
    talk.send(
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode()
    )
    for _ in range(GIGABYTE // len(PIECE)):
        talk.send(PIECE)


def bomb(status: int, *headers: str) -> Behaviour:
    packed = gzip.compress(b" " * 48 * MEBIBYTE)
    return always(status, packed, "Content-Encoding: gzip", *headers)


def many_headers(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        talk.send(b"".join(b"X-%d: x\r\n" % number for number in range(1000)))
    talk.send(b"\r\n")


JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

HOSTILE: dict[str, tuple[Behaviour, Fault]] = {
    "a gigabyte": (gigabyte, Fault.WRONG_SERVER),
    "a redirect with a body without end": (
        endless(b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n\r\n", PIECE),
        Fault.WRONG_SERVER,
    ),
    "a body without length or end": (endless(JSON_HEAD + b"\r\n", PIECE), Fault.WRONG_SERVER),
    "chunks without end": (endless(CHUNKED, b"1000\r\n" + b" " * 4096 + b"\r\n"), Fault.WRONG_SERVER),
    "tiny chunks without end": (endless(CHUNKED, b"1\r\n \r\n" * 1000), Fault.WRONG_SERVER),
    "an endless length of a chunk": (endless(CHUNKED, b"1" * 4096), Fault.WRONG_SERVER),
    "a chunk that is no number": (endless(CHUNKED, b"many\r\n"), Fault.CUT_OFF),
    "a trailer without end": (endless(CHUNKED + b"0\r\n", b"X: x\r\n" * 1000), Fault.WRONG_SERVER),
    "a gzip bomb": (bomb(200), Fault.WRONG_SERVER),
    "a gzip bomb as a redirect": (bomb(302, "Location: /elsewhere"), Fault.WRONG_SERVER),
    "a status line without end": (endless(b"HTTP/1.1 200 ", b"x" * 4096), Fault.WRONG_SERVER),
    "a header without end": (endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 4096), Fault.WRONG_SERVER),
    "100,000 headers": (many_headers, Fault.WRONG_SERVER),
    "headers without end": (endless(JSON_HEAD, b"X: x\r\n" * 1000), Fault.WRONG_SERVER),
    "100 Continue without end": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), Fault.WRONG_SERVER),
    "NUL without end": (endless(b"", bytes(4096)), Fault.WRONG_SERVER),
    "an HTTP of tomorrow": (lambda talk: talk.send(b"HTTP/3.0 200 OK\r\n\r\n"), Fault.WRONG_SERVER),
    "a status that is none": (lambda talk: talk.send(b"HTTP/1.1 OK 200\r\n\r\n"), Fault.WRONG_SERVER),
    "two lengths": (always(200, b"{}", "Content-Length: 7"), Fault.SERVER_ERROR),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_ends_stays_small_and_opens_nothing(name: str) -> None:
    behaviour, fault = HOSTILE[name]
    press = press_now()
    with HostileServer((behaviour,)) as hostile, asking(hostile.url) as server:
        tracemalloc.start()
        try:
            answer = server.ask(press, (PHOTO,))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert plain(answer) == (press.id, PressResult.FAILED, fault)
    assert peak < 4 * MEBIBYTE
    assert len(hostile.requests) == 1


def padded(size: int) -> Behaviour:
    """Porteiro's own answer with so many bytes of body."""

    def behave(talk: Talk) -> None:
        head, _, body = KNOWN.response_to(talk.request).partition(b"\r\n\r\n")
        key = head.decode().split("Idempotency-Key: ")[1]
        talk.send(response(200, body.ljust(size), f"Idempotency-Key: {key}"))

    return behave


@pytest.mark.parametrize(
    ("size", "result"),
    [(MOST_ANSWER_BYTES, PressResult.GRANTED), (MOST_ANSWER_BYTES + 1, PressResult.FAILED)],
)
def test_an_answer_may_have_so_many_bytes_and_no_more(size: int, result: PressResult) -> None:
    with HostileServer((padded(size),)) as hostile, asking(hostile.url) as server:
        assert server.ask(press_now(), (PHOTO,)).result is result


def chunked(pieces: Callable[[bytes], list[bytes]]) -> Behaviour:
    def behave(talk: Talk) -> None:
        body = KNOWN.response_to(talk.request).partition(b"\r\n\r\n")[2]
        talk.send(CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces(body)))
        talk.send(b"0\r\n\r\n")

    return behave


def test_an_answer_in_chunks_is_as_good_and_keeps_the_connection() -> None:
    behaviours = (
        chunked(lambda body: [body[:7], body[7:]]),
        chunked(lambda body: [bytes((byte,)) for byte in body]),
        Porteiro("unknown", AT, TOKEN),
    )
    with HostileServer(behaviours) as hostile, asking(hostile.url) as server:
        answers = [server.ask(press_now(), (PHOTO,)) for _ in behaviours]

    assert [answer.result for answer in answers] == [
        PressResult.GRANTED,
        PressResult.GRANTED,
        PressResult.REFUSED,
    ]
    assert hostile.connections == 1


def test_an_answer_that_is_packed_is_not_unpacked() -> None:
    def packed(talk: Talk) -> None:
        body = KNOWN.response_to(talk.request).partition(b"\r\n\r\n")[2]
        talk.send(response(200, gzip.compress(body), "Content-Encoding: gzip"))

    with HostileServer((packed,)) as hostile, asking(hostile.url) as server:
        assert server.ask(press_now(), (PHOTO,)).fault is Fault.WRONG_SERVER


def test_a_refused_body_is_not_read_to_its_end() -> None:
    sent: list[int] = []

    def count(talk: Talk) -> None:
        talk.send(JSON_HEAD + b"\r\n")
        try:
            while not talk.stopping.is_set():
                talk.send(PIECE)
                sent.append(len(PIECE))
        finally:
            sent.append(0)

    with HostileServer((count,)) as hostile, asking(hostile.url) as server:
        answer = server.ask(press_now(), (PHOTO,))

    assert answer.fault is Fault.WRONG_SERVER
    # The kernels on both sides hold some megabytes.
    assert sum(sent) < MOST_SOCKET_BYTES + 64 * MEBIBYTE
