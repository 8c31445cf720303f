"""A door whose time, camera and server are a test's own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pi_client.config import DoorConfig, load_config
from pi_client.door import Door, Parts
from pi_client.fakes.pins import FakePins
from pi_client.inbox import CameraOpened, Message, MessageQueue, Photo
from pi_client.machine import State
from pi_client.messenger import Messenger
from pi_client.notify import Notifier
from pi_client.photographer import Photographer
from pi_client.press import ButtonPress, Clock, PressAnswer, PressResult
from pi_client.relay import Pulse, Relay

TURN_S = 0.005
TAP_S = 0.1
JPEG = b"\xff\xd8\xff a photo \xff\xd9"


class CountedRelay(Relay):
    """Counts its pulses beside making them."""

    pulses = 0

    def pulse(self) -> None:
        self.pulses += 1
        super().pulse()


class WaitingInbox(MessageQueue):
    """An inbox whose next message can be waited for."""

    def next(self) -> Message:
        return self._messages.get(timeout=10)


class QuietPhotographer(Photographer):
    """Writes down what is ordered; the test gives the photos."""

    def __init__(self) -> None:
        self.orders: list[str] = []
        self.frames: list[int] = []  # that were ordered with each
        self.wedged = self.stopped = False

    def start(self) -> None:
        pass

    def order(self, press: str, frames: int) -> None:
        self.orders.append(press)
        self.frames.append(frames)

    def is_wedged(self) -> bool:
        return self.wedged

    def stop(self) -> bool:
        self.stopped = True
        return True


class QuietMessenger(Messenger):
    """Writes down what is asked; the test gives the answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[ButtonPress, tuple[bytes, ...]]] = []
        self.stopped = self.hung = False

    def start(self) -> None:
        pass

    def hangs(self) -> bool:
        return self.hung

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> None:
        self.asked.append((press, photos))

    def stop(self) -> None:
        self.stopped = True


class Stage:
    """A door, and everything around it by hand."""

    def __init__(self, notifier: Notifier | None = None, **server: Any):
        self.now_s = 1000.0
        self.config = configured(**server)
        self.pins, self.inbox = FakePins(lambda: self.now_s), MessageQueue()
        self.relay = CountedRelay(self.pins, Pulse(0.001, 3.0), pytest.fail)
        self.photographer, self.messenger = QuietPhotographer(), QuietMessenger()
        self.ids = (f"press-{number}" for number in range(1, 1_000_000))
        self.door = Door(self.config, self._parts(notifier or Notifier({})))

    def _parts(self, notifier: Notifier) -> Parts:
        clock = Clock(lambda: self.now_s, self.wall)
        return Parts(
            pins=self.pins,
            relay=self.relay,
            photographer=self.photographer,
            messenger=self.messenger,
            notifier=notifier,
            inbox=self.inbox,
            clock=clock,
            new_id=lambda: next(self.ids),
        )

    def wall(self) -> datetime:
        """The time of day."""
        return datetime(2026, 11, 21, 12, tzinfo=UTC) + timedelta(seconds=self.now_s)

    def turn(self, seconds: float = TURN_S) -> None:
        """Let so much time go by, turn by turn."""
        for _ in range(max(1, round(seconds / TURN_S))):
            self.now_s += TURN_S
            self.door.turn()

    def turn_until(self, reached: Callable[[], bool], most_s: float = 1.0) -> float:
        """Turn until something is so; gives the seconds it took."""
        began_s = self.now_s
        while not reached():
            assert self.now_s - began_s < most_s, "it never was"
            self.turn()
        return self.now_s - began_s

    def ready(self) -> "Stage":
        """Open the camera; the button is up."""
        self.inbox.put(CameraOpened())
        self.turn(TAP_S)
        assert self.door.state is State.READY
        return self

    def tap(self) -> None:
        """Press and let go."""
        self.pins.press()
        self.turn(TAP_S)
        self.pins.release()
        self.turn(TAP_S)

    def photo(self, press: str) -> None:
        """Let the camera give the photo for a press."""
        self.inbox.put(Photo(press, (JPEG,)))
        self.turn()

    def photos(self, jpegs: tuple[bytes, ...]) -> None:
        """Let the camera give photos for the press that waits for them."""
        self.inbox.put(Photo(self.photographer.orders[-1], jpegs))
        self.turn()

    def answer(self, press: str, result: PressResult = PressResult.GRANTED, **rest: Any) -> None:
        """Let the server answer."""
        self.inbox.put(PressAnswer(press, result, **rest))
        self.turn()

    def asking(self) -> str:
        """Press and send the photo; gives the press's id."""
        self.tap()
        press = self.photographer.orders[-1]
        self.photo(press)
        assert self.door.state is State.UPLOADING
        return press


def configured(**server: Any) -> DoorConfig:
    """The defaults with a relay, and with some settings of the server changed."""
    environ = {"PORTEIRO_DOOR_RELAY_PIN": "17", "PORTEIRO_DOOR_SERVER_TOKEN_FILE": "/run/token"}
    config = load_config(None, environ)
    return replace(config, server=replace(config.server, **server))
