"""HTTP that ends: each request has a deadline and a limit of bytes that hold for the socket itself.

The timeouts of requests and urllib3 begin anew with each byte that comes, so whoever drips is waited for
without end, in the headers as in the body. Here every read of the socket may take no longer than is left.

requests' adapter is used without its session: then there are no redirects, cookies, proxies, .netrc or
environment to be switched off one by one. The session reads a redirect's whole body even where it is told not
to follow it.
"""

import contextlib
import io
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http.client import HTTPResponse, IncompleteRead
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pi_client.config import ServerSettings
from pi_client.errors import DoorConfigError
from pi_client.failures import AnswerTooLong, NoReply, OutOfTime, fault_of

MOST_ANSWER_BYTES = 65_536
MOST_SOCKET_BYTES = 2 * MOST_ANSWER_BYTES  # with status line, headers and the lengths of chunks
PIECE_BYTES = 8192


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        status: HTTP's.
        content_type: without its parameters, in lower case.
        key: the header Idempotency-Key; ``""`` where there is none.
        body: at most ``MOST_ANSWER_BYTES``.
        ms: from the first byte sent to the last byte read.
        evidence: the header Porteiro-Evidence; ``""`` where there is none.
        retry_after: the header Retry-After; ``""`` where there is none.
    """

    status: int
    content_type: str
    key: str
    body: bytes
    ms: float
    evidence: str = ""
    retry_after: str = ""


@dataclass
class _Exchange:
    """One request and its reply: what they may take, and what they have taken so far."""

    monotonic: Callable[[], float]
    deadline_s: float
    read_timeout_s: float
    received: int = 0
    began_s: float | None = None

    def left_s(self) -> float:
        left_s = self.deadline_s - self.monotonic()
        if left_s <= 0:
            raise OutOfTime("the deadline has passed")
        return left_s

    def count(self, received: int) -> None:
        self.received += received
        if self.received > MOST_SOCKET_BYTES:
            raise AnswerTooLong(f"more than {MOST_SOCKET_BYTES} bytes came")

    def ms(self) -> float:
        return 0.0 if self.began_s is None else (self.monotonic() - self.began_s) * 1000


# Connections are made and pooled by urllib3, and serve one request after the other: this is the thread's own.
_exchange: ContextVar[_Exchange] = ContextVar("exchange")


class _Input(io.RawIOBase):
    """The bytes that a socket receives, in what is left of the time and of the limit."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, exchange: _Exchange):
        super().__init__()
        self._raw, self._sock, self._exchange = raw, sock, exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(min(self._exchange.read_timeout_s, self._exchange.left_s()))
        try:
            received = self._raw.readinto(buffer)
        except TimeoutError as error:
            raise OutOfTime("no answer came, or only a part of one") from error
        self._exchange.count(received or 0)
        return received

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any):
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Input(self.fp.detach(), sock, _exchange.get()))


class _Connection(HTTPConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        """Send all of it in the time that is left; urllib3 would send by the timeout for connecting."""
        exchange = _exchange.get()
        if self.sock is None:
            self.connect()
        self.sock.settimeout(exchange.left_s())
        if exchange.began_s is None:
            exchange.began_s = exchange.monotonic()
        try:
            super().send(data)
        except TimeoutError as error:
            raise OutOfTime("the photo could not be sent in time") from error


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class Transport:
    """Sends requests over connections that are kept; safe to use from several threads."""

    def __init__(self, settings: ServerSettings, monotonic: Callable[[], float]):
        """Nothing is connected yet.

        Raises:
            DoorConfigError: ``server.ca_file`` cannot be used.
        """
        if settings.ca_file:
            _refuse_unusable(settings.ca_file)
        self._settings, self._monotonic = settings, monotonic
        self._verify: str | bool = settings.ca_file or True
        self._adapter = _Adapter()

    def send(self, request: requests.PreparedRequest, deadline_s: float) -> Reply:
        """Send it once and read what comes back.

        Args:
            request: headers are sent as they are.
            deadline_s: by the monotonic clock; looking up the host's name is all that may take longer.

        Raises:
            NoReply: none came, or none that can be read, or not in time.
        """
        exchange = _Exchange(self._monotonic, deadline_s, self._settings.read_timeout_s)
        before = _exchange.set(exchange)
        try:
            return self._sent(request, exchange)
        except Exception as error:
            fault, detail = fault_of(error, received=exchange.received)
            raise NoReply(fault, detail, exchange.ms()) from error
        finally:
            _exchange.reset(before)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._adapter.close()

    def _sent(self, request: requests.PreparedRequest, exchange: _Exchange) -> Reply:
        left_s = exchange.left_s()
        timeouts = (min(self._settings.connect_timeout_s, left_s), left_s)
        response = self._adapter.send(request, stream=True, timeout=timeouts, verify=self._verify, proxies={})
        with contextlib.closing(response):
            body = _body(response)
        headers = response.headers
        return Reply(
            status=response.status_code,
            content_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            key=headers.get("Idempotency-Key", ""),
            body=body,
            ms=exchange.ms(),
            evidence=headers.get("Porteiro-Evidence", ""),
            retry_after=headers.get("Retry-After", ""),
        )


def _body(response: requests.Response) -> bytes:
    # As it came: unpacked, it could grow by a factor of a thousand.
    body = bytearray()
    while piece := response.raw.read(PIECE_BYTES, decode_content=False):
        body += piece
        if len(body) > MOST_ANSWER_BYTES:
            raise AnswerTooLong(f"a body of more than {MOST_ANSWER_BYTES} bytes came")
    if response.raw.length_remaining:  # urllib3 1.26 takes an answer that broke off for a whole one
        raise IncompleteRead(bytes(body), response.raw.length_remaining)
    return bytes(body)


def _refuse_unusable(ca_file: str) -> None:
    try:
        ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # of which TLS's own errors are some
        raise DoorConfigError(
            f"server.ca_file: {ca_file} has no certificates that can be read: {error}. It takes PEM."
        ) from error
