"""HTTP servers on 127.0.0.1 that do with each request whatever a test wants, down to the single byte."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from types import TracebackType
from typing import Any, Self

from wsgi_app.access.evidence import VERSION, answer_signature, photo_digests, signing_key

STOP_S = 20.0
DRIP_S = 0.02
TLS = b"\x16"  # how a handshake begins


@dataclass(frozen=True)
class Request:
    """What a door sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        """The body's."""
        return json.loads(self.body)

    def parts(self) -> dict[str, tuple[str | None, str, bytes]]:
        """Of each part of a form its file name, its type and its bytes."""
        form = message_from_bytes(
            b"Content-Type: " + self.headers["content-type"].encode() + b"\n\n" + self.body
        )
        return {
            str(part.get_param("name", header="content-disposition")): (
                part.get_filename(),
                part.get_content_type(),
                bytes(part.get_payload(decode=True)),
            )
            for part in form.walk()
            if not part.is_multipart()
        }


@dataclass
class Talk:
    """One request, and the connection to answer it on."""

    request: Request
    connection: socket.socket
    stopping: threading.Event

    def send(self, data: bytes) -> None:
        """Send it as it is."""
        self.connection.sendall(data)

    def drip(self, data: bytes, pause_s: float = DRIP_S) -> None:
        """Send a byte at a time, until the server is stopped."""
        for byte in data:
            if self.stopping.wait(pause_s):
                return
            self.connection.sendall(bytes((byte,)))

    def hang_up(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Drop the connection as a machine does that knows nothing of it any more."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ConnectionResetError

    def hang(self) -> None:
        """Neither answer nor close, until the server is stopped."""
        self.stopping.wait()


Behaviour = Callable[[Talk], None]


@dataclass
class HostileServer:
    """Behaves by a list, a line for each request, and by its last line for all that follow."""

    behaviours: tuple[Behaviour, ...]
    context: ssl.SSLContext | None = None
    port: int = 0
    to_tls: bytes = b"HTTP/1.1 400 Bad Request\r\n\r\n"  # what one that speaks no TLS says to a handshake
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stopping, self._lock, self._open = threading.Event(), threading.Lock(), set[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        # A listener that is only closed would leave its thread waiting.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(STOP_S)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(STOP_S)
        assert not any(thread.is_alive() for thread in self._threads)

    @property
    def url(self) -> str:
        """Where it is; with a prefix, as a server behind nginx has."""
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}/porteiro"

    @property
    def connections(self) -> int:
        """How many connections have carried requests."""
        return len({request.connection for request in self.requests})

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection, len(self._threads)))
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        with self._kept(plain), contextlib.suppress(OSError):
            if self.context is None:
                self._talk(plain, number)
                return
            secure = self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            with self._kept(secure):
                secure.do_handshake()
                self._talk(secure, number)

    @contextlib.contextmanager
    def _kept(self, connection: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(connection)
            if self._stopping.is_set():
                connection.close()
        try:
            with connection:
                yield
        finally:
            with self._lock:
                self._open.discard(connection)

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            while not self._stopping.is_set() and (first := stream.peek(1)[:1]):
                if first == TLS:
                    connection.sendall(self.to_tls)
                    return
                method, path, _ = stream.readline().decode().split()
                headers = dict(_headers(iter(stream.readline, b"\r\n")))
                body = stream.read(int(headers.get("content-length", "0")))
                request = Request(method, path, headers, body, number)
                with self._lock:
                    self.requests.append(request)
                    behave = self.behaviours[min(len(self.requests), len(self.behaviours)) - 1]
                behave(Talk(request, connection, self._stopping))


def _headers(lines: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, text = line.decode("latin-1").partition(":")
        yield name.lower(), text.strip()


def response(status: int, body: bytes, *headers: str, content_type: str = "application/json") -> bytes:
    """A whole response, with its length."""
    lines = (
        f"HTTP/1.1 {status} Whatever",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def always(status: int, body: bytes = b"", *headers: str, kind: str = "application/json") -> Behaviour:
    """Answer every request like this."""
    return lambda talk: talk.send(response(status, body, *headers, content_type=kind))


def garbage(talk: Talk) -> None:
    """Speak something that is no HTTP."""
    talk.send(b"220 mail.example ESMTP\r\n" * 10)


def drip_continues(talk: Talk) -> None:
    """Promise an answer over and over, slowly."""
    talk.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def heard(status: int, evidence: str = str(VERSION)) -> Behaviour:
    """Answer every heartbeat like this."""
    return always(status, b"", *([f"Porteiro-Evidence: {evidence}"] if evidence else []))


HEARD = heard(204)


def evidence_of(key: bytes, press: str, digests: str, at: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What proves a body of an answer, as the server makes it."""
    numbers = {name: body.get(name) for name in ("agreed", "retry_after_s", "photos")}
    person = body.get("person") or {"id": "", "name": ""}
    stated = {
        "press": press,
        "outcome": body["outcome"],
        "person": person["id"],
        "name": person["name"],
        "digests": digests,
        "at": at,
        **{name: str(number) if type(number) is int else "" for name, number in numbers.items()},
    }
    return {"version": VERSION, "press": press, "at": at, "signature": answer_signature(key, stated)}


@dataclass(frozen=True)
class Porteiro:
    """A server that answers as Porteiro does; changed in one thing, it is a hostile one.

    Attributes:
        outcome: what it says.
        at: its time of day.
        token: of the door, by which it signs; ``""`` for none.
        status: of HTTP; 0 for the one that goes with the outcome.
        press: whose answer this is; ``""`` for the press that is asked.
        headers: more of them.
        changed: put over the body, in place of what an honest server says.
    """

    outcome: str
    at: str
    token: str = ""
    status: int = 0
    press: str = ""
    headers: tuple[str, ...] = ()
    changed: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, talk: Talk) -> None:
        """Answer."""
        talk.send(self.response_to(talk.request))

    def response_to(self, request: Request) -> bytes:
        """All of the answer."""
        press = self.press or request.headers["idempotency-key"]
        body: dict[str, Any] = {"service": "porteiro", "status": "OK", "outcome": self.outcome}
        if self.outcome == "known":
            body["agreed"] = int(request.headers.get("porteiro-agreeing-faces", 1))
        if self.token:
            sent = photo_digests(data for _, kind, data in request.parts().values() if kind == "image/jpeg")
            key = signing_key(self.token)
            body["evidence"] = evidence_of(key, press, sent, self.at, body)
        status = self.status or (200 if self.outcome == "known" else 404)
        data = json.dumps({**body, **self.changed}).encode()
        return response(status, data, f"Idempotency-Key: {press}", *self.headers)
