"""An HTTP server on this computer that never has more to do than it can."""

import contextlib
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pi_client.simulator.guards import RequestRefused

HOST = "127.0.0.1"
MOST_CONNECTIONS = 32

log = logging.getLogger("porteiro.simulator")


class ReaderLimit:
    """So many may read at once; something is done when the last one leaves."""

    def __init__(self, most: int, when_empty: Callable[[], None]):
        self._most, self._when_empty = most, when_empty
        self._reading, self._lock = 0, threading.Lock()

    @contextlib.contextmanager
    def admit(self) -> Iterator[None]:
        """Let one more read while the context lasts.

        Raises:
            RequestRefused: as many read already.
        """
        with self._lock:
            if self._reading >= self._most:
                text = f"{self._most} pages are open already: close one."
                raise RequestRefused(HTTPStatus.SERVICE_UNAVAILABLE, text)
            self._reading += 1
        try:
            yield
        finally:
            with self._lock:
                self._reading -= 1
                if not self._reading:
                    self._when_empty()


class BoundedServer(ThreadingHTTPServer):
    """Serves few connections at a time, and keeps silent about those that fail."""

    def __init__(self, handler: Callable[..., BaseHTTPRequestHandler], port: int):
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((HOST, port), handler)

    def server_bind(self) -> None:
        """Not the parent's: that asks the DNS for this computer's name, which may take its time."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Of the parent; one connection too many is closed at once."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Of the parent."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Of the parent, which would write to stderr."""
        log.debug("a connection to the page failed", exc_info=True)
