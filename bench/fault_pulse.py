"""Whether a server is alive, again and again, and how long it was silent at most."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.load import Address

LOOK_S = 0.2  # between two questions to /health/live, and for which an answer is waited for
MOST_ASKED = 30  # questions that wait at once
LONGEST_SILENCE_S = 2.0


@dataclass(frozen=True)
class Silence:
    """For how long nobody answered, and for how much of that the processor was others'.

    Attributes:
        all_s: all of it.
        starved_s: how long those who answer, and who asks, stood in the queue of the processor.
    """

    all_s: float = 0.0
    starved_s: float = 0.0

    @property
    def own_s(self) -> float:
        """What is the server's own."""
        return self.all_s - self.starved_s


class Pulse:
    """Asks again and again whether the server is alive, on a thread of its own.

    Args:
        address: nginx's.
        fronts: gives nginx's processes: a question needs one, and one of the workers.
        workers: gives the workers.
    """

    def __init__(self, address: Address, fronts: Callable[[], list[int]], workers: Callable[[], list[int]]):
        self._address, self._fronts, self._workers = address, fronts, workers
        self._heard, self._queued = time.monotonic(), dict[int, float]()
        self._stop, self._is_excused = threading.Event(), False
        self.longest = Silence()

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
        asked: list[socket.socket] = []
        while not self._stop.is_set():
            asked += self._asked()
            is_alive = self._is_answered(asked)
            now, queued = time.monotonic(), self._queued_now()
            if not self._is_excused:
                silence = Silence(now - self._heard, self._starved(queued))
                self.longest = max(self.longest, silence, key=lambda one: one.own_s)
            if is_alive or len(asked) > MOST_ASKED:
                _close(asked)
            if is_alive:
                self._heard, self._queued = now, queued
                self._stop.wait(LOOK_S)
        _close(asked)

    def _asked(self) -> list[socket.socket]:
        """One more question, beside those that wait: one of them may be at a worker that was stopped."""
        request = b"GET /porteiro/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        with suppress(OSError):
            connection = socket.create_connection(self._address, LOOK_S)
            connection.sendall(request)
            return [connection]
        return []

    def _is_answered(self, asked: list[socket.socket]) -> bool:
        """Whether one of them is within a moment; those that are refused are dropped."""
        ready, _, _ = select.select(asked, [], [], LOOK_S)
        is_alive = False
        for connection in ready:
            with suppress(OSError):
                is_alive |= connection.recv(64).startswith(b"HTTP/1.1 200 ")
            connection.close()
            asked.remove(connection)
        return is_alive

    def _queued_now(self) -> dict[int, float]:
        """For how many seconds each process stood in the queue of the processor so far; 0 is this thread."""
        processes = {process: f"/proc/{process}" for process in [*self._fronts(), *self._workers()]}
        queued = {}
        for process, folder in {0: "/proc/thread-self", **processes}.items():
            with suppress(OSError):
                queued[process] = int(Path(folder, "schedstat").read_text().split()[1]) / 1e9
        return queued

    def _starved(self, queued: dict[int, float]) -> float:
        """How long an answer stood in that queue since the last one, in the best case."""
        waited = {process: now - self._queued.get(process, now) for process, now in queued.items()}
        parties = ([0], self._fronts(), self._workers())
        return sum(min((waited[one] for one in party if one in waited), default=0.0) for party in parties)


def _close(connections: list[socket.socket]) -> None:
    for connection in connections:
        connection.close()
    connections.clear()
