"""Be the door: what the service runs.

Ends with 78 where a person has to mend something first (settings, pins), with 70 where a new start may
help.
"""

import argparse
import logging
import os
import signal
import threading
import uuid
from collections.abc import Callable

from pi_client.assembly import Outside, assemble
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
from pi_client.config import DoorConfig
from pi_client.door import Door
from pi_client.errors import EXIT_SOFTWARE, CameraWedged, DoorError
from pi_client.logs import set_up_logs
from pi_client.notify import Notifier

log = logging.getLogger("porteiro.door")


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_config_option(parser)
    add_simulation_options(parser)


def execute(options: argparse.Namespace) -> int:
    """Run until told to stop."""
    config = door_config_of(options)
    set_up_logs(config.log.level, journal="JOURNAL_STREAM" in os.environ)
    hardware = Hardware(*simulated_pins_and_camera(options.photos)) if options.sim else real_hardware(config)
    return run_to_the_end(door_of(config, hardware).run)


def door_of(config: DoorConfig, hardware: Hardware) -> Door:
    """The door of the settings, ready to run.

    Raises:
        DoorConfigError: the token's file cannot be used.
    """
    boot = boot_id()
    return assemble(
        config,
        Outside(
            pins=hardware.pins,
            camera=hardware.camera,
            server=server_of(config, boot),
            notifier=Notifier(os.environ),
            clock=CLOCK,
            new_id=lambda: str(uuid.uuid4()),
            boot=boot,
        ),
    )


def run_to_the_end(job: Callable[[threading.Event], None]) -> int:
    """Do something until SIGTERM or Ctrl-C tells it to stop; gives the exit status."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        job(stop)
    except CameraWedged as error:
        log.critical("%s", error)
        logging.shutdown()
        os._exit(EXIT_SOFTWARE)  # the camera's own threads would keep the process for ever
    except DoorError:
        raise
    except Exception:
        log.exception("the door failed")
        return EXIT_SOFTWARE
    return 0
