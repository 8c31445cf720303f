"""A Raspberry Pi's pins: how they are taken, what goes wrong with them, and how they are given back."""

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import runpy
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import pi_client
import pi_client.gpio
from pi_client.button import Button, ButtonEvent
from pi_client.config import GpioSettings, RelaySettings
from pi_client.errors import EXIT_CONFIG, HardwareError
from pi_client.gpio import HINTS, open_pins
from pi_client.lamps import GREEN, NOTHING, RED, YELLOW, Lamp
from tests.pi_client.classic_gpio import NO_BASE
from tests.pi_client.fake_lgpio.chip import HIGH, LOW, Chip
from tests.pi_client.fake_lgpio.module import FakeLgpio, LgpioError
from tests.pi_client.fake_lgpio.rigs import (
    GPIO,
    LAMPS,
    LIBRARIES,
    RELAY,
    RELAY_ACTIVE_LOW,
    FailsToImport,
    Libraries,
    classic,
    modules,
    rpi_lgpio,
    wired,
)

EVERYTHING = frozenset(Lamp)
OUTPUTS = (RELAY.pin, *LAMPS.values())
NO_RELAY = dataclasses.replace(RELAY, pin=0)
EDGES = ("add_event_detect", "add_event_callback", "event_detected", "wait_for_edge")


@pytest.fixture(params=LIBRARIES)
def libraries(request: pytest.FixtureRequest) -> Libraries:
    return LIBRARIES[request.param]


@pytest.fixture
def chip(libraries: Libraries) -> Iterator[Chip]:
    """A wired chip, with one library or the other."""
    chip = wired()
    with libraries(chip):
        yield chip


def recorded(monkeypatch: pytest.MonkeyPatch, name: str) -> list[tuple[Any, ...]]:
    """The calls of one of RPi.GPIO's functions: its arguments in order, then those by name."""
    library = importlib.import_module("RPi.GPIO")
    real, calls = getattr(library, name), []

    def call(*args: Any, **named: Any) -> Any:
        calls.append((*args, named))
        return real(*args, **named)

    monkeypatch.setattr(library, name, call)
    return calls


@pytest.mark.parametrize(
    ("relay", "level_of_open"), [(RELAY, LOW), (RELAY_ACTIVE_LOW, HIGH)], ids=["high", "low"]
)
def test_point_3_every_output_is_taken_with_its_level_of_off(
    chip: Chip, monkeypatch: pytest.MonkeyPatch, relay: RelaySettings, level_of_open: int
) -> None:
    library = importlib.import_module("RPi.GPIO")
    calls = recorded(monkeypatch, "setup")

    open_pins(GPIO, relay)

    assert calls == [
        (16, library.OUT, {"initial": level_of_open}),
        *((pin, library.OUT, {"initial": LOW}) for pin in (23, 24, 25, 12)),
        (18, library.IN, {"pull_up_down": library.PUD_UP}),
    ]


def test_point_3_no_output_is_ever_on_while_the_pins_are_taken_even_where_wires_float_high(
    chip: Chip,
) -> None:
    for pin in OUTPUTS:
        chip.lines[pin].outside = HIGH

    open_pins(GPIO, RELAY)

    assert chip.writes == [(pin, LOW) for pin in OUTPUTS]


def test_what_a_crash_has_left_on_is_off_once_the_pins_are_taken(chip: Chip) -> None:
    for pin in OUTPUTS:
        chip.lines[pin].driven = HIGH

    open_pins(GPIO, RELAY)

    assert [chip.level(pin) for pin in OUTPUTS] == [LOW] * 5


def test_point_3_edges_are_never_asked_for(chip: Chip) -> None:
    pins = open_pins(GPIO, RELAY)
    pins.button_is_down()
    pins.light(EVERYTHING)
    pins.set_relay(closed=True)
    pins.close()

    assert chip.edges_asked == 0


def test_point_3_the_libraries_of_these_tests_would_refuse_edges(chip: Chip) -> None:
    library = importlib.import_module("RPi.GPIO")
    open_pins(GPIO, RELAY)

    for ask in (library.add_event_detect, library.wait_for_edge):
        with pytest.raises((RuntimeError, AssertionError), match="edge"):
            ask(GPIO.button, library.FALLING)

    assert chip.edges_asked == 2


def test_point_3_no_source_of_the_device_mentions_edge_detection() -> None:
    sources = sorted(Path(pi_client.__file__).parent.rglob("*.py"))

    assert {"gpio.py", "door.py", "button.py"} <= {source.name for source in sources}
    assert [
        source.name for source in sources if any(name in source.read_text("utf-8") for name in EDGES)
    ] == []


