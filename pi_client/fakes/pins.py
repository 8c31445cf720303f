"""Pins without a Raspberry Pi: for the simulator's page, and for tests."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pi_client.lamps import NOTHING, Lit

MOST_MOMENTS = 1000  # a simulator may run for months


@dataclass(frozen=True)
class Moment:
    """From when on what was switched on.

    Attributes:
        at_s: by the clock that was given.
        lit: lamps and buzzer.
        relay_closed: the door's relay.
    """

    at_s: float
    lit: Lit
    relay_closed: bool


class FakePins:
    """A button to be pressed by calls, and lamps and a relay to be looked at; safe to use from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic):
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._moments: deque[Moment] = deque(maxlen=MOST_MOMENTS)
        self._down = self._relay_closed = self._closed = False
        self._lit: Lit = NOTHING

    @property
    def lit(self) -> Lit:
        """What is lit now."""
        with self._lock:
            return self._lit

    @property
    def relay_closed(self) -> bool:
        """Whether the relay is closed now: the door can be opened."""
        with self._lock:
            return self._relay_closed

    @property
    def closed(self) -> bool:
        """Whether the pins were given back."""
        with self._lock:
            return self._closed

    @property
    def history(self) -> tuple[Moment, ...]:
        """Every change, the latest last; of very many only the latest."""
        with self._lock:
            return tuple(self._moments)

    def press(self) -> None:
        """Push the button down, until ``release``."""
        with self._lock:
            self._down = True

    def release(self) -> None:
        """Let the button go."""
        with self._lock:
            self._down = False

    def button_is_down(self) -> bool:
        """Whether the button is pressed at this moment."""
        with self._lock:
            return self._down and not self._closed

    def light(self, lit: Lit) -> None:
        """Switch on what is named and off what is not."""
        with self._lock:
            if not self._closed:
                self._switch(lit, relay_closed=self._relay_closed)

    def set_relay(self, *, closed: bool) -> None:
        """Switch the relay; once the pins are closed it stays open."""
        with self._lock:
            self._switch(self._lit, relay_closed=closed and not self._closed)

    def close(self) -> None:
        """Everything off, for good."""
        with self._lock:
            self._closed = True
            self._switch(NOTHING, relay_closed=False)

    def _switch(self, lit: Lit, *, relay_closed: bool) -> None:
        if (lit, relay_closed) == (self._lit, self._relay_closed):
            return
        self._lit, self._relay_closed = lit, relay_closed
        self._moments.append(Moment(self._monotonic(), lit, relay_closed))
