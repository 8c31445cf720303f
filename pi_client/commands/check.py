"""Try every part of the device, and say what is wrong with which."""

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pi_client import __version__
from pi_client.commands.options import (
    Hardware,
    add_config_option,
    add_simulation_options,
    boot_id,
    door_config_of,
    real_hardware,
    server_of,
    simulated_pins_and_camera,
)
from pi_client.commands.trials import CheckFailed, Finding, camera_hangs, judged, try_hardware
from pi_client.config import DoorConfig
from pi_client.errors import DoorConfigError
from pi_client.fakes.camera import CameraFault
from pi_client.faults import HANDLING, Fault
from pi_client.machine import State
from pi_client.press import StatusReport
from pi_client.provisioning import SERVICE

COMMAND_S = 10.0
SIMULATED_FAULTS = ("button", *(fault.value for fault in CameraFault))

DEAD = "dead"

# Of a service that runs: the states that it tells systemd while something is wrong with it.
UNWELL = {
    DEAD: "has failed",
    State.STARTING.value: "has not said yet how it is; wait a moment",
    State.DEGRADED.value: "runs without a camera",
    State.FAILED.value: "has just had a press that failed",
}
NOT_RUNNING = ("", "inactive")

# Why a report is not taken, where the server says as much as that.
NAMED_FAULTS = (Fault.OLD_SERVER, Fault.OLD_DEVICE, Fault.CLOCK, Fault.SIGNATURE, Fault.ALTERED)

OTHERS = 0o077  # permissions of everybody but the owner


@dataclass(frozen=True)
class Subject:
    """What is checked.

    Attributes:
        config: the settings.
        hardware: opens it; not called where the running service has it.
        service: the state that the running service tells; ``DEAD`` where it has failed, ``""`` if none runs.
        sleep: as ``time.sleep``.
    """

    config: DoorConfig
    hardware: Callable[[], Hardware]
    service: str
    sleep: Callable[[float], None]


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_config_option(parser)
    add_simulation_options(parser)
    parser.add_argument("--fault", choices=SIMULATED_FAULTS, help="with --sim: what is to be broken")


def execute(options: argparse.Namespace) -> int:
    """Check everything; 1 where something is wrong."""
    status = report(_subject(options))
    if camera_hangs():
        os._exit(status)
    return status


def report(subject: Subject) -> int:
    """Write a line for each part; 1 where something is wrong."""
    failed = 0
    for part, text, is_well in findings(subject):
        failed += not is_well
        sys.stdout.write(f"{'ok  ' if is_well else 'FAIL'}  {part:<8}  {text}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{failed} of the device's parts need a hand.\n" if failed else "All is well.\n")
    sys.stdout.flush()
    return int(bool(failed))


def findings(subject: Subject) -> Iterator[Finding]:
    """Of each part its name, what there is to tell, and whether it works."""
    config = subject.config
    yield "settings", f"the server is {config.server.url}", True
    if _is_open(config.server.token_file):
        yield "token", _told_open(config.server.token_file), False
    camera_ok = False
    for part, text, is_well in _device(subject):
        camera_ok = is_well  # it comes last
        yield part, text, is_well
    boot = boot_id()
    state = State.STARTING.value if subject.service in ("", DEAD) else subject.service
    with contextlib.closing(server_of(config, boot)) as server:
        reachable = server.is_reachable()
        yield judged("server", lambda: _reached(reachable))
        if reachable and config.server.token_file:
            status = StatusReport(__version__, boot, 0.0, state, camera_ok=camera_ok)
            yield judged("token", lambda: _accepted(server.report(status)))


def _subject(options: argparse.Namespace) -> Subject:
    config = door_config_of(options)
    if not options.sim:
        if options.fault:
            raise DoorConfigError("--fault needs --sim: real parts break by themselves.")
        return Subject(config, lambda: real_hardware(config), _service_state(), time.sleep)
    pins, camera = simulated_pins_and_camera(options.photos)
    if options.fault == "button":
        pins.press()
    elif options.fault:
        camera.break_by(CameraFault(options.fault))
    return Subject(config, lambda: Hardware(pins, camera), "", time.sleep)


def _device(subject: Subject) -> Iterator[Finding]:
    if subject.service:
        yield judged("service", lambda: _service(subject.service))
    if subject.service in ("", DEAD):
        yield from try_hardware(subject.hardware, subject.config.camera, subject.sleep)


def _is_open(token_file: str) -> bool:
    """Whether others than its owner can read or change the token."""
    try:
        return bool(token_file) and bool(Path(token_file).stat().st_mode & OTHERS)
    except OSError:  # which is told where the token is read
        return False


def _told_open(token_file: str) -> str:
    return (
        f"Others on this machine can read or change {token_file}: sudo chmod 600 {token_file}. If somebody "
        "may have read it, revoke the token on the server and make another: porteiro token revoke NAME, "
        "porteiro token add NAME."
    )


def _service(state: str) -> str:
    if state in UNWELL:
        raise CheckFailed(f"{SERVICE} {UNWELL[state]}: journalctl -u {SERVICE} says more.")
    return f"{SERVICE} runs, and has pins and camera: {state}"


def _reached(reachable: bool) -> str:  # noqa: FBT001
    if not reachable:
        raise CheckFailed(
            "No Porteiro answers: check server.url with its prefix, the network, and server.ca_file."
        )
    return "it is there and well"


def _accepted(fault: Fault | None) -> str:
    if fault in NAMED_FAULTS:
        raise CheckFailed(HANDLING[fault].hint)
    if fault is not None:
        raise CheckFailed(
            "The server does not take this device's report: its log says why. If it does not know the token, "
            "make one with `porteiro token add NAME` there, and set it up here."
        )
    return "the server accepts it"


def _service_state() -> str:
    command = ("systemctl", "show", SERVICE, "--property=ActiveState,StatusText")
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_S, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""
    fields = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    active = fields.get("ActiveState", "")
    if active in NOT_RUNNING:
        return ""
    if active == "failed":
        return DEAD
    # While it starts anew, its text is still that of its former life.
    return (active == "active" and fields.get("StatusText")) or State.STARTING.value
