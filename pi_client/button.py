"""A button that bounces, glitches, is held at boot or gets stuck: from samples to events."""

import math
from enum import Enum


class ButtonEvent(Enum):
    """What a button did."""

    PRESSED = "pressed"
    RELEASED = "released"
    STUCK = "stuck"


class Button:
    """Counts a change once it has lasted for the debounce time, sampled by the clock that is given.

    A button that is down at the first sample counts as released only once it was up: a short circuit at boot
    rings at nobody's door.
    """

    def __init__(self, debounce_s: float, stuck_s: float):
        self._debounce_s, self._stuck_s = debounce_s, stuck_s
        self._armed = False
        self._raw: bool | None = None
        self._changed_at_s = 0.0
        self._down_since_s = math.inf
        self.is_down = False
        self.is_stuck = False

    def sample(self, now_s: float, *, down: bool) -> ButtonEvent | None:
        """Take one sample; gives what it completes."""
        if down != self._raw:
            self._raw, self._changed_at_s = down, now_s
        if now_s - self._changed_at_s >= self._debounce_s and down != self.is_down:
            return self._changed(down=down)
        if self.is_down and not self.is_stuck and now_s - self._down_since_s >= self._stuck_s:
            self.is_stuck = True
            return ButtonEvent.STUCK
        if not self._armed and not down and now_s - self._changed_at_s >= self._debounce_s:
            self._armed = True
        return None

    def _changed(self, *, down: bool) -> ButtonEvent | None:
        self.is_down, self.is_stuck = down, False
        self._down_since_s = self._changed_at_s if down else math.inf
        if not self._armed:
            self._armed = not down
            return None
        return ButtonEvent.PRESSED if down else ButtonEvent.RELEASED
