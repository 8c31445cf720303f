"""How the processes that change something wake the live feed: a datagram that says nothing."""

import socket
from contextlib import suppress
from pathlib import Path

WAKE = b"!"


class Waker:
    """Wakes the live feed, if it is there; the feed looks by itself once a second too, so nothing is lost."""

    def __init__(self, address: Path):
        self._address = str(address)

    def __call__(self) -> None:
        """Wake it; whoever calls never waits, and nothing goes wrong where it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as messenger, suppress(OSError):
            messenger.settimeout(0)
            messenger.sendto(WAKE, self._address)
