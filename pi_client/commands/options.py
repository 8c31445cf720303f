"""What several commands take, and what they make of it."""

import argparse
import os
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pi_client.assembly import read_token
from pi_client.camera import PiCamera
from pi_client.config import DEFAULT_FILE, DoorConfig, load_config
from pi_client.errors import DoorConfigError
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.gpio import open_pins
from pi_client.ports import Camera, Pins
from pi_client.press import Clock
from pi_client.uploader import HttpServer
from pi_client.vitals import read_boot_id

CLOCK = Clock(time.monotonic, lambda: datetime.now(UTC))


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """``--config``."""
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"the settings; else {DEFAULT_FILE}, if it is there"
    )


def add_simulation_options(parser: argparse.ArgumentParser) -> None:
    """``--sim`` and what goes with it."""
    parser.add_argument("--sim", action="store_true", help="without a Raspberry Pi: no pins, no camera")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="what the simulated camera sees: JPEGs")


def config_of(options: argparse.Namespace, **changed: str) -> DoorConfig:
    """The settings, some of them changed as the environment would.

    Raises:
        DoorConfigError: they cannot be used.
    """
    file = options.config or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    return load_config(file, {**os.environ, **changed})


def door_config_of(options: argparse.Namespace, **changed: str) -> DoorConfig:
    """The settings of a door that has somebody to ask.

    Raises:
        DoorConfigError: they cannot be used, or name no server.
    """
    config = config_of(options, **changed)
    if not config.server.url:
        raise DoorConfigError("server.url is not set: whom to ask? Set it with: porteiro-door setup.")
    return config


@dataclass(frozen=True)
class Hardware:
    """What a door is made of, real or not."""

    pins: Pins
    camera: Camera


def real_hardware(config: DoorConfig) -> Hardware:
    """The Raspberry Pi's.

    Raises:
        HardwareError: the pins cannot be used.
    """
    return Hardware(open_pins(config.gpio, config.relay), PiCamera(config.camera))


def simulated_pins_and_camera(photos: Path | None) -> tuple[FakePins, FakeCamera]:
    """Stand-ins.

    Raises:
        DoorConfigError: no folder is named, or there are no photos in it.
    """
    if photos is None:
        raise DoorConfigError("--sim needs --photos DIR: what the simulated camera sees.")
    return FakePins(CLOCK.monotonic), FakeCamera(photos, CLOCK.monotonic)


def boot_id() -> str:
    """The machine's, or where it has none this process's own."""
    return read_boot_id() or str(uuid.uuid4())


def server_of(config: DoorConfig, boot: str) -> HttpServer:
    """The server of the settings.

    Raises:
        DoorConfigError: the token's file cannot be used.
    """
    return HttpServer(config.server, read_token(config.server.token_file), boot, CLOCK)
