"""One run of the simulator: the door, its page and its line in the terminal, until somebody ends it."""

import logging
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from pi_client.door import Door
from pi_client.logs import log_to
from pi_client.simulator.events import LogLines, Watch
from pi_client.simulator.hand import Hand
from pi_client.simulator.page import Page
from pi_client.simulator.scene import SimulatedDevice, scene_of
from pi_client.simulator.stage import Stage
from pi_client.simulator.terminal import Terminal

PORT = 8790

log = logging.getLogger("porteiro.door")


@dataclass(frozen=True)
class Cast:
    """Who plays.

    Attributes:
        door: the real one.
        device: its pins.
        stage: what its camera sees.
        lines: its log.
    """

    door: Door
    device: SimulatedDevice
    stage: Stage
    lines: LogLines


def log_to_page(level: str) -> LogLines:
    """Log to the page and the terminal's lines, and nowhere else."""
    lines = LogLines()
    log_to(lines, level)
    return lines


def play(
    cast: Cast,
    stop: threading.Event,
    environ: Mapping[str, str],
    port: int = PORT,
    screen: TextIO = sys.stdout,
    keyboard: TextIO = sys.stdin,
) -> None:
    """Run the door in this thread until ``stop``, which the key q sets too.

    Raises:
        DoorConfigError: the port is taken.
        CameraWedged: only a new process helps.
    """
    watch = Watch(lambda: scene_of(cast.door, cast.device, cast.stage), cast.lines)
    hand = Hand(cast.device, cast.stage, stop)
    with Page(cast.device, cast.stage, watch, port) as page, Terminal(watch, hand, environ, screen, keyboard):
        watch.start()
        try:
            log.info("the door is at %s", page.url)
            cast.door.run(stop)
        except Exception as error:
            log.critical("the door ends: %s", error)  # while there are still those who show it
            raise
        finally:
            watch.stop()
