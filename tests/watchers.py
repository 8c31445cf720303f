"""Those who watch the live feed, for tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 20.0

# Sent by the library one after the other, the last would find the connection closed already.
PIECES = (Frame(Opcode.TEXT, b"x" * 1000, fin=False), *[Frame(Opcode.CONT, b"x" * 1000, fin=False)] * 4)


class Watcher:
    """A browser's connection to the live feed."""

    def __init__(self, connection: ClientConnection):
        self.connection = connection

    def frame(self, key: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The next frame that has a key; others before it are skipped."""
        while True:
            frame: dict[str, Any] = json.loads(self.connection.recv(timeout_s))
            if key in frame:
                return frame

    def events(self, number: int) -> list[dict[str, Any]]:
        """So many events from now on."""
        found: list[dict[str, Any]] = []
        while len(found) < number:
            found += self.frame("events")["events"]
        return found

    def say(self, text: str) -> None:
        """Send a message to everybody."""
        self.connection.send(json.dumps({"say": text}))


@contextmanager
def watching(address: str, after: int | None = None, **headers: str) -> Iterator[Watcher]:
    """Watch the live feed at an address, from now on or after an event."""
    query = "" if after is None else f"?after={after}"
    with connect(address + query, additional_headers=headers) as connection:
        yield Watcher(connection)


def raw(connection: ClientConnection, *frames: Frame) -> None:
    """Send frames that the library itself would not send."""
    data = b"".join(frame.serialize(mask=True, extensions=[]) for frame in frames)
    connection.socket.sendall(data)
