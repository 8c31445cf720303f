"""HTTP as the front speaks it, in this process: what takes too long, and what is no HTTP."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from webob import Request, Response

from wsgi_app.base.sockets import listeners
from wsgi_app.front import serving
from wsgi_app.front.serving import Front

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

JSON = b"Content-Type: application/json"


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answers with what came."""
    request = Request(environ)
    text = f"{request.method} {environ['PATH_INFO']} {request.host} {len(request.body)}"
    return Response(text, content_type="text/plain")(environ, start_response)


@contextmanager
def served(application: Callable[..., Iterable[bytes]] = echo) -> Iterator[tuple[int, Front]]:
    """A front on a free port, and the port."""
    (listener,) = opened = listeners("PORTEIRO_HTTP", "127.0.0.1:0")
    port = listener.getsockname()[1]
    front = Front(application, opened)
    thread = threading.Thread(target=front.run)
    thread.start()
    try:
        yield port, front
    finally:
        front.stop()
        thread.join()


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), 10)) as client:
        yield client


def rest(client: socket.socket) -> bytes:
    """All that still comes."""
    return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"GET /a%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET /a b a 0"),
        (b"GET //a//b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET //a//b a 0"),
        (b"GET http://b:80/c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET /c b:80 0"),
        (b"GET http://b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET / b 0"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", b"POST / a 3"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            b"POST / a 3",
        ),
        (b"\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET / a 0"),
        (b"\n\r\n\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"GET / a 0"),
        (b"GET / HTTP/1.1\nHost: a\nConnection: close\n\n", b"GET / a 0"),
        (b"POST / HTTP/1.1\nHost: a\r\nConnection: close\nContent-Length: 3\n\r\n\n\nc", b"POST / a 3"),
    ],
)
def test_a_request_is_passed_on_as_it_was_sent(sent: bytes, told: bytes) -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(sent)
        assert rest(client).endswith(b"\r\n\r\n" + told)


def test_who_names_no_host_reached_this_address() -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert rest(client).endswith(f"GET / 127.0.0.1:{port} 0".encode())


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (bytes.fromhex("1603010200010001fc0303"), b"400", b"http:// instead of https://"),
        (b"\0", b"400", b"bad_request"),
        (b"SSH-2.0-OpenSSH\r\n", b"400", b"bad_request"),
        (b"PING\n", b"400", b"bad_request"),
        (b"EHLO mail.example\r\n", b"400", b"bad_request"),
        (b"hello, is anybody there?", b"400", b"bad_request"),
        (b"GET /\r\n", b"400", b"bad_request"),
        (b"GET / HTTP/1.1 and more", b"400", b"bad_request"),
        (b"GET /\0", b"400", b"bad_request"),
        (b"\r\n\r\nQUIT\r\n", b"400", b"bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", b"400", b"bad_request"),
        (b"GET http://[half/ HTTP/1.1\r\n\r\n", b"400", b"bad_request"),
        (b"GET / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"400", b"bad_request"),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 17_000, b"400", b"bad_request"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", b"400", b"bad_request"),
        (b"POST / HTTP/1.1\r\nContent-Length: 20000000\r\n\r\nbegun", b"413", b"too_large"),
        (
            b"POST / HTTP/1.1\r\nContent-Length: 20000000\r\nExpect: 100-continue\r\n\r\n",
            b"413",
            b"too_large",
        ),
    ],
)
def test_what_cannot_be_a_request_is_refused_at_once(sent: bytes, status: bytes, code: bytes) -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(sent)
        answer = rest(client)

    assert answer.split(b" ")[1] == status
    assert JSON in answer
    assert code in answer


CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "chunks", [b"3\n", b"3\r\nabc\n", b"3\r\nabc\r\n0\n\n", b"0\r\n\n", b"0\r\nA: b\n\n", b"1" * 5000]
)
def test_a_chunk_whose_lines_never_end_is_refused_at_once(chunks: bytes) -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(CHUNKED + chunks)
        assert rest(client).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "sent", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"], ids=["head", "body"]
)
def test_a_request_that_does_not_go_on_is_told_so(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(serving, "HEAD_S", 0.1)
    monkeypatch.setattr(serving, "SILENCE_S", 0.1)
    with served() as (port, _), connected(port) as client:
        client.sendall(sent)
        answer = rest(client)

    assert answer.startswith(b"HTTP/1.")
    assert answer.split(b" ")[1] == b"408"
    assert b'"timeout"' in answer


def test_a_connection_on_which_nothing_is_asked_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "KEEP_S", 0.1)
    with served() as (port, _), connected(port) as client:
        assert rest(client) == b""


def test_told_to_stop_it_answers_what_was_asked() -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        begun.set()
        assert goes_on.wait(10)
        return echo(environ, start_response)

    with served(slow) as (port, front), connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert begun.wait(10)
        front.stop()
        goes_on.set()
        assert rest(client).endswith(b"GET / a 0")
