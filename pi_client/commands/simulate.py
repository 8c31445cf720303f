"""The door on this computer: its page and its line here, its questions to a real server.

Keys in the terminal: space or Enter presses the button, n and p change the photo, q ends.
"""

import argparse
import os
from pathlib import Path

from pi_client.commands.options import (
    CLOCK,
    Hardware,
    add_config_option,
    config_of,
    door_config_of,
    simulated_pins_and_camera,
)
from pi_client.commands.run import door_of, run_to_the_end
from pi_client.config import DoorConfig
from pi_client.fakes.pins import FakePins
from pi_client.fakes.webcam import WebcamCamera
from pi_client.settings import is_private
from pi_client.simulator.session import PORT, Cast, log_to_page, play
from pi_client.simulator.stage import PhotoStage, Stage, WebcamStage

SERVER = "http://127.0.0.1:8765/porteiro"
RELAY_PIN = "17"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    seen = parser.add_mutually_exclusive_group(required=True)
    seen.add_argument("--photos", type=Path, metavar="DIR", help="JPEGs of who may stand before the camera")
    seen.add_argument("--webcam", type=int, metavar="NUMBER", help="this computer's camera; the first is 0")
    parser.add_argument("--server", metavar="URL", help=f"whom to ask; else as the settings say, or {SERVER}")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="what `porteiro token add NAME` printed; else unsigned",
    )
    parser.add_argument("--port", type=int, default=PORT, help="of the page (default: %(default)s)")
    add_config_option(parser)


def execute(options: argparse.Namespace) -> int:
    """Play until told to stop."""
    changed = {"PORTEIRO_DOOR_SERVER_URL": options.server or config_of(options).server.url or SERVER}
    if options.token_file:
        changed["PORTEIRO_DOOR_SERVER_TOKEN_FILE"] = str(options.token_file)
        if is_private(changed["PORTEIRO_DOOR_SERVER_URL"]):
            changed["PORTEIRO_DOOR_RELAY_PIN"] = RELAY_PIN  # shown as a door that opens
    config = door_config_of(options, **changed)
    lines = log_to_page(config.log.level)
    hardware, pins, stage = _simulated(options, config)
    cast = Cast(door_of(config, hardware), pins, stage, lines)
    return run_to_the_end(lambda stop: play(cast, stop, os.environ, options.port))


def _simulated(options: argparse.Namespace, config: DoorConfig) -> tuple[Hardware, FakePins, Stage]:
    if options.webcam is None:
        pins, camera = simulated_pins_and_camera(options.photos)
        return Hardware(pins, camera), pins, PhotoStage(options.photos, camera)
    webcam = WebcamStage(WebcamCamera(config.camera, CLOCK.monotonic, options.webcam), CLOCK.monotonic)
    pins = FakePins(CLOCK.monotonic)
    return Hardware(pins, webcam), pins, webcam
