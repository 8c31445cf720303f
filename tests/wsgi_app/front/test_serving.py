"""HTTP as the front speaks it, in this process: what takes too long, and what is no HTTP."""

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from webob import Request, Response

from wsgi_app.base.sockets import listeners
from wsgi_app.front import channels, serving
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
        (b"GET http://[half/ HTTP/1.1\r\nHost: a\r\n\r\n", b"400", b"bad_request"),
        (
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            b"400",
            b"bad_request",
        ),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 17_000, b"400", b"bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", b"400", b"bad_request"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\nbegun", b"413", b"too_large"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\nExpect: 100-continue\r\n\r\n",
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


HOST = b"Host: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
        b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
        b"GET / HTTP/0.9\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://me@a/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\n\tA: b\n" + HOST + b"\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length:\r\n 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"Content-Length: 0\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + CHUNKED * 2 + b"\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"transfer-encoding: identity\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n\r\n",
        b"POST / HTTP/1.0\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n3\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(sent: bytes) -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(sent + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = rest(client)

    assert answer.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 400 "))
    assert (answer.count(b"HTTP/1."), b"bad_request" in answer) == (1, True)


def test_a_chunk_that_is_too_large_is_refused_before_it_comes() -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\nFFFFFFFFF\r\n")
        assert rest(client).startswith(b"HTTP/1.1 413 ")


def test_a_later_http_1_is_answered_as_http_1_1() -> None:
    sent = b"POST / HTTP/1.3\r\nConnection: close\r\n" + HOST + CHUNKED + b"\r\n1\r\na\r\n0\r\n\r\n"
    with served() as (port, _), connected(port) as client:
        client.sendall(sent)
        answer = rest(client)

    assert (answer[:12], answer[-10:]) == (b"HTTP/1.1 200", b"POST / a 1")


@pytest.mark.parametrize("options", [b"close", b"TE, close", b"x, CLOSE", b"close\r\nConnection: TE"])
def test_a_connection_is_closed_where_the_client_asks_for_it(options: bytes) -> None:
    with served() as (port, _), connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: " + options + b"\r\n\r\n")
        assert b"\r\nConnection: close\r\n" in rest(client)


def answered(status: str, *headers: tuple[str, str]) -> Callable[..., Iterable[bytes]]:
    """An application that answers everything in this way; with a body where it may have one."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        start_response(status, list(headers))
        yield (
            b""
            if environ["REQUEST_METHOD"] == "HEAD" or status < "2" or status[:3] in {"204", "304"}
            else b"ab"
        )

    return application


DATE = ("date", "Sat, 01 Jan 2000 00:00:00 GMT")
NEXT = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "status", "headers", "told"),
    [
        (
            "GET",
            "200 OK",
            [("X-INE-b", "c"), ("Content-length", "2")],
            "X-INE-b: c\r\nContent-length: 2\r\n\r\nab",
        ),
        ("HEAD", "200 OK", [("content-length", "9")], "content-length: 9\r\n\r\n"),
        ("HEAD", "200 OK", [("Server", "x")], "Server: x\r\n\r\n"),
        ("GET", "304 Not Modified", [("ETag", '"a"')], 'ETag: "a"\r\n\r\n'),
        ("GET", "204 No Content", [("Content-Length", "0")], "\r\n"),
    ],
)
def test_an_answer_is_passed_on_as_it_was_given_and_the_connection_kept(
    method: str, status: str, headers: list[tuple[str, str]], told: str
) -> None:
    with served(answered(status, DATE, *headers)) as (port, _), connected(port) as client:
        client.sendall(f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode() + NEXT)
        answer = rest(client).decode()

    head = f"HTTP/1.1 {status}\r\n{DATE[0]}: {DATE[1]}\r\n"
    assert answer.startswith(head + told + head)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    head = b"\r\ndate: %b\r\n" % DATE[1].encode()
    with served(answered("200 OK", DATE)) as (port, _):
        with connected(port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            new = rest(client)
        with connected(port) as client:
            client.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            old = rest(client)

    chunked = b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n"
    assert new == b"HTTP/1.1 200 OK" + head + chunked
    assert old == b"HTTP/1.0 200 OK" + head + b"Connection: close\r\n\r\nab"


@pytest.mark.parametrize(
    "sent", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"], ids=["head", "body"]
)
def test_a_request_that_does_not_go_on_is_told_so(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(channels, "HEAD_S", 0.1)
    monkeypatch.setattr(channels, "SILENCE_S", 0.1)
    with served() as (port, _), connected(port) as client:
        client.sendall(sent)
        answer = rest(client)

    assert answer.startswith(b"HTTP/1.")
    assert answer.split(b" ")[1] == b"408"
    assert b'"timeout"' in answer


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n"], ids=["silence", "empty lines"])
def test_a_connection_on_which_nothing_is_asked_is_closed(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(channels, "HEAD_S", 0.1)
    with served() as (port, _), connected(port) as client:
        client.sendall(sent)
        assert rest(client) == b""


def test_a_connection_on_which_nothing_more_is_asked_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "KEEP_S", 0.1)
    with served() as (port, _), connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert rest(client).endswith(b"GET / a 0")


def test_where_there_are_too_many_connections_those_go_that_let_the_server_wait_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS", 20)
    with served() as (port, _), ExitStack() as opened:
        clients = [opened.enter_context(connected(port)) for _ in range(40)]
        clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")

        assert rest(clients[-1]).endswith(b"GET / a 0")
        assert [rest(client) for client in clients[:20]] == [b""] * 20
        clients[-2].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert rest(clients[-2]).endswith(b"GET / a 0")


def test_no_connection_goes_on_which_an_answer_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS", 2)
    begun, goes_on = threading.Semaphore(0), threading.Event()

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        begun.release()
        assert goes_on.wait(10)
        return echo(environ, start_response)

    with served(slow) as (port, _), ExitStack() as opened:
        clients = []
        for is_taken in (True, True, False):
            clients.append(opened.enter_context(connected(port)))
            clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert begun.acquire(timeout=10 if is_taken else 0.1) is is_taken
        goes_on.set()

        assert [rest(client)[-9:] for client in clients] == [b"GET / a 0"] * 3


def test_urgent_data_ends_a_connection() -> None:
    with served() as (port, _), connected(port) as client:
        client.send(b"x", socket.MSG_OOB)
        with suppress(ConnectionResetError):
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


def test_a_press_is_answered_while_all_else_waits_for_workers() -> None:
    begun, goes_on = threading.Semaphore(0), threading.Event()

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/":
            begun.release()
            assert goes_on.wait(10)
        return echo(environ, start_response)

    with served(slow) as (port, _), ExitStack() as opened:
        others = [opened.enter_context(connected(port)) for _ in range(serving.OTHER_THREADS + 1)]
        for number, other in enumerate(others):
            other.sendall(b"GET /people HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert begun.acquire(timeout=10 if number < serving.OTHER_THREADS else 0.1) is (
                number < serving.OTHER_THREADS
            )
        door = opened.enter_context(connected(port))
        door.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        assert rest(door).endswith(b"POST / a 0")
        goes_on.set()
        assert [rest(other)[-15:] for other in others] == [b"GET /people a 0"] * len(others)
