"""Which pattern the lamps show, and its course."""

from dataclasses import dataclass

from pi_client import lamps
from pi_client.faults import HANDLING, Fault
from pi_client.lamps import Pattern
from pi_client.machine import RESULTS, State
from pi_client.ports import Pins

SHOWN = {
    State.STARTING: lamps.BUSY,
    State.CAPTURING: lamps.BUSY,
    State.UPLOADING: lamps.BUSY,
    State.GRANTED: lamps.GRANTED,
    State.REFUSED: lamps.REFUSED,
    State.WAITING: lamps.WAIT,
    State.STOPPED: lamps.IDLE,
}


@dataclass(frozen=True)
class DoorCondition:
    """What decides the pattern.

    Attributes:
        state: of the door.
        fault: of the last press, if it failed.
        result_is_over: a result was shown for its time, though the button may still be down.
        button_is_stuck: or held down.
        camera_ok: photos can be taken.
        server_ok: the last health check was answered.
    """

    state: State
    fault: Fault | None
    result_is_over: bool
    button_is_stuck: bool
    camera_ok: bool
    server_ok: bool


def pattern_for(condition: DoorCondition) -> Pattern:
    """The pattern: of the press, else of what needs somebody's hand, the nearest first."""
    if not (condition.state in RESULTS and condition.result_is_over):
        if condition.state in SHOWN:
            return SHOWN[condition.state]
        if condition.state is State.FAILED and condition.fault:
            return HANDLING[condition.fault].pattern
    if condition.button_is_stuck:
        return lamps.STUCK
    if not condition.camera_ok:
        return lamps.CAMERA
    return lamps.IDLE if condition.server_ok else lamps.OFFLINE


class Display:
    """Keeps the course of the pattern that is shown."""

    def __init__(self, pins: Pins, now_s: float):
        self._pins, self.pattern, self._since_s = pins, lamps.IDLE, now_s

    def show(self, pattern: Pattern, now_s: float) -> None:
        """Go on with a pattern, or begin another."""
        if pattern is not self.pattern:
            self.pattern, self._since_s = pattern, now_s
        self._pins.light(pattern.at(now_s - self._since_s))
