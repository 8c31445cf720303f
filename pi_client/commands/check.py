"""Try every part of the device, and say what is wrong with which."""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pi_client import __version__
from pi_client.commands.options import (
    CLOCK,
    Hardware,
    add_config_option,
    add_simulation_options,
    boot_id,
    door_config_of,
    real_hardware,
    server_of,
    simulated_pins_and_camera,
)
from pi_client.config import Config
from pi_client.errors import CameraError, DoorError, HardwareError
from pi_client.fakes.camera import CameraFault
from pi_client.lamps import NOTHING, Lamp
from pi_client.machine import State
from pi_client.press import Vitals
from pi_client.provisioning import SERVICE

LAMP_S = 0.4
COMMAND_S = 10.0
SIMULATED_FAULTS = ("button", *(fault.value for fault in CameraFault if fault is not CameraFault.WEDGED))


class CheckFailed(DoorError):
    """A part does not work; the message says what to do."""


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Attributes:
        config: the settings.
        hardware: to be opened; ``None`` where the running service has it.
        service: the state that the running service tells; ``""`` if none runs.
        wait: as ``time.sleep``.
    """

    config: Config
    hardware: Callable[[], Hardware]
    service: str
    wait: Callable[[float], None]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_config_option(parser)
    add_simulation_options(parser)
    parser.add_argument("--fault", choices=SIMULATED_FAULTS, help="with --sim: what is to be broken")


def execute(options: argparse.Namespace) -> int:
    """Check everything; 1 where something is wrong."""
    config = door_config_of(options)
    if options.sim:
        pins, camera = simulated_pins_and_camera(options.photos)
        if options.fault == "button":
            pins.press()
        elif options.fault:
            camera.break_by(CameraFault(options.fault))
        subject = Subject(config, lambda: Hardware(pins, camera), "", time.sleep)
    else:
        subject = Subject(config, lambda: real_hardware(config), _service_state(), time.sleep)
    return report(subject)


def report(subject: Subject) -> int:
    """Write a line for each part; 1 where something is wrong."""
    failed = 0
    for part, told, is_well in findings(subject):
        failed += not is_well
        sys.stdout.write(f"{'ok  ' if is_well else 'FAIL'}  {part:<8}  {told}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{failed} of the device's parts need a hand.\n" if failed else "All is well.\n")
    return int(bool(failed))


def findings(subject: Subject) -> Iterator[tuple[str, str, bool]]:
    """Of each part its name, what there is to tell, and whether it works."""
    yield "settings", f"the server is {subject.config.server.url}", True
    if subject.service:
        yield "service", *_judged(lambda: _service(subject.service))
    else:
        yield from _hardware(subject)
    server = server_of(subject.config, boot_id())
    yield "server", *_judged(lambda: _reached(server.is_reachable()))
    if subject.config.server.token_file:
        yield "token", *_judged(lambda: _accepted(server.report(_vitals())))


def _hardware(subject: Subject) -> Iterator[tuple[str, str, bool]]:
    try:
        hardware = subject.hardware()
    except HardwareError as error:
        yield "pins", str(error), False
        return
    try:
        yield "button", *_judged(lambda: _button(hardware))
        yield "lamps", *_judged(lambda: _lamps(subject, hardware))
        yield "camera", *_judged(lambda: _camera(subject, hardware))
    finally:
        hardware.pins.close()


def _judged(check: Callable[[], str]) -> tuple[str, bool]:
    try:
        return check(), True
    except DoorError as error:
        return str(error), False


def _service(state: str) -> str:
    if state == State.DEGRADED.value:
        raise CheckFailed(f"{SERVICE} runs without a camera: journalctl -u {SERVICE} says why.")
    return f"{SERVICE} runs, and has pins and camera: {state}"


def _button(hardware: Hardware) -> str:
    if hardware.pins.button_is_down():
        raise CheckFailed("The button reads as pressed: is it wired between gpio.button and ground?")
    return "not pressed, as it should be"


def _lamps(subject: Subject, hardware: Hardware) -> str:
    for lamp in Lamp:
        hardware.pins.light(frozenset({lamp}))
        subject.wait(LAMP_S)
    hardware.pins.light(NOTHING)
    return "each was on for a moment: yellow, green, red, then the buzzer if there is one"


def _camera(subject: Subject, hardware: Hardware) -> str:
    hardware.camera.open()
    try:
        began_s = CLOCK.monotonic()
        photos = hardware.camera.take(subject.config.camera.frames)
        took_ms = 1000 * (CLOCK.monotonic() - began_s)
    finally:
        hardware.camera.close()
    if not photos:
        raise CameraError("The camera gave no photo.")
    return f"a photo of {len(photos[0]) / 1000:.0f} kB in {took_ms:.0f} ms"


def _reached(reachable: bool) -> str:  # noqa: FBT001
    if not reachable:
        raise CheckFailed("The server does not answer: check server.url, the network, and server.ca_file.")
    return "it is there and well"


def _accepted(heard: bool) -> str:  # noqa: FBT001
    if not heard:
        raise CheckFailed(
            "The server does not accept this device's token: make one with `porteiro token add NAME` there, "
            "and set it up here."
        )
    return "the server accepts it"


def _vitals() -> Vitals:
    return Vitals(__version__, boot_id(), 0.0, State.STARTING.value, camera_ok=False)


def _service_state() -> str:
    command = ("systemctl", "show", SERVICE, "--property=ActiveState,StatusText")
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_S, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    fields = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    return fields.get("StatusText", "") if fields.get("ActiveState") == "active" else ""
