"""Whether a server is alive, again and again, and how long it was silent at most."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

from bench.load import Address

LOOK_S = 0.2  # between two questions to /health/live
ANSWER_S = 1.0  # for which each is waited for
LONGEST_SILENCE_S = 2.0


class Pulse:
    """Asks again and again whether the server is alive, on a thread of its own."""

    def __init__(self, address: Address):
        self._address = address
        self._heard, self._stop = time.monotonic(), threading.Event()
        self._is_excused = False
        self.longest_s = 0.0

    @contextmanager
    def excused(self) -> Iterator[None]:
        """Silence does not count inside: the master is down."""
        self._is_excused = True
        try:
            yield
        finally:
            self._heard, self._is_excused = time.monotonic(), False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Ask while inside."""
        self._heard = time.monotonic()
        thread = threading.Thread(target=self._run, name="pulse")
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_S):
            is_alive = self._asks()
            now = time.monotonic()
            if not self._is_excused:
                self.longest_s = max(self.longest_s, now - self._heard)
            if is_alive:
                self._heard = now

    def _asks(self) -> bool:
        request = b"GET /porteiro/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with suppress(OSError), closing(socket.create_connection(self._address, ANSWER_S)) as connection:
            connection.sendall(request)
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
        return False
