"""When somebody may come in: a period, and hours of the week."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from wsgi_app.base.errors import Unfit
from wsgi_app.house.hours import Hours

FIRST_YEAR, LAST_YEAR = 2000, 2999
WHOLE_DAY = timedelta(days=1)

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Rule:
    """When somebody may come in; the default is at any time.

    Attributes:
        valid_from: not before.
        valid_until: no longer at.
        hours: at one of these, where there are any.
    """

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    hours: tuple[Hours, ...] = ()

    def may_enter(self, local: datetime) -> bool:
        """Whether they may come in now; ``local`` is the time on the clocks of the house, aware."""
        if self.valid_from is not None and local < self.valid_from:
            return False
        if self.valid_until is not None and local >= self.valid_until:
            return False
        return not self.hours or any(hours.hold(local) for hours in self.hours)

    def in_words(self, zone: tzinfo | None) -> str:
        """As people say it: ``Tuesdays 9:00 to 12:00, until 3 Dec 2026``."""
        parts = ["; ".join(hours.in_words() for hours in self.hours)]
        if self.valid_from is not None:
            parts.append(f"from {_in_words(self.valid_from.astimezone(zone))}")
        if self.valid_until is not None:
            parts.append(f"until {_end_in_words(self.valid_until.astimezone(zone))}")
        return ", ".join(part for part in parts if part) or "at any time"


def read_start(text: str, zone: tzinfo | None) -> datetime:
    """The begin of a period: a day, or a time, which is the house's where it names no zone.

    Raises:
        Unfit: it is neither, or of another age.
    """
    moment = _read(text, zone, timedelta())
    if moment is None:
        raise Unfit("bad_rule:start")
    if not _is_of_this_age(moment):
        raise Unfit("bad_rule:start_year", first=FIRST_YEAR, last=LAST_YEAR)
    return moment


def read_end(text: str, zone: tzinfo | None) -> datetime:
    """The end of a period, likewise; the day itself still belongs to it."""
    moment = _read(text, zone, WHOLE_DAY)
    if moment is None:
        raise Unfit("bad_rule:end")
    if not _is_of_this_age(moment):
        raise Unfit("bad_rule:end_year", first=FIRST_YEAR, last=LAST_YEAR)
    return moment


def write_start(moment: datetime | None, zone: tzinfo | None) -> str:
    """What ``read_start`` reads as that moment, as short as that can be; ``""`` for ``None``."""
    return _write(moment, zone, timedelta())


def write_end(moment: datetime | None, zone: tzinfo | None) -> str:
    """What ``read_end`` reads, likewise."""
    return _write(moment, zone, WHOLE_DAY)


def _read(text: str, zone: tzinfo | None, whole: timedelta) -> datetime | None:
    day = DAY.match(text)
    try:
        moment = datetime.fromisoformat(text if day else "")
        if day is not None and day.group() == text:
            moment += whole
        if moment.tzinfo is None and zone is not None:
            moment = moment.replace(tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_of_this_age(moment: datetime) -> bool:
    return FIRST_YEAR <= moment.year <= LAST_YEAR


def _write(moment: datetime | None, zone: tzinfo | None, whole: timedelta) -> str:
    if moment is None:
        return ""
    local = moment.astimezone(zone)
    if local.time() == time.min:
        return f"{(local - whole).date()}"
    return f"{local:%Y-%m-%dT%H:%M}"


def _in_words(local: datetime) -> str:
    day = f"{local.day} {local:%b %Y}"
    return day if local.time() == time.min else f"{day}, {local:%H:%M}"


def _end_in_words(local: datetime) -> str:
    # A period that ends with a day is over as the next one begins.
    return _in_words(local - WHOLE_DAY if local.time() == time.min else local)
