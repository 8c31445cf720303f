import pytest

from pi_client import lamps
from pi_client.door import PressCounts
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.lamps import PATTERNS, Pattern
from pi_client.machine import State
from pi_client.simulator.scene import Scene, scene_of, words_for
from pi_client.simulator.stage import PhotoStage
from tests.pi_client.simulator.staging import PHOTOS, ScriptedDoor


def test_a_scene_tells_all_that_can_be_seen() -> None:
    device = FakePins()
    device.light(lamps.GREEN | lamps.BUZZER)
    device.set_relay(closed=True)
    door = ScriptedDoor(State.GRANTED, lamps.GRANTED, PressCounts(3, 1))
    stage = PhotoStage(PHOTOS, FakeCamera(PHOTOS, lambda: 0.0))

    assert scene_of(door, device, stage) == Scene(
        state="granted", words="Come in.", pattern="granted", lamps=("buzzer", "green"), relay=True,
        presses=3, ignored=1, chosen="ana-1.jpg",
    )  # fmt: skip


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_there_are_words_for_everything(state: State, pattern: Pattern) -> None:
    assert words_for(state, pattern).endswith(".")


@pytest.mark.parametrize(
    ("state", "pattern", "words"),
    [
        (State.READY, lamps.IDLE, "Ready. Press the button."),
        (State.READY, lamps.OFFLINE, "The server cannot be reached. Press the button to try."),
        (State.GRANTED, lamps.GRANTED, "Come in."),
        (State.GRANTED, lamps.IDLE, "Let go of the button."),
        (State.REFUSED, lamps.REFUSED, "Not let in."),
        (State.STOPPED, lamps.OFFLINE, "Switched off."),
        (State.FAILED, lamps.TROUBLE, "The server could not answer: see the log."),
    ],
)
def test_the_words_fit(state: State, pattern: Pattern, words: str) -> None:
    assert words_for(state, pattern) == words
