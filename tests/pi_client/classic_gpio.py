"""A stand-in for the classic RPi.GPIO 0.7.1, which is written in C and runs on a Raspberry Pi alone."""

import warnings
from types import ModuleType
from typing import Never

from tests.pi_client.fake_lgpio.chip import HIGH, LINES, LOW, Chip

PULLS = {20: None, 21: LOW, 22: HIGH}
NO_BASE = "Cannot determine SOC peripheral base address"


class ClassicGpio(ModuleType):
    """To be put at ``sys.modules["RPi.GPIO"]``.

    Attributes:
        setup_error: what the first ``setup`` says, as on a Raspberry Pi 5 or to a user without rights.
    """

    LOW, HIGH, OUT, IN = LOW, HIGH, 0, 1
    PUD_OFF, PUD_DOWN, PUD_UP = 20, 21, 22
    BOARD, BCM = 10, 11
    RISING, FALLING, BOTH = 31, 32, 33
    VERSION = "0.7.1"

    def __init__(self, chip: Chip, setup_error: str = ""):
        super().__init__("RPi.GPIO")
        self._chip, self.setup_error = chip, setup_error
        self._mode, self._warns = -1, True

    def setmode(self, mode: int, /) -> None:
        if self._mode not in (-1, mode):
            raise ValueError("A different mode has already been set!")
        self._mode = mode

    def setwarnings(self, gpio_warnings: bool, /) -> None:
        self._warns = gpio_warnings

    def setup(self, channel: int, direction: int, pull_up_down: int = 20, initial: int = -1) -> None:
        if self.setup_error:
            raise RuntimeError(self.setup_error)
        line = self._chip.lines[self._number(channel)]
        if direction == self.IN and initial != -1:
            raise ValueError("initial parameter is not valid for inputs")
        if direction == self.OUT and pull_up_down != self.PUD_OFF:
            raise ValueError("pull_up_down parameter is not valid for outputs")
        if self._warns and line.driven is not None and not line.is_ours:
            warnings.warn("This channel is already in use, continuing anyway.", RuntimeWarning, stacklevel=2)
        line.is_ours = True  # whoever else has it: the classic library does not ask
        if direction == self.OUT:
            self._chip.drive(channel, line.level if initial == -1 else initial)
        else:
            self._chip.listen(channel, PULLS[pull_up_down])

    def input(self, channel: int, /) -> int:
        if not self._chip.lines[self._number(channel)].is_ours:
            raise RuntimeError("You must setup() the GPIO channel first")
        return self._chip.read(channel)

    def output(self, channel: int, value: int, /) -> None:
        line = self._chip.lines[self._number(channel)]
        if not line.is_ours or line.driven is None:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        if line.is_broken:
            raise RuntimeError("No access to /dev/mem.  Try running as root!")
        self._chip.drive(channel, value)

    def cleanup(self, channel: int = -666) -> None:
        wanted = sorted(self._chip.ours) if channel == -666 else [self._number(channel)]
        found = [number for number in wanted if self._chip.lines[number].is_ours]
        for number in found:
            self._chip.listen(number, None)
            self._chip.free(number)
        if not found and self._warns:
            warnings.warn("No channels have been set up yet", RuntimeWarning, stacklevel=2)

    def add_event_detect(self, *_: object, **__: object) -> Never:
        self._chip.edges_asked += 1
        raise RuntimeError("Failed to add edge detection")  # as with Linux 6.6 and later

    def wait_for_edge(self, *_: object, **__: object) -> Never:
        self._chip.edges_asked += 1
        raise RuntimeError("Error waiting for edge")

    def _number(self, channel: int) -> int:
        if self._mode == -1:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BCM)")
        if not 0 <= channel < LINES:
            raise ValueError("The channel sent is invalid on a Raspberry Pi")
        return channel
