"""The lamps, and what they and the buzzer tell: patterns as data.

Three lamps stand apart, in the order of ``Lamp``, so that their place tells what their colour tells. No
pattern has more than two flashes a second (WCAG 2.2, 2.3.1 allows three).
"""

from dataclasses import dataclass
from enum import Enum


class Lamp(Enum):
    """What can be switched on, by the name of its pin in the configuration."""

    YELLOW = "yellow"
    GREEN = "green"
    RED = "red"
    BUZZER = "buzzer"


Lit = frozenset[Lamp]
NOTHING: Lit = frozenset()
YELLOW: Lit = frozenset({Lamp.YELLOW})
GREEN: Lit = frozenset({Lamp.GREEN})
RED: Lit = frozenset({Lamp.RED})
BUZZER: Lit = frozenset({Lamp.BUZZER})


@dataclass(frozen=True)
class Pattern:
    """What is lit, step by step.

    Attributes:
        name: for logs and pages.
        steps: seconds and what is lit for so long; begun anew after the last.
        sound: once, at the beginning, beside the steps: seconds and what sounds for so long.
    """

    name: str
    steps: tuple[tuple[float, Lit], ...]
    sound: tuple[tuple[float, Lit], ...] = ()

    def at(self, elapsed_s: float) -> Lit:
        """What is lit so many seconds after the pattern began."""
        return _step(self.steps, elapsed_s % sum(seconds for seconds, _ in self.steps)) | _step(
            self.sound, elapsed_s
        )


def _step(steps: tuple[tuple[float, Lit], ...], elapsed_s: float) -> Lit:
    for seconds, lit in steps:
        if elapsed_s < seconds:
            return lit
        elapsed_s -= seconds
    return NOTHING


LONG = ((0.8, BUZZER),)
TWO_SHORT = ((0.15, BUZZER), (0.15, NOTHING), (0.15, BUZZER))

IDLE = Pattern("idle", ((1.0, NOTHING),))
BUSY = Pattern("busy", ((1.0, YELLOW),))
GRANTED = Pattern("granted", ((1.0, GREEN),), LONG)
REFUSED = Pattern("refused", ((0.5, RED), (0.5, NOTHING)), TWO_SHORT)
WAIT = Pattern("wait", ((1.0, RED | YELLOW), (1.0, NOTHING)))
TROUBLE = Pattern("trouble", ((0.25, YELLOW), (0.25, NOTHING)))
MISCONFIGURED = Pattern("misconfigured", ((0.5, RED), (0.5, YELLOW)))
CLOCK = Pattern("clock", ((0.5, YELLOW), (0.5, NOTHING)))
CAMERA = Pattern("camera", ((0.15, RED), (0.25, NOTHING), (0.15, RED), (1.45, NOTHING)))
OFFLINE = Pattern("offline", ((0.1, YELLOW), (2.9, NOTHING)))
STUCK = Pattern("stuck", ((0.4, RED), (2.6, NOTHING)))

PATTERNS = (IDLE, BUSY, GRANTED, REFUSED, WAIT, TROUBLE, MISCONFIGURED, CLOCK, CAMERA, OFFLINE, STUCK)
