"""A stand-in for the C library under rpi-lgpio, so that the RPi.GPIO which ships runs on any machine.

As lgpio 0.2.2: the same functions, results, error texts and rules of who may claim a line.
"""

from types import ModuleType
from typing import Never

from tests.pi_client.fake_lgpio.chip import HIGH, LINES, LOW, Chip

HANDLE = 7
KERNEL_OUTPUT, OURS_INPUT, OURS_OUTPUT = 0x2, 0x100, 0x200
PULLS = {0x20: HIGH, 0x40: LOW, 0x80: None, 0: None}


class LgpioError(Exception):
    """As lgpio has it: no RuntimeError, and in quotes when printed."""

    def __init__(self, value: str):
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        return repr(self.value)


class FakeLgpio(ModuleType):
    """To be put at ``sys.modules["lgpio"]``."""

    error = LgpioError
    SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 0x20, 0x40, 0x80
    RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3
    GPIO_BUSY = -79

    def __init__(self, chip: Chip, *, may_open: bool = True):
        super().__init__("lgpio")
        self._chip, self._may_open, self._handle = chip, may_open, -1

    def error_text(self, errnum: int) -> str:
        return "GPIO busy" if errnum == self.GPIO_BUSY else "unknown error"

    def gpiochip_open(self, gpiochip: int) -> int:
        if not self._may_open:
            raise LgpioError("can not open gpiochip")
        self._handle = HANDLE
        return HANDLE

    def gpiochip_close(self, handle: int) -> int:
        self._check(handle)
        for number in self._chip.ours:
            self._chip.free(number)
        self._handle = -1
        return 0

    def gpio_get_chip_info(self, handle: int) -> list[int | str]:
        self._check(handle)
        return [0, LINES, "gpiochip0", "pinctrl-bcm2711"]

    def gpio_get_mode(self, handle: int, gpio: int) -> int:
        self._check(handle)
        line = self._chip.lines[gpio]
        kernel = 0 if line.driven is None else KERNEL_OUTPUT
        ours = OURS_INPUT if line.driven is None else OURS_OUTPUT
        return kernel | (ours if line.is_ours else 0)

    def gpio_claim_input(self, handle: int, gpio: int, l_flags: int = 0) -> int:
        self._claim(handle, gpio)
        self._chip.listen(gpio, PULLS[l_flags])
        return 0

    def gpio_claim_output(self, handle: int, gpio: int, level: int = 0, l_flags: int = 0) -> int:
        self._claim(handle, gpio)
        self._chip.drive(gpio, int(level))
        return 0

    def gpio_free(self, handle: int, gpio: int) -> int:
        self._check_ours(handle, gpio)
        self._chip.free(gpio)
        return 0

    def gpio_read(self, handle: int, gpio: int) -> int:
        self._check_ours(handle, gpio)
        return self._chip.read(gpio)

    def gpio_write(self, handle: int, gpio: int, level: int) -> int:
        self._check_ours(handle, gpio)
        if self._chip.lines[gpio].is_broken:
            raise LgpioError("bad GPIO write")
        self._chip.drive(gpio, int(level))
        return 0

    def gpio_claim_alert(
        self, handle: int, gpio: int, e_flags: int, l_flags: int = 0, notify_handle: int | None = None
    ) -> Never:
        self._chip.edges_asked += 1
        raise AssertionError("edge detection was asked for")

    def _check(self, handle: int) -> None:
        if handle != self._handle:
            raise LgpioError("unknown handle")

    def _check_ours(self, handle: int, gpio: int) -> None:
        self._check(handle)
        if not self._chip.lines[gpio].is_ours:
            raise LgpioError("GPIO not allocated")

    def _claim(self, handle: int, gpio: int) -> None:
        self._check(handle)
        if self._chip.lines[gpio].is_anothers:
            raise LgpioError("GPIO busy")
        self._chip.lines[gpio].is_ours = True
