"""The days of the house: when each begins and ends, and what of it a timeline shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from wsgi_app.base.errors import Unfit

FIRST, LAST = date(1970, 1, 2), date(9000, 1, 1)  # days that every clock here can count with
STEPS = 96  # into which a timeline cuts a day: a quarter of an hour each


@dataclass(frozen=True)
class Day:
    """A day as the clocks of the house have it: 23, 24 or 25 hours long.

    Attributes:
        on: which date.
        since: its first moment.
        until: the first moment of the next day.
    """

    on: date
    since: datetime
    until: datetime

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Its first moment, and the first of the next day."""
        return self.since, self.until

    @property
    def before(self) -> date:
        """The day before."""
        return self.on - timedelta(days=1)

    @property
    def after(self) -> date:
        """The day after."""
        return self.on + timedelta(days=1)

    def step(self, at: datetime) -> int:
        """Into which step of its timeline a moment falls, from 0."""
        return int((at - self.since) / (self.until - self.since) * STEPS)


@dataclass(frozen=True)
class Mark:
    """Some visits at one time of a day's timeline.

    Attributes:
        step: when, from 0 to ``STEPS`` - 1.
        light: in which light they are shown.
        below: how many visits of other lights stand below them.
        count: how many they are.
    """

    step: int
    light: str
    below: int
    count: int


def day_of(on: date, timezone: tzinfo | None) -> Day:
    """A day of the house; ``None`` takes this machine's time zone."""
    return Day(on, _midnight(on, timezone), _midnight(on + timedelta(days=1), timezone))


def day_at(moment: datetime, timezone: tzinfo | None) -> Day:
    """The day in which a moment is."""
    return day_of(moment.astimezone(timezone).date(), timezone)


def read_day(text: str, timezone: tzinfo | None) -> Day:
    """A day out of YYYY-MM-DD.

    Raises:
        Unfit: it is none, or too far away.
    """
    try:
        on = date.fromisoformat(text)
    except ValueError as error:
        raise Unfit("bad_query:day") from error
    if on.isoformat() != text or not FIRST <= on <= LAST:
        raise Unfit("bad_query:day")
    return day_of(on, timezone)


def marks(day: Day, moments: Iterable[tuple[datetime, str]]) -> list[Mark]:
    """What a timeline shows of a day: how many visits there were at each time, by their lights."""
    counts: dict[int, dict[str, int]] = {}
    for at, light in moments:
        lights = counts.setdefault(day.step(at), {})
        lights[light] = lights.get(light, 0) + 1
    drawn = []
    for step, lights in sorted(counts.items()):
        below = 0
        for light, count in sorted(lights.items()):
            drawn.append(Mark(step, light, below, count))
            below += count
    return drawn


def _midnight(on: date, timezone: tzinfo | None) -> datetime:
    return datetime.combine(on, time(), timezone).astimezone(UTC)
