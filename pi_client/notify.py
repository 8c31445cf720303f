"""What systemd is told: ready, alive, stopping; see sd_notify(3)."""

import contextlib
import socket
from collections.abc import Mapping

VARIABLE = "NOTIFY_SOCKET"
MOST_STATUS = 200  # characters: it is one line of `systemctl status`
SENDING_S = 0.1  # the loop that pings has lamps to light


class Notifier:
    """Tells systemd how the service is; where nobody listens, it does nothing."""

    def __init__(self, environ: Mapping[str, str]):
        self._address = _address(environ.get(VARIABLE, ""))

    def ready(self) -> None:
        """The service has started."""
        self._tell("READY=1")

    def ping(self) -> None:
        """The service is alive: the watchdog counts from here."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """What the service does, as one line for people."""
        self._tell("STATUS=" + " ".join(text.split())[:MOST_STATUS])

    def stopping(self) -> None:
        """The service ends."""
        self._tell("STOPPING=1")

    def _tell(self, line: str) -> None:
        if not self._address:
            return
        # A door goes on without systemd; what systemd does not hear, its watchdog answers.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            speaker.settimeout(SENDING_S)
            speaker.sendto(line.encode("utf-8", "replace"), self._address)


def _address(name: str) -> str:
    if name.startswith("@"):  # an abstract name, which Linux writes with a zero in front
        return "\0" + name[1:]
    return name if name.startswith("/") else ""
