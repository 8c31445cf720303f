"""The relay that opens the door: a short pulse, ended by a thread of its own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from pi_client.ports import Pins

TRIES, TRY_AGAIN_S = 5, 0.05

log = logging.getLogger("porteiro.door")


@dataclass(frozen=True)
class Pulse:
    """For how long the relay is closed.

    Attributes:
        seconds: as is wanted.
        most_seconds: never longer than this.
    """

    seconds: float
    most_seconds: float


class Relay:
    """Pulses the relay; it opens again by itself, also when whoever asked hangs for ever.

    A process that is killed meanwhile cannot open it: the service does then, by ``porteiro-door off``.
    """

    def __init__(self, pins: Pins, pulse: Pulse, give_up: Callable[[], None]):
        """The relay stays as it is.

        Args:
            pins: it is one of them.
            pulse: how long.
            give_up: called where the relay cannot be opened any more; ends the process.
        """
        self._pins, self._pulse_s = pins, min(pulse.seconds, pulse.most_seconds)
        self._give_up = give_up
        self._wanted, self._idle, self._stopping = (
            threading.Semaphore(0),
            threading.Event(),
            threading.Event(),
        )
        self._idle.set()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._thread.start()

    def pulse(self) -> None:
        """Close the relay for the pulse's time; during a pulse this does nothing, so none grows longer."""
        if self._idle.is_set() and not self._stopping.is_set():
            self._idle.clear()
            self._wanted.release()

    def stop(self) -> None:
        """Open the relay now, for good."""
        self._stopping.set()
        self._wanted.release()
        self._thread.join(self._pulse_s)
        self._pins.set_relay(closed=False)

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait for the end of a pulse; whether it came."""
        return self._idle.wait(timeout_s)

    def _run(self) -> None:
        while self._wanted.acquire() and not self._stopping.is_set():
            try:
                self._pins.set_relay(closed=True)
                self._stopping.wait(self._pulse_s)
            except Exception:
                log.exception("the relay does not close")
            self._open()

    def _open(self) -> None:
        for _ in range(TRIES):
            try:
                self._pins.set_relay(closed=False)
            except Exception:
                log.exception("the relay does not open")
                self._stopping.wait(TRY_AGAIN_S)
            else:
                self._idle.set()
                return
        self._give_up()