def test_one_module_alone_imports_the_library() -> None:
    sources = Path(pi_client.__file__).parent.rglob("*.py")

    assert [source.name for source in sources if '"RPi.GPIO"' in source.read_text("utf-8")] == ["gpio.py"]


def test_the_library_is_not_asked_for_before_pins_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [FailsToImport(ModuleNotFoundError("asked")), *sys.meta_path])

    with modules({}):
        fresh = runpy.run_path(pi_client.gpio.__file__)
        with pytest.raises(HardwareError, match="asked"):
            fresh["open_pins"](GPIO, RELAY)


def test_a_bouncy_press_read_by_polling_is_one_press(chip: Chip) -> None:
    pins, button = open_pins(GPIO, RELAY), Button(debounce_s=0.02, stuck_s=10)
    chip.lines[GPIO.button].bounces.extend([1] * 10 + [0, 1, 1, 0, 1, 0] + [0] * 10 + [1, 0, 1] + [1] * 10)

    events = [button.sample(turn * 0.005, down=pins.button_is_down()) for turn in range(39)]

    assert [event for event in events if event] == [ButtonEvent.PRESSED, ButtonEvent.RELEASED]


def test_pins_of_number_0_are_absent(chip: Chip) -> None:
    gpio = dataclasses.replace(GPIO, yellow=0, buzzer=0)
    pins = open_pins(gpio, NO_RELAY)

    pins.light(EVERYTHING)
    pins.set_relay(closed=True)
    taken = chip.ours
    pins.close()

    assert taken == {18, 24, 25}
    assert chip.writes == [(24, LOW), (25, LOW), (24, HIGH), (25, HIGH), (24, LOW), (25, LOW)]


def test_a_lamp_that_stays_as_it_is_is_not_written_again(chip: Chip) -> None:
    pins = open_pins(GPIO, RELAY)
    chip.writes.clear()

    for lit in (NOTHING, YELLOW, YELLOW, YELLOW | RED, RED, RED):
        pins.light(lit)

    assert chip.writes == [(23, HIGH), (25, HIGH), (23, LOW)]


@pytest.mark.parametrize(("before", "after"), [(GREEN, RED), (RED, GREEN), (YELLOW, GREEN)])
def test_one_lamp_goes_off_before_another_goes_on(
    chip: Chip, before: frozenset[Lamp], after: frozenset[Lamp]
) -> None:
    pins = open_pins(GPIO, RELAY)
    pins.light(before)
    chip.writes.clear()

    pins.light(after)

    assert chip.writes == [
        *((LAMPS[lamp], LOW) for lamp in before),
        *((LAMPS[lamp], HIGH) for lamp in after),
    ]


def test_a_lamp_that_could_not_be_written_is_written_the_next_time(chip: Chip) -> None:
    pins = open_pins(GPIO, RELAY)
    chip.lines[24].is_broken = True
    with pytest.raises((LgpioError, RuntimeError)):
        pins.light(GREEN)
    chip.lines[24].is_broken = False

    pins.light(GREEN)

    assert chip.level(24) == HIGH


def test_the_relay_is_written_whatever_it_is_believed_to_be(chip: Chip) -> None:
    pins = open_pins(GPIO, RELAY)
    chip.lines[RELAY.pin].driven = HIGH

    pins.set_relay(closed=False)

    assert chip.level(RELAY.pin) == LOW


def test_closing_opens_the_relay_first_and_gives_back_our_own_pins_alone(chip: Chip) -> None:
    library = importlib.import_module("RPi.GPIO")
    pins = open_pins(GPIO, RELAY)
    library.setup(5, library.OUT, initial=HIGH)  # by somebody else in this process
    pins.light(EVERYTHING)
    pins.set_relay(closed=True)
    chip.writes.clear()

    pins.close()

    assert chip.writes == [(pin, LOW) for pin in OUTPUTS]
    assert (chip.freed, chip.ours, chip.level(5)) == ([*OUTPUTS, GPIO.button], {5}, HIGH)
    assert [chip.lines[pin].driven for pin in OUTPUTS] == [None] * 5


