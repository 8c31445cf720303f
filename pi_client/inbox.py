"""What the workers tell the loop, in the order in which it happened."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from pi_client.press import PressAnswer

MOST_AT_ONCE = 32  # in one turn of the loop, which must not be kept


@dataclass(frozen=True)
class CameraOpened:
    """Photos can be taken."""


@dataclass(frozen=True)
class CameraLost:
    """They cannot."""

    detail: str


@dataclass(frozen=True)
class Photo:
    """What the camera saw for a press: one JPEG, or several of a burst."""

    press: str
    jpegs: tuple[bytes, ...]


@dataclass(frozen=True)
class NoPhoto:
    """Why there is none."""

    press: str
    detail: str


@dataclass(frozen=True)
class ServerSeen:
    """Whether the server answered its last health check."""

    reachable: bool


Message = CameraOpened | CameraLost | Photo | NoPhoto | ServerSeen | PressAnswer


class MessageQueue:
    """Messages of all workers to one loop."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._news = threading.Event()

    def put(self, message: Message) -> None:
        """Leave a message; from any thread."""
        self._messages.put(message)
        self._news.set()

    def wait(self, most_s: float) -> None:
        """Wait for a message, but no longer than this; then ``take`` gives it."""
        self._news.wait(most_s)
        self._news.clear()  # before they are taken: what comes meanwhile wakes again

    def take(self) -> Iterator[Message]:
        """The messages that wait, without waiting for more."""
        for _ in range(MOST_AT_ONCE):
            try:
                yield self._messages.get_nowait()
            except queue.Empty:
                return
