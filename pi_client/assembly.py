"""Puts a door together from its parts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pi_client import __version__
from pi_client.config import DoorConfig
from pi_client.door import Door, Parts
from pi_client.errors import EXIT_SOFTWARE, DoorConfigError
from pi_client.inbox import MessageQueue
from pi_client.messenger import Messenger
from pi_client.notify import Notifier
from pi_client.photographer import Photographer
from pi_client.ports import Camera, Pins, RemoteServer
from pi_client.press import Clock, StatusReport
from pi_client.relay import Pulse, Relay
from pi_client.vitals import read_signal_dbm, read_temperature_c

LONGEST_TOKEN = 200


def read_token(file: str) -> str:
    """The device's token; ``""`` where no file is named.

    Raises:
        DoorConfigError: the file cannot be read, or holds no token.
    """
    if not file:
        return ""
    try:
        with Path(file).open(encoding="ascii") as lines:
            token = lines.read(LONGEST_TOKEN + 1).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no ASCII text"
        raise DoorConfigError(f"server.token_file: {file} cannot be read: {reason}.") from error
    device, _, secret = token.partition(".")
    if not device or not secret or not token.isprintable() or " " in token or len(token) > LONGEST_TOKEN:
        raise DoorConfigError(
            f"server.token_file: {file} holds no token; `porteiro token add NAME` on the server makes one."
        )
    return token


@dataclass(frozen=True)
class Outside:
    """The outside world, real or not."""

    pins: Pins
    camera: Camera
    server: RemoteServer
    notifier: Notifier
    clock: Clock
    new_id: Callable[[], str]
    boot: str


def assemble(config: DoorConfig, outside: Outside) -> Door:
    """A door that is ready to run."""
    clock, inbox = outside.clock, MessageQueue()
    started_s = clock.monotonic()

    def status() -> StatusReport:
        last = door.counts.last_press
        return StatusReport(
            version=__version__,
            boot=outside.boot,
            uptime_s=round(clock.monotonic() - started_s, 1),
            state=door.state.value,
            camera_ok=door.camera_ok,
            presses=door.counts.presses,
            ignored=door.counts.ignored,
            last_press_at=last.at if last else None,
            temperature_c=read_temperature_c(),
            signal_dbm=read_signal_dbm(),
        )

    door = Door(
        config,
        Parts(
            pins=outside.pins,
            relay=Relay(
                outside.pins,
                Pulse(config.relay.pulse_s, config.relay.max_pulse_s),
                lambda: os._exit(EXIT_SOFTWARE),
            ),
            photographer=Photographer(
                outside.camera,
                config.camera,
                inbox,
                clock.monotonic,
                most_bytes=config.server.max_upload_bytes,
            ),
            messenger=Messenger(outside.server, config.server, inbox, clock.monotonic, status),
            notifier=outside.notifier,
            inbox=inbox,
            clock=clock,
            new_id=outside.new_id,
        ),
    )
    return door
