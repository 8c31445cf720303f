"""Visitors to a door that runs as shipped, but for its pins, its camera and how long it shows a result."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from bench.errors import Failure
from pi_client.assembly import Outside, assemble
from pi_client.commands.options import CLOCK, boot_id
from pi_client.config import DoorConfig, LedSettings
from pi_client.door import Door
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins, Moment
from pi_client.faults import Fault
from pi_client.lamps import GREEN, RED
from pi_client.machine import RESULTS, State
from pi_client.notify import Notifier
from pi_client.ports import RemoteServer
from pi_client.press import ButtonPress, PressAnswer, StatusReport

RESULT_S = 0.001  # the next visitor need not wait
UNTOUCHED_S = 0.1  # until a door that has just started believes that its button is up
LOOK_S = 0.002
PATIENCE_S = 30.0
SEED = 5
MILLISECONDS = 1000

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Timing:
    """How long a visitor waited for the lamp, the server's share of that, and whether the lamp was green."""

    lamp_ms: float
    server_ms: float
    is_green: bool

    @property
    def own_ms(self) -> float:
        """The door device's own share."""
        return self.lamp_ms - self.server_ms


class Noted:
    """A server, and how long it took for the latest press."""

    def __init__(self, server: RemoteServer):
        self._server = server
        self.latest_ms = 0.0

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        """Who is it?"""
        answer = self._server.ask(press, photos)
        self.latest_ms = answer.server_ms
        return answer

    def is_reachable(self) -> bool:
        """Whether the server says that it is well."""
        return self._server.is_reachable()

    def report(self, vitals: StatusReport) -> Fault | None:
        """Tell the server how the device is; why it was not heard."""
        return self._server.report(vitals)


class Visitors:
    """They press the button, one after the other."""

    def __init__(self, door: Door, pins: FakePins, server: Noted, poll_s: float):
        self._door, self._pins, self._server, self._poll_s = door, pins, server, poll_s
        self._chance = random.Random(SEED)

    def come(self) -> Timing:
        """One visitor presses, and lets go once green or red is lit.

        Raises:
            Failure: no verdict was shown.
        """
        self._wait_for(lambda: self._door.state is State.READY or None)
        time.sleep(self._chance.uniform(0, self._poll_s))  # nobody presses in step with the door's loop
        pressed_s = CLOCK.monotonic()
        self._pins.press()
        self._wait_for(lambda: self._door.state in RESULTS or None)
        if self._door.state is State.FAILED:
            raise Failure("A press failed; the door says why above.")
        shown = self._wait_for(lambda: first_verdict(self._pins.history, pressed_s))
        self._pins.release()
        lamp_ms = (shown.at_s - pressed_s) * MILLISECONDS
        return Timing(lamp_ms, self._server.latest_ms, is_green=bool(shown.lit & GREEN))

    def _wait_for(self, look: Callable[[], Seen | None]) -> Seen:
        end_s = CLOCK.monotonic() + PATIENCE_S
        while (seen := look()) is None:
            if CLOCK.monotonic() > end_s:
                raise Failure(f"The door stays {self._door.state.value}.")
            time.sleep(LOOK_S)
        return seen


@contextmanager
def visited(config: DoorConfig, photo: bytes, server: RemoteServer) -> Iterator[Visitors]:
    """A door at work, and its visitors.

    Args:
        config: results are shown for next to no time, whatever it says.
        photo: what the camera sees.
        server: whom the door asks.
    """
    config = replace(config, leds=LedSettings(RESULT_S))
    pins, noted = FakePins(CLOCK.monotonic), Noted(server)
    with camera_seeing(photo) as camera:
        outside = Outside(
            pins=pins,
            camera=camera,
            server=noted,
            notifier=Notifier({}),
            clock=CLOCK,
            new_id=lambda: str(uuid.uuid4()),
            boot=boot_id(),
        )
        door = assemble(config, outside)
        with at_work(door):
            yield Visitors(door, pins, noted, config.gpio.poll_ms / 1000)


@contextmanager
def at_work(door: Door) -> Iterator[None]:
    """The door runs, in a thread of its own."""
    stop = threading.Event()
    loop = threading.Thread(target=door.run, args=(stop,), name="door")
    loop.start()
    try:
        time.sleep(UNTOUCHED_S)
        yield
    finally:
        stop.set()
        loop.join()


@contextmanager
def camera_seeing(photo: bytes) -> Iterator[FakeCamera]:
    """A camera that sees nothing else."""
    with TemporaryDirectory(prefix="porteiro-bench-") as folder:
        (Path(folder) / "photo.jpg").write_bytes(photo)
        yield FakeCamera(Path(folder), CLOCK.monotonic)


def first_verdict(history: tuple[Moment, ...], since_s: float) -> Moment | None:
    """When green or red was lit first, from a moment on."""
    return next((moment for moment in history if moment.at_s >= since_s and moment.lit & (GREEN | RED)), None)
