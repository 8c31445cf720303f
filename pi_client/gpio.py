"""The pins of a Raspberry Pi, by RPi.GPIO: the one module that imports it, and only once pins are opened.

Two libraries answer to that name: the classic one, and rpi-lgpio, which stands in for it where the classic
one has stopped to work (from the Raspberry Pi 5 on). Only what behaves alike in both is used: the button is
polled, never waited for.
"""

import importlib
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Protocol, cast

from pi_client.config import GpioSettings, RelaySettings
from pi_client.errors import HardwareError
from pi_client.lamps import NOTHING, Lamp, Lit
from pi_client.ports import Pins

MAY_NOT = (
    "This user may not use the pins, or the machine has none; allow it with: sudo usermod -aG gpio $USER, "
    "then log in anew (of a systemd unit: SupplementaryGroups=gpio)."
)

# (part of what the library says, what mends it): the first that fits.
HINTS = (
    (
        "No module named 'RPi",
        "Install it with: sudo apt install python3-rpi-lgpio, and make a virtual environment with "
        "--system-site-packages. On a machine without pins, such as a laptop, add --sim.",
    ),
    (
        "No module named 'lgpio'",
        "Install what is missing with: sudo apt install --reinstall python3-lgpio python3-rpi-lgpio. On a "
        "machine without pins, add --sim.",
    ),
    ("can only be run on a Raspberry Pi", "On any other machine, add --sim."),
    (
        "Cannot determine SOC peripheral base address",
        "python3-rpi.gpio does not know this Raspberry Pi; replace it with: sudo apt remove python3-rpi.gpio "
        "&& sudo apt install python3-rpi-lgpio (if pip installed it: pip uninstall RPi.GPIO).",
    ),
    (
        "old-style revision",
        "rpi-lgpio does not know the first Raspberry Pis; replace it with: sudo apt install "
        "python3-rpi.gpio.",
    ),
    (
        "GPIO busy",
        "Another program or service has this pin: see which with: gpioinfo, and stop it with: sudo systemctl "
        "stop NAME, or choose another pin.",
    ),
    (
        ".lgd-nfy",
        "lgpio needs a working directory in which it may write; begin with: cd /tmp (in a systemd unit: "
        "RuntimeDirectory= and WorkingDirectory=).",
    ),
    ("can not open gpiochip", MAY_NOT),
    ("No access to /dev/mem", MAY_NOT),
    ("Permission denied", MAY_NOT),
)
OTHERWISE = (
    "See what uses the pins with: gpioinfo, and install the library anew with: sudo apt install --reinstall "
    "python3-rpi-lgpio."
)


class Library(Protocol):
    """What is used of RPi.GPIO."""

    BCM: int
    IN: int
    OUT: int
    LOW: int
    HIGH: int
    PUD_UP: int

    def setmode(self, mode: int, /) -> None:
        """Choose how pins are numbered."""

    def setwarnings(self, on: bool, /) -> None:  # noqa: FBT001
        """Whether to warn of pins that were in use."""

    def setup(self, pin: int, direction: int, /, *, pull_up_down: int = ..., initial: int = ...) -> None:
        """Take a pin."""

    def input(self, pin: int, /) -> int:
        """Read a pin's level."""

    def output(self, pin: int, level: int, /) -> None:
        """Set a pin's level."""

    def cleanup(self, pin: int, /) -> None:
        """Give a pin back: it becomes an input."""


def open_pins(gpio: GpioSettings, relay: RelaySettings) -> Pins:
    """Take the pins, with everything off.

    Raises:
        HardwareError: they cannot be used; what had been taken is given back.
    """
    with _explained("RPi.GPIO"):
        library = cast(Library, importlib.import_module("RPi.GPIO"))
    pins = GpioPins(library, gpio, relay)
    try:
        pins.set_up()
    except BaseException:
        with suppress(Exception):  # the first error tells more
            pins.close()
        raise
    return pins


