"""A load generator that costs little, because it shares the processor with what it measures.

Requests are built once as bytes and sent over plain sockets that stay open where the server lets them.
"""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice

from bench.errors import Failure

CONNECTIONS = 4
TIMEOUT_S = 30.0
LEAD_S = 0.3
PIECE_BYTES = 64 * 1024
BOUNDARY = "porteiro-bench-7d0f1c"
OK = 200

Address = tuple[str, int]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes


class Connection:
    """One client, one request after the other; opens itself anew where the server closes."""

    def __init__(self, address: Address, source: str = ""):
        self._address, self._source = address, (source, 0) if source else None
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        """Send a request and wait for the whole answer.

        Raises:
            Failure, OSError: there was none.
        """
        if self._socket is None:
            self._socket = socket.create_connection(self._address, TIMEOUT_S, self._source)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        head, found, body = _receive_head(self._socket)
        if not found:
            raise Failure(f"The connection ended inside an answer: {head!r}")
        status, *lines = head.decode("latin-1").lower().split("\r\n")
        fields = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(fields["content-length"]):
            body += self._socket.recv(PIECE_BYTES) or _ended(body)
        if fields.get("connection") == "close":
            self.close()
        return Answer(int(status.split()[1]), body)

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _receive_head(stream: socket.socket) -> tuple[bytes, bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = stream.recv(PIECE_BYTES)
        if not piece:
            break
        data += piece
    return data.partition(b"\r\n\r\n")


def _ended(body: bytes) -> bytes:
    raise Failure(f"The connection ended inside a body: {body!r}")


def photo_request(path: str, field: str, photo: bytes) -> bytes:
    """A whole request that posts one photo as a form."""
    return form_request(path, {field: photo})


def form_request(path: str, photos: dict[str, bytes]) -> bytes:
    """A whole request that posts photos as a form, by their fields."""
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode()
        + photo
        + b"\r\n"
        for field, photo in photos.items()
    )
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}"
        f"\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def answers_per_second(address: Address, requests: list[bytes], seconds: float) -> float:
    """How many answers four clients get in a second, each asking again as soon as it is answered.

    Counting begins and ends in the middle of the load: what is under way at the two moments cancels out.

    Raises:
        Failure: an answer was not 200.
    """
    begin = time.perf_counter() + LEAD_S
    end = begin + seconds

    def client(number: int) -> int:
        counted = 0
        with closing(Connection(address)) as connection:
            for request in islice(cycle(requests), number, None):
                _refuse_failure(connection.ask(request))
                now = time.perf_counter()
                if now >= end:
                    break
                counted += now >= begin
        return counted

    with ThreadPoolExecutor(CONNECTIONS) as clients:
        return sum(clients.map(client, range(CONNECTIONS))) / seconds


def seconds_to_answer(connection: Connection, request: bytes) -> float:
    """How long one answer takes, from the first byte sent to the last received.

    Raises:
        Failure: it was not 200.
    """
    started = time.perf_counter()
    answer = connection.ask(request)
    took_s = time.perf_counter() - started
    _refuse_failure(answer)
    return took_s


def _refuse_failure(answer: Answer) -> None:
    if answer.status != OK:
        raise Failure(f"A server answered {answer.status}: {answer.body!r}")
