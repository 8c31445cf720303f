"""Device and server together, while somebody tries face after face at a door with a relay."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from pi_client import lamps
from pi_client.answers import judge
from pi_client.evidence import ExpectedProof, photo_digests, signing_key
from pi_client.machine import State
from pi_client.transport import Reply
from tests.conftest import Clock
from tests.doors import Door, add_door
from tests.pi_client.doors import TURN_S, Stage
from tests.servers import InProcessServer, enrolled, form, served
from wsgi_app.house.house import House

Photo = Callable[[str], bytes]
FIELDS = ("file", "file2", "file3")


@dataclass
class Entrance:
    """A device in a time of its own, whose questions a server answers, and whoever stands before it.

    Attributes:
        door: its token and what it knows of the server.
        clock: the server's, which goes with the device's.
        photo: what the camera sees.
        lit: each pattern that the lamps have shown, one after the other.
    """

    door: Door
    clock: Clock
    photo: Photo
    stage: Stage = field(default_factory=lambda: Stage().ready())
    lit: list[str] = field(default_factory=list)

    def passes(self, seconds: float) -> None:
        """Let time go by for both."""
        for _ in range(round(seconds / TURN_S)):
            self.stage.turn()
            self.clock.advance(TURN_S)
            if self.lit[-1:] != [self.stage.door.pattern.name]:
                self.lit.append(self.stage.door.pattern.name)

    def presses(self, *names: str) -> bool:
        """Press once, before a camera that sees these pictures; whether the device took the press."""
        stage, asked = self.stage, len(self.stage.messenger.asked)
        stage.pins.press()
        self.passes(0.1)
        stage.pins.release()
        if stage.door.state is not State.CAPTURING:
            return False
        stage.photos(tuple(self.photo(name) for name in names[: stage.photographer.frames[-1]]))
        assert len(stage.messenger.asked) == asked + 1
        self._answer()
        self.passes(0.1)
        return True

    def _answer(self) -> None:
        press, photos = self.stage.messenger.asked[-1]
        pressed_at = self.clock.now() - timedelta(seconds=self.stage.now_s - press.at_s)
        parts = zip(FIELDS, ["door.jpg"] * len(FIELDS), photos, strict=False)
        body, type_header = form(*parts)
        headers = {
            **self.door.press(),
            "Idempotency-Key": press.id,
            "Porteiro-Pressed-At": pressed_at.isoformat(),
            "Porteiro-Agreeing-Faces": str(press.agreeing),
            **type_header,
        }
        answer = self.door.server.ask("POST", "/", body, headers)
        told = Reply(
            answer.status,
            answer.headers["Content-Type"].partition(";")[0],
            answer.headers.get("Idempotency-Key", ""),
            answer.body,
            ms=1.0,
            retry_after=answer.headers.get("Retry-After", ""),
        )
        expected = ExpectedProof(signing_key(self.door.token), photo_digests(photos))
        self.stage.inbox.put(judge(told, press, expected, self.stage.wall()))

    def waits_until_ready(self) -> float:
        """Let time go by until the device takes a press; gives the seconds."""
        began_s = self.stage.now_s
        while self.stage.door.state is not State.READY:
            self.passes(TURN_S)
        return self.stage.now_s - began_s


@pytest.fixture
def entrance(house: House, clock: Clock, photo: Photo) -> Iterator[Entrance]:
    """The front door of Ana's house."""
    server = served(house)
    enrolled(server, "Ana", photo("ana-1"))
    entrance = Entrance(add_door(server, house.stores, "front"), clock, photo)
    clock.set(entrance.stage.wall())
    yield entrance
    entrance.stage.relay.stop()


def events_of(server: InProcessServer) -> list[tuple[str, str, int]]:
    events = server.ask("GET", "/events").json["events"]
    return [
        (event["action"], event["subject"], event["tries"]["tries"])
        for event in events
        if event["kind"] == "door"
    ]


def test_fifteen_refusals_slow_the_door_and_tell_its_owner_and_ana_is_let_in_soon(entrance: Entrance) -> None:
    waits = []
    for _ in range(15):
        assert entrance.presses("bruno-1", "bruno-2")
        assert entrance.stage.door.state is State.REFUSED
        waits.append(round(entrance.waits_until_ready()))
    assert isinstance(entrance.door.server, InProcessServer)

    assert waits == [3] * 11 + [4, 8, 16, 30]  # a result is shown for 3 s
    assert events_of(entrance.door.server) == [("tried", "device:front", 12)]
    assert entrance.lit[-2:] == ["wait", "idle"]

    entrance.presses("bruno-1", "bruno-2")  # and once more, just before she comes
    entrance.passes(3.5)
    assert (entrance.stage.door.pattern, entrance.presses("ana-2", "ana-3")) == (lamps.WAIT, False)
    assert entrance.waits_until_ready() <= 30
    entrance.presses("ana-2", "ana-3")

    assert (entrance.stage.door.state, entrance.stage.relay.pulses) == (State.GRANTED, 1)
    assert events_of(entrance.door.server)[1:] == [("let_in", "device:front", 16)]
    entrance.waits_until_ready()
    entrance.presses("bruno-1", "bruno-2")
    assert round(entrance.waits_until_ready()) == 3


def test_a_device_that_was_started_anew_meets_the_wait_and_opens_after_it(entrance: Entrance) -> None:
    for _ in range(15):
        entrance.presses("bruno-1", "bruno-2")
        entrance.waits_until_ready()
    entrance.presses("bruno-1", "bruno-2")
    before = entrance.stage
    entrance.stage = Stage().ready()
    entrance.stage.ids = (f"later-{number}" for number in range(100))
    entrance.stage.now_s = before.now_s
    entrance.door.restart()
    entrance.passes(1)
    before.relay.stop()

    assert entrance.presses("ana-2", "ana-3")
    assert (entrance.stage.door.state, entrance.stage.relay.pulses) == (State.WAITING, 0)
    assert entrance.waits_until_ready() <= 30
    entrance.presses("ana-2", "ana-3")

    assert (entrance.stage.door.state, entrance.stage.relay.pulses) == (State.GRANTED, 1)


@pytest.mark.parametrize("names", [("ana-2", "bruno-1"), ("ana-2", "nobody-1"), ("ana-2", "ana-2")])
def test_a_relay_opens_for_two_photos_that_agree_and_for_no_others(
    entrance: Entrance, names: tuple[str, ...]
) -> None:
    entrance.presses(*names)

    assert (entrance.stage.door.state, entrance.stage.relay.pulses) == (State.REFUSED, 0)