class GpioPins:
    """Button, lamps, buzzer and relay at a Raspberry Pi's pins, by their BCM numbers; 0 is none.

    What the library raises while the pins are in use goes through as it is: no setting mends it, starting
    anew may, and that begins with everything off.
    """

    def __init__(self, library: Library, gpio: GpioSettings, relay: RelaySettings):
        self._library = library
        self._button, self._relay = gpio.button, relay.pin
        numbers = {lamp: int(getattr(gpio, lamp.value)) for lamp in Lamp}
        self._lamps = {lamp: pin for lamp, pin in numbers.items() if pin}
        levels = (library.LOW, library.HIGH) if relay.active_high else (library.HIGH, library.LOW)
        self._open_level, self._closed_level = levels
        self._lit: Lit = NOTHING
        self._taken: list[int] = []
        self._is_closed = False
        self._lock = threading.RLock()  # of any thread, and of a signal's handler amid it

    def set_up(self) -> None:
        """Take the pins, the relay's first: after a crash it may still be closed.

        Raises:
            HardwareError: one cannot be used; ``close`` gives back those that could.
        """
        library = self._library
        with _explained("The pins"):
            library.setwarnings(False)  # noqa: FBT003 - they are of pins that a crash has left as they were
            library.setmode(library.BCM)
        for pin, setting in self._outputs():
            with _explained(f"GPIO {pin} ({setting})"):
                library.setup(pin, library.OUT, initial=self._off(pin))
                self._taken.append(pin)
        with _explained(f"GPIO {self._button} (gpio.button)"):
            library.setup(self._button, library.IN, pull_up_down=library.PUD_UP)
            self._taken.append(self._button)

    def button_is_down(self) -> bool:
        """Whether the button is pressed, which connects its pin to ground."""
        with self._lock:
            return not self._is_closed and self._library.input(self._button) == self._library.LOW

    def light(self, lit: Lit) -> None:
        """Switch what changes, off before on, so that green and red are never lit together.

        The loop calls this 200 times a second, mostly with the same.
        """
        with self._lock:
            if self._is_closed:
                return
            changed = [lamp for lamp in self._lamps if (lamp in lit) != (lamp in self._lit)]
            for lamp in sorted(changed, key=lambda lamp: lamp in lit):
                self._library.output(
                    self._lamps[lamp], self._library.HIGH if lamp in lit else self._library.LOW
                )
                self._lit ^= {lamp}

    def set_relay(self, *, closed: bool) -> None:
        """Switch the relay, written each time; once the pins are closed it can only be opened."""
        with self._lock:
            if self._relay in self._taken and not (closed and self._is_closed):
                self._library.output(self._relay, self._closed_level if closed else self._open_level)

    def close(self) -> None:
        """Open the relay, then the lamps off, then give back what was taken; all of it, whatever fails.

        What has failed is tried again by the next call; without that the next call does nothing.
        """
        with self._lock, ExitStack() as last_first:
            self._is_closed = True
            for pin in reversed(self._taken):
                last_first.callback(self._give_back, pin)
            for pin in reversed([pin for pin in self._taken if pin != self._button]):
                last_first.callback(self._library.output, pin, self._off(pin))

    def _outputs(self) -> list[tuple[int, str]]:
        relay = [(self._relay, "relay.pin")] if self._relay else []
        return relay + [(pin, f"gpio.{lamp.value}") for lamp, pin in self._lamps.items()]

    def _off(self, pin: int) -> int:
        return self._open_level if pin == self._relay else self._library.LOW

    def _give_back(self, pin: int) -> None:
        self._library.cleanup(pin)
        self._taken.remove(pin)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # lgpio's own is neither a RuntimeError nor an OSError
        text = str(error)
        hint = next((hint for fragment, hint in HINTS if fragment in text), OTHERWISE)
        raise HardwareError(f"{what}: {text.rstrip('.!')}. {hint}") from error
