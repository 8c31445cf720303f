"""A hand at the simulated device, for those who have no button to hold: keys, and a page that went away."""

import threading
from collections.abc import Callable

from pi_client.simulator.scene import SimulatedDevice
from pi_client.simulator.stage import Stage

HOLD_S = 0.12  # as a finger does

Later = Callable[[float, Callable[[], None]], None]


def later(seconds: float, job: Callable[[], None]) -> None:
    """Do something after so many seconds, in a thread of its own."""
    timer = threading.Timer(seconds, job)
    timer.daemon = True
    timer.start()


class Hand:
    """Presses the button for a moment, changes the photo, switches the simulator off."""

    def __init__(self, device: SimulatedDevice, stage: Stage, stop: threading.Event, later: Later = later):
        self._device, self._stage, self._stop, self._later = device, stage, stop, later
        self._holds = threading.Event()

    def press(self) -> None:
        """Press for a moment; while it is held, pressing does nothing more."""
        if self._holds.is_set():
            return
        self._holds.set()
        self._device.press()
        self._later(HOLD_S, self._let_go)

    def next(self) -> None:
        """Put the next photo before the camera."""
        self._go(1)

    def previous(self) -> None:
        """Put the photo before it there."""
        self._go(-1)

    def quit(self) -> None:
        """Switch the simulator off."""
        self._stop.set()

    def _go(self, steps: int) -> None:
        names = self._stage.choices()
        if names:
            self._stage.choose(names[(names.index(self._stage.chosen) + steps) % len(names)])

    def _let_go(self) -> None:
        self._device.release()
        self._holds.clear()
