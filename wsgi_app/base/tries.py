"""Trying again and again at one door: from when on refusals in a row make it wait, and for how long."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome, Reason

# Refusals of a face that was compared. Whoever is in the dark or too far away has tried nothing, and a friend
# who looks for the right place before the camera is not to be slowed. ``NOT_NOW`` is one of them: a photo of
# somebody could else be tried all night, until their hours begin.
TRIES = frozenset((Outcome.UNKNOWN, Outcome.NOT_NOW))

FIRST_WAIT_S = 4  # doubled with each further try


def is_try(outcome: Outcome, reason: Reason | None) -> bool:
    """Whether a visit counts: not one whose photos all know somebody, where more of them should have come."""
    return outcome in TRIES and reason is not Reason.FEW_PHOTOS


@dataclass(frozen=True)
class TryRule:
    """From when on a door waits between presses.

    Attributes:
        tries: so many within the window begin a series; 0 for never.
        window: a series is over once there was no try for so long.
        longest_wait_s: of all waits: after each, whoever presses first is looked at.
    """

    tries: int = 12
    window: timedelta = timedelta(minutes=10)
    longest_wait_s: int = 30

    def wait_s(self, tries: int) -> int:
        """For how long the door waits after so many tries."""
        if not 0 < self.tries <= tries:
            return 0
        doublings = min(tries - self.tries, self.longest_wait_s)  # none too large a number for nothing
        return min(FIRST_WAIT_S << doublings, self.longest_wait_s)

    def is_told(self, tries: int) -> bool:
        """Whether so many tries are told: as a series begins, and each time that it has doubled."""
        doubled, rest = divmod(tries, self.tries)
        return rest == 0 and doubled.bit_count() == 1


@dataclass(frozen=True)
class Series:
    """Tries at one door, with nobody let in between.

    Attributes:
        door: at which.
        since: when the first of them was.
        last_at: when the last of them was.
        tries: how many.
    """

    door: DoorId
    since: datetime
    last_at: datetime
    tries: int

    def goes_on(self, rule: TryRule, now: datetime) -> bool:
        """Whether it is not over yet."""
        return 0 < rule.tries <= self.tries and now - self.last_at <= rule.window

    def wait_s(self, rule: TryRule, now: datetime) -> int:
        """How many seconds the door still waits; 0 where it does not, or the clock was set back."""
        wait, passed = timedelta(seconds=rule.wait_s(self.tries)), now - self.last_at
        return ceil((wait - passed).total_seconds()) if timedelta() <= passed < wait else 0

    def with_try(self, at: datetime) -> "Series":
        """The same with one more."""
        return replace(self, tries=self.tries + 1, last_at=at)


def begun(
    door: DoorId, at: datetime, recent: Iterable[tuple[datetime, Outcome, Reason | None]], rule: TryRule
) -> Series | None:
    """The series that a try begins; ``None`` while there were too few.

    Args:
        door: at which it is made.
        at: when.
        recent: moments, outcomes and reasons of the door's visits within the window before it, newest first.
        rule: what is too few.
    """
    moments = [at]
    for moment, outcome, reason in recent:
        if outcome is Outcome.KNOWN:
            break
        if is_try(outcome, reason):
            moments.append(moment)
    return Series(door, moments[-1], at, len(moments)) if len(moments) >= rule.tries else None