def test_point_18_closing_waits_for_a_thread_that_is_just_closing_the_relay(
    chip: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = importlib.import_module("RPi.GPIO")
    pins = open_pins(GPIO, RELAY)
    real, amid, go_on = library.output, threading.Event(), threading.Event()

    def output(pin: int, level: int) -> None:
        if (pin, level) == (RELAY.pin, HIGH):
            amid.set()
            go_on.wait(5)
        real(pin, level)

    monkeypatch.setattr(library, "output", output)
    with ThreadPoolExecutor(2) as threads:
        relay = threads.submit(pins.set_relay, closed=True)
        assert amid.wait(5)
        closing = threads.submit(pins.close)
        too_early = wait([closing], timeout=0.01).done
        go_on.set()
        relay.result(5)
        closing.result(5)

    assert too_early == set()
    assert [level for pin, level in chip.writes if pin == RELAY.pin] == [LOW, HIGH, LOW]
    assert (chip.ours, chip.level(RELAY.pin)) == (set(), LOW)


@pytest.mark.parametrize("broken", [*OUTPUTS, None], ids=lambda pin: str(pin) if pin else "all")
def test_point_18_closing_that_fails_midway_still_switches_off_and_gives_back(
    chip: Chip, broken: int | None
) -> None:
    pins = open_pins(GPIO, RELAY)
    pins.light(EVERYTHING)
    pins.set_relay(closed=True)
    for pin in OUTPUTS if broken is None else (broken,):
        chip.lines[pin].is_broken = True

    with pytest.raises((LgpioError, RuntimeError)):
        pins.close()

    # What cannot be written is an input at the end, as which it drives nothing.
    assert [chip.level(pin) for pin in OUTPUTS] == [LOW] * 5
    assert chip.ours == set()


@pytest.mark.parametrize("stubborn", [*OUTPUTS, GPIO.button])
def test_point_18_a_pin_that_cannot_be_given_back_is_off_and_given_back_the_next_time(
    chip: Chip, monkeypatch: pytest.MonkeyPatch, stubborn: int
) -> None:
    library = importlib.import_module("RPi.GPIO")
    pins = open_pins(GPIO, RELAY)
    pins.light(EVERYTHING)
    pins.set_relay(closed=True)
    real = library.cleanup

    def cleanup(pin: int) -> None:
        if pin == stubborn:
            raise LgpioError("unknown handle")
        real(pin)

    with monkeypatch.context() as patch:
        patch.setattr(library, "cleanup", cleanup)
        with pytest.raises(LgpioError, match="unknown handle"):
            pins.close()
        pins.set_relay(closed=True)
        left = (chip.ours, [chip.level(pin) for pin in OUTPUTS])
    pins.close()

    assert left == ({stubborn}, [LOW] * 5)
    assert chip.ours == set()


@pytest.mark.parametrize("taken", [*OUTPUTS, GPIO.button])
def test_point_2_a_pin_that_another_program_has_leaves_everything_off_and_given_back(taken: int) -> None:
    chip = wired()
    chip.lines[taken].is_anothers = True
    names = {16: "relay.pin", 23: "gpio.yellow", 24: "gpio.green", 25: "gpio.red", 12: "gpio.buzzer"}

    with rpi_lgpio(chip), pytest.raises(HardwareError) as raised:
        open_pins(GPIO, RELAY)

    assert str(raised.value) == (
        f"GPIO {taken} ({names.get(taken, 'gpio.button')}): 'GPIO busy'. Another program or service has this "
        "pin: see which with: gpioinfo, and stop it with: sudo systemctl stop NAME, or choose another pin."
    )
    assert (chip.ours, [chip.level(pin) for pin in OUTPUTS]) == (set(), [LOW] * 5)
    assert (taken, LOW) not in chip.writes
    assert taken not in chip.freed


@pytest.mark.parametrize("error", [RuntimeError("no"), LgpioError("no"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [*OUTPUTS, GPIO.button])
def test_point_2_whatever_ends_the_taking_of_pins_midway_leaves_everything_off(
    chip: Chip, monkeypatch: pytest.MonkeyPatch, at: int, error: BaseException
) -> None:
    library = importlib.import_module("RPi.GPIO")
    real = library.setup

    def setup(pin: int, *args: Any, **named: Any) -> None:
        if pin == at:
            raise error
        real(pin, *args, **named)

    monkeypatch.setattr(library, "setup", setup)

    with pytest.raises((HardwareError, KeyboardInterrupt)):
        open_pins(GPIO, RELAY)

    assert (chip.ours, [chip.level(pin) for pin in OUTPUTS]) == (set(), [LOW] * 5)
    assert chip.freed == [*OUTPUTS, GPIO.button][: [*OUTPUTS, GPIO.button].index(at)]


def test_the_first_error_is_told_even_where_giving_back_fails_too(
    chip: Chip, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = importlib.import_module("RPi.GPIO")
    real = library.setup

    def setup(pin: int, *args: Any, **named: Any) -> None:
        if pin == GPIO.red:
            chip.lines[GPIO.green].is_broken = True
            raise RuntimeError("GPIO busy")
        real(pin, *args, **named)

    monkeypatch.setattr(library, "setup", setup)

    with pytest.raises(HardwareError, match=r"^GPIO 25 \(gpio\.red\): GPIO busy\."):
        open_pins(GPIO, RELAY)

    assert (chip.ours, chip.level(GPIO.green)) == (set(), LOW)


IMPORTS = [
    (ModuleNotFoundError("No module named 'RPi'"), "sudo apt install python3-rpi-lgpio"),
    (ModuleNotFoundError("No module named 'RPi'"), "add --sim"),
    (ModuleNotFoundError("No module named 'RPi.GPIO'"), "sudo apt install python3-rpi-lgpio"),
    (ModuleNotFoundError("No module named 'lgpio'"), "sudo apt install --reinstall python3-lgpio"),
    (ModuleNotFoundError("No module named 'lgpio'"), "add --sim"),
    (RuntimeError("This module can only be run on a Raspberry Pi!"), "add --sim"),
    (FileNotFoundError(2, "No such file or directory", ".lgd-nfy-3"), "cd /tmp"),
    (
        NotImplementedError("does not understand old-style revision codes"),
        "sudo apt install python3-rpi.gpio",
    ),
    (PermissionError(13, "Permission denied", "/dev/gpiochip0"), "sudo usermod -aG gpio $USER"),
    (OSError("something new"), "sudo apt install --reinstall python3-rpi-lgpio"),
]

OPENINGS: list[tuple[Callable[[Chip], AbstractContextManager[None]], str, str]] = [
    (partial(classic, setup_error=NO_BASE), "GPIO 16 (relay.pin)", "sudo apt remove python3-rpi.gpio && "),
    (partial(classic, setup_error=NO_BASE), "GPIO 16 (relay.pin)", "sudo apt install python3-rpi-lgpio"),
    (
        partial(classic, setup_error="No access to /dev/mem.  Try running as root!"),
        "GPIO 16 (relay.pin)",
        "sudo usermod -aG gpio $USER",
    ),
    (partial(rpi_lgpio, may_open=False), "The pins", "sudo usermod -aG gpio $USER"),
]


@pytest.mark.parametrize(("error", "command"), IMPORTS)
def test_point_2_a_library_that_cannot_be_imported_tells_what_mends_it(
    monkeypatch: pytest.MonkeyPatch, error: Exception, command: str
) -> None:
    monkeypatch.setattr(sys, "meta_path", [FailsToImport(error), *sys.meta_path])

    with modules({}), pytest.raises(HardwareError) as raised:
        open_pins(GPIO, RELAY)

    said = str(raised.value)
    assert said.startswith(f"RPi.GPIO: {str(error).rstrip('!')}. ")
    assert command in said
    assert (raised.value.exit_status, raised.value.__cause__) == (EXIT_CONFIG, error)


@pytest.mark.parametrize(("libraries", "what", "command"), OPENINGS)
def test_point_2_a_machine_on_which_pins_cannot_be_opened_tells_what_mends_it(
    libraries: Callable[[Chip], AbstractContextManager[None]], what: str, command: str
) -> None:
    chip = wired()

    with libraries(chip), pytest.raises(HardwareError) as raised:
        open_pins(GPIO, RELAY)

    assert str(raised.value).startswith(f"{what}: ")
    assert command in str(raised.value)
    assert (chip.ours, chip.writes) == (set(), [])


@pytest.mark.skipif(
    Path("/proc/device-tree/system/linux,revision").exists(), reason="this is a Raspberry Pi indeed"
)
def test_point_2_the_library_that_ships_refuses_any_other_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with rpi_lgpio(wired()):
        monkeypatch.delenv("RPI_LGPIO_REVISION")

        with pytest.raises(HardwareError, match=r"This module can only be run on a Raspberry Pi\. .*--sim"):
            open_pins(GPIO, RELAY)


def test_the_hints_are_apart() -> None:
    fragments = [fragment for fragment, _ in HINTS]

    assert [(one, other) for one in fragments for other in fragments if one != other and one in other] == []


def test_settings_name_every_lamp() -> None:
    assert {lamp.value for lamp in Lamp} <= {field.name for field in dataclasses.fields(GpioSettings)}


def test_the_fake_lgpio_has_the_functions_of_the_real_one() -> None:
    spec = importlib.util.find_spec("lgpio")
    if spec is None or spec.origin is None:
        pytest.skip("lgpio is not installed: pip install lgpio")
    # Read, not imported: its import begins a thread and writes to the working directory.
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    real = {node.name: node.args for node in tree.body if isinstance(node, ast.FunctionDef)}
    fake = inspect.getmembers(FakeLgpio, inspect.isfunction)
    names = [name for name, _ in fake if not name.startswith("_")]

    assert len(names) > 8
    for name in names:
        parameters = list(inspect.signature(getattr(FakeLgpio, name)).parameters)[1:]
        assert (name, [p.replace("_", "") for p in parameters]) == (
            name,
            [argument.arg.replace("_", "").lower() for argument in real[name].args],
        )
