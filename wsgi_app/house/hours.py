"""Hours of the week, on the clocks of the house.

They are written as ``tue 09:00-12:00``, ``mon-fri 09:00-17:30`` or ``fri,sat 22:00-02:00``, which ends on
the day after. The three fields of a form's row, ``tue``, ``09:00`` and ``12:00``, say the same, and a row of
empty fields says nothing.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from wsgi_app.base.errors import Unfit

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
DAY_CHOICES = dict(zip(DAYS, DAY_NAMES, strict=True)) | {
    "mon-fri": "Mondays to Fridays",
    "sat-sun": "Saturdays and Sundays",
    "mon-sun": "every day",
}
MIDNIGHT = 24 * 60
MOST_ROWS = 21

TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
SPAN = re.compile(r"([0-9:]+)-([0-9:]+)")


@dataclass(frozen=True)
class Hours:
    """The same span of time on some days of the week.

    Attributes:
        days: 0 for Monday to 6 for Sunday, in that order.
        start: minutes since midnight.
        end: likewise; not after ``start``, it is on the day after, as midnight is with 0.
    """

    days: tuple[int, ...]
    start: int
    end: int

    def hold(self, local: datetime) -> bool:
        """Whether it is that time on the clocks of the house."""
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        began_yesterday = (day - 1) % len(DAYS) in self.days
        return (day in self.days and minute >= self.start) or (began_yesterday and minute < self.end)

    @property
    def days_text(self) -> str:
        """The days as they are written: ``mon-fri``."""
        return ",".join("-".join(DAYS[day] for day in _ends(run)) for run in _runs(self.days))

    @property
    def days_in_words(self) -> str:
        """As people say them: ``Mondays to Fridays``."""
        return _days_in_words(self.days)

    @property
    def start_text(self) -> str:
        """The start as it is written: ``09:00``."""
        return _clock(self.start)

    @property
    def end_text(self) -> str:
        """The end likewise."""
        return _clock(self.end)

    def __str__(self) -> str:
        """As it is written: ``mon-fri 09:00-12:00``."""
        return f"{self.days_text} {self.start_text}-{self.end_text}"

    def in_words(self) -> str:
        """As people say it: ``Mondays to Fridays 9:00 to 12:00``."""
        if self == NEVER:
            return "never, for these hours cannot be read; write them anew"
        if (self.start, self.end) == (0, 0):
            return f"{self.days_in_words} all day"
        next_day = " the next day" if 0 < self.end < self.start else ""
        end = _short(self.end) if self.end else "midnight"
        return f"{self.days_in_words} {_short(self.start)} to {end}{next_day}"


NEVER = Hours((), 0, 0)  # in place of hours that nobody can read: then the door stays shut


def read_hours(texts: Iterable[str]) -> tuple[Hours, ...]:
    """Hours as they are written, or as a form has them.

    Raises:
        Unfit: they cannot be read.
    """
    texts = list(texts)
    if not any(" " in text for text in texts):
        _refuse_half_rows(texts)
    words = SPAN.sub(r"\1 \2", " ".join(texts).lower()).split()
    if len(words) % 3:
        raise Unfit("bad_rule:row")
    if len(words) > 3 * MOST_ROWS:
        raise Unfit("bad_rule:many_rows", most=MOST_ROWS)
    rows = zip(words[::3], words[1::3], words[2::3], strict=True)
    return tuple(_row(days, start, end) for days, start, end in rows)


def _refuse_half_rows(fields: Sequence[str]) -> None:
    """Refuse rows of a form that are filled in by half; whole ones and empty ones pass."""
    for days, start, end in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
        if days and not (start and end):
            raise Unfit("bad_rule:no_times", days=DAY_CHOICES.get(days, days))
        if (start or end) and not days:
            raise Unfit("bad_rule:no_day", time=start or end)


def _row(days: str, start: str, end: str) -> Hours:
    first, last = _read_clock(start), _read_clock(end) % MIDNIGHT
    if first == MIDNIGHT or first == last != 0:
        raise Unfit("bad_rule:same_times")
    return Hours(_read_days(days), first, last)


def _read_days(text: str) -> tuple[int, ...]:
    days: set[int] = set()
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2 or not set(ends) <= set(DAYS):  # noqa: PLR2004
            raise Unfit("bad_rule:days", days=", ".join(DAYS))
        first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
        days |= {(first + step) % len(DAYS) for step in range((last - first) % len(DAYS) + 1)}
    return tuple(sorted(days))


def _read_clock(text: str) -> int:
    clock = TIME.fullmatch(text)
    hour, minute = map(int, clock.groups()) if clock else (MIDNIGHT, 0)
    if minute > 59 or hour * 60 + minute > MIDNIGHT:  # noqa: PLR2004
        raise Unfit("bad_rule:times")
    return hour * 60 + minute


def _runs(days: Sequence[int]) -> list[list[int]]:
    """Days that follow each other, together."""
    runs = groupby(enumerate(days), key=lambda place: place[1] - place[0])
    return [[day for _, day in run] for _, run in runs]


def _ends(run: Sequence[int]) -> Sequence[int]:
    return run if len(run) == 1 else (run[0], run[-1])


def _days_in_words(days: tuple[int, ...]) -> str:
    if len(days) == len(DAYS):
        return "every day"
    words: list[str] = []
    for run in _runs(days):
        names = [DAY_NAMES[day] for day in run]
        words += names if len(run) <= 2 else [f"{names[0]} to {names[-1]}"]  # noqa: PLR2004
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _short(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02}"
