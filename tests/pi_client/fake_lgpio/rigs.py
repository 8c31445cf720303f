"""Pins on a bench, to be pressed and looked at from outside: one rig for each kind of pins there is."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Protocol

import pytest

from pi_client.config import GpioSettings, RelaySettings
from pi_client.fakes.pins import FakePins
from pi_client.gpio import open_pins
from pi_client.lamps import Lamp, Lit
from pi_client.ports import Pins
from tests.pi_client.classic_gpio import ClassicGpio
from tests.pi_client.fake_lgpio.chip import HIGH, LOW, Chip
from tests.pi_client.fake_lgpio.module import FakeLgpio

GPIO = GpioSettings(18, 23, 24, 25, 12, poll_ms=5, debounce_ms=20, stuck_s=10)
LAMPS = {Lamp.YELLOW: 23, Lamp.GREEN: 24, Lamp.RED: 25, Lamp.BUZZER: 12}
RELAY = RelaySettings(16, 2, active_high=True, pulse_s=2, max_pulse_s=3)
RELAY_ACTIVE_LOW = RelaySettings(16, 2, active_high=False, pulse_s=2, max_pulse_s=3)
PI_4 = "c03115"
NAMES = ("RPi", "RPi.GPIO", "RPi._GPIO", "lgpio")

Libraries = Callable[[Chip], AbstractContextManager[None]]


@contextmanager
def modules(given: dict[str, ModuleType]) -> Iterator[None]:
    """RPi.GPIO as if never imported, since it keeps its state in the module; only these are there at once."""
    before = {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}
    sys.modules.update(given)
    try:
        yield
    finally:
        for name in NAMES:
            sys.modules.pop(name, None)
        sys.modules.update(before)


@contextmanager
def rpi_lgpio(chip: Chip, *, may_open: bool = True) -> Iterator[None]:
    """The RPi.GPIO that ships for newer machines, as it is, over a chip that is none."""
    if importlib.util.find_spec("RPi") is None:
        pytest.skip("rpi-lgpio is not installed: pip install rpi-lgpio")
    with pytest.MonkeyPatch.context() as patch, modules({"lgpio": FakeLgpio(chip, may_open=may_open)}):
        patch.setenv("RPI_LGPIO_REVISION", PI_4)
        patch.setenv("RPI_LGPIO_CHIP", "0")
        yield


@contextmanager
def classic(chip: Chip, setup_error: str = "") -> Iterator[None]:
    """The RPi.GPIO of old."""
    library = ClassicGpio(chip, setup_error)
    package = ModuleType("RPi")
    vars(package)["GPIO"] = library
    with modules({"RPi": package, "RPi.GPIO": library}):
        yield


LIBRARIES: dict[str, Libraries] = {"rpi-lgpio": rpi_lgpio, "classic": classic}


class FailsToImport:
    """A finder for ``sys.meta_path`` with which the import of RPi fails."""

    def __init__(self, error: Exception):
        self._error = error

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        if name.partition(".")[0] == "RPi":
            raise self._error
        return None


class Rig(Protocol):
    """Pins, and what their wires show."""

    @property
    def pins(self) -> Pins: ...

    def press(self) -> None: ...

    def release(self) -> None: ...

    def lit(self) -> Lit: ...

    def relay_is_closed(self) -> bool: ...


@dataclass
class FakeRig:
    """The pins that ship for the simulator."""

    fake: FakePins

    @property
    def pins(self) -> Pins:
        return self.fake

    def press(self) -> None:
        self.fake.press()

    def release(self) -> None:
        self.fake.release()

    def lit(self) -> Lit:
        return self.fake.lit

    def relay_is_closed(self) -> bool:
        return self.fake.relay_closed


@dataclass
class ChipRig:
    """Pins at a chip, whose voltages are measured."""

    pins: Pins
    chip: Chip
    relay: RelaySettings

    def press(self) -> None:
        self.chip.lines[GPIO.button].grounded = True

    def release(self) -> None:
        self.chip.lines[GPIO.button].grounded = False

    def lit(self) -> Lit:
        return frozenset(lamp for lamp, pin in LAMPS.items() if self.chip.level(pin) == HIGH)

    def relay_is_closed(self) -> bool:
        return (self.chip.level(self.relay.pin) == HIGH) == self.relay.active_high


def wired(relay: RelaySettings = RELAY) -> Chip:
    """A chip with a relay board, whose own resistor keeps it open while nothing drives it."""
    chip = Chip()
    chip.lines[relay.pin].outside = LOW if relay.active_high else HIGH
    return chip


@contextmanager
def chip_rig(libraries: Libraries, relay: RelaySettings = RELAY) -> Iterator[ChipRig]:
    """Opened pins at a chip."""
    chip = wired(relay)
    with libraries(chip):
        yield ChipRig(open_pins(GPIO, relay), chip, relay)


@contextmanager
def fake_rig() -> Iterator[FakeRig]:
    """The simulator's pins."""
    yield FakeRig(FakePins())


RIGS: dict[str, Callable[[], AbstractContextManager[Rig]]] = {
    "fake": fake_rig,
    "rpi-lgpio": lambda: chip_rig(rpi_lgpio),
    "rpi-lgpio, relay active low": lambda: chip_rig(rpi_lgpio, RELAY_ACTIVE_LOW),
    "classic": lambda: chip_rig(classic),
    "classic, relay active low": lambda: chip_rig(classic, RELAY_ACTIVE_LOW),
}
