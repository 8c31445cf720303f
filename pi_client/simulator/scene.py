"""What a person sees of the simulated device at one moment, in plain data and in words."""

from dataclasses import dataclass
from typing import Protocol

from pi_client import lamps
from pi_client.door import PressCounts
from pi_client.lamps import Lit, Pattern
from pi_client.machine import RESULTS, State
from pi_client.simulator.stage import Stage

WORDS = {
    State.STARTING: "Starting: waiting for the camera.",
    State.READY: "Ready. Press the button.",
    State.DEGRADED: "The camera does not work: see the log.",
    State.CAPTURING: "Taking a photo.",
    State.UPLOADING: "Asking the server.",
    State.GRANTED: "Come in.",
    State.REFUSED: "Not let in.",
    State.WAITING: "Refused many times in a row: wait a moment.",
    State.FAILED: "That did not work: see the log.",
    State.STOPPED: "Switched off.",
}

# What a pattern tells goes before what the state tells.
WORDS_OF_PATTERNS = {
    lamps.TROUBLE: "The server could not answer: see the log.",
    lamps.MISCONFIGURED: "Something is set up wrongly: see the log.",
    lamps.CLOCK: "The clocks of door and server differ: see the log.",
    lamps.CAMERA: "The camera does not work: see the log.",
    lamps.OFFLINE: "The server cannot be reached. Press the button to try.",
    lamps.STUCK: "The button is stuck, or held down.",
}
LET_GO = "Let go of the button."


class SimulatedDevice(Protocol):
    """The pins, as a hand and an eye meet them."""

    @property
    def lit(self) -> Lit:
        """What is lit now."""

    @property
    def relay_closed(self) -> bool:
        """Whether the door can be opened now."""

    def press(self) -> None:
        """Push the button down, until ``release``."""

    def release(self) -> None:
        """Let the button go."""


class Watched(Protocol):
    """A door, as far as a scene shows it."""

    @property
    def state(self) -> State:
        """Where the door is."""

    @property
    def pattern(self) -> Pattern:
        """What the lamps show."""

    @property
    def counts(self) -> PressCounts:
        """Presses so far."""


@dataclass(frozen=True)
class Scene:
    """One moment.

    Attributes:
        state: of the door's machine.
        words: the same for a person.
        pattern: that the lamps show, by name.
        lamps: what is lit, by name, in alphabetical order; the buzzer is one of them.
        relay: whether the door can be opened.
        presses: since the beginning.
        ignored: presses while another was dealt with.
        chosen: the photo before the camera, by name; ``""`` before a webcam.
    """

    state: str
    words: str
    pattern: str
    lamps: tuple[str, ...]
    relay: bool
    presses: int
    ignored: int
    chosen: str


def words_for(state: State, pattern: Pattern) -> str:
    """What the device tells, in words."""
    if state is State.STOPPED:
        return WORDS[state]
    if state in RESULTS and pattern is lamps.IDLE:
        return LET_GO
    return WORDS_OF_PATTERNS.get(pattern, WORDS[state])


def scene_of(door: Watched, device: SimulatedDevice, stage: Stage) -> Scene:
    """The scene at this moment."""
    state, pattern = door.state, door.pattern
    return Scene(
        state=state.value,
        words=words_for(state, pattern),
        pattern=pattern.name,
        lamps=tuple(sorted(lamp.value for lamp in device.lit)),
        relay=device.relay_closed,
        presses=door.counts.presses,
        ignored=door.counts.ignored,
        chosen=stage.chosen,
    )
