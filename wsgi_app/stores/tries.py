"""Tries at the doors, kept with the visits that they are: one row for each door that was tried of late."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import Conflict, Forbidden, TooManyRequests
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.tries import TRIES, Series, TryRule, begun, is_try
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import tell
from wsgi_app.stores.presses import Press, keep_press
from wsgi_app.stores.tables import tried_doors, visits

# Asked before each press, and mostly no door is tried: the question itself is then what costs.
IS_ANY = "SELECT EXISTS (SELECT 1 FROM tried_doors)"


class TryStore:
    """Series of tries in the database, where every worker finds them and no restart ends them."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self._now = database, now

    def at(self, door: DoorId, rule: TryRule) -> Series | None:
        """The series that goes on at a door; ``None`` for none."""
        if not self._database.value(IS_ANY):
            return None
        with self._database.read() as connection:
            return _going_on(connection, door, rule, self._now())

    def spend(self, press: Press) -> None:
        """Make a press that came too soon the device's last one: what carried it is not judged later."""
        with suppress(Conflict, Forbidden), self._database.write() as connection:
            keep_press(connection, press)

    def everywhere(self, rule: TryRule) -> list[Series]:
        """Every series that goes on, the longest first."""
        now = self._now()
        with self._database.read() as connection:
            kept = [_series_from(row) for row in connection.execute(_LATEST, {"since": now - rule.window})]
        return [series for series in kept if series.goes_on(rule, now)]


def refuse_too_soon(series: Series | None, rule: TryRule, now: datetime) -> None:
    """Refuse a press at a door that waits.

    Raises:
        TooManyRequests: it does.
    """
    wait_s = 0 if series is None else series.wait_s(rule, now)
    if wait_s:
        raise TooManyRequests("too_soon", seconds=wait_s, wait_s=wait_s)


def keep_try(
    connection: sa.Connection,
    door: DoorId,
    visit: tuple[str, Outcome, Reason | None],
    rule: TryRule,
    now: datetime,
) -> Series | None:
    """Count a visit that is about to be stored, in its transaction; gives the series that then goes on.

    Where a series begins, has doubled, or ends because somebody is let in, that is told.

    Args:
        connection: of that transaction.
        door: where the visit is.
        visit: its id, outcome and reason.
        rule: what a series is.
        now: the time of day.

    Raises:
        TooManyRequests: another press was refused while this one was judged, and the door waits by now.
    """
    if not rule.tries:
        return None
    visit_id, outcome, reason = visit
    before = _going_on(connection, door, rule, now)
    refuse_too_soon(before, rule, now)
    if outcome is Outcome.KNOWN and before is not None:
        connection.execute(_FORGET, vars(door))
        _tell(connection, now, "let_in", before, visit_id)
        return None
    if not is_try(outcome, reason):
        return before
    series = before.with_try(now) if before else _begun(connection, door, rule, now)
    if series is not None:
        connection.execute(_FORGET, vars(door))
        connection.execute(_KEEP, _row_of(series))
        if rule.is_told(series.tries):
            _tell(connection, now, "tried", series, visit_id)
    return series


def _begun(connection: sa.Connection, door: DoorId, rule: TryRule, now: datetime) -> Series | None:
    values = {**vars(door), "since": now - rule.window, "until": now, "most": rule.tries}
    recent = [(row.at, row.outcome, row.reason) for row in connection.execute(_RECENT, values)]
    return begun(door, now, recent, rule)


def _going_on(connection: sa.Connection, door: DoorId, rule: TryRule, now: datetime) -> Series | None:
    row = connection.execute(_AT, vars(door)).first()
    series = _series_from(row) if row else None
    return series if series is not None and series.goes_on(rule, now) else None


def _tell(connection: sa.Connection, now: datetime, action: str, series: Series, visit_id: str) -> None:
    what, since = ("door", action, str(series.door)), series.since.isoformat()
    tell(connection, now, what, tries=series.tries, since=since, visit=visit_id)


def _row_of(series: Series) -> dict[str, Any]:
    return {**vars(series), "door_kind": series.door.kind, "door": series.door.name}


def _series_from(row: sa.Row[Any]) -> Series:
    return Series(DoorId(row.door_kind, row.door), row.since, row.last_at, row.tries)


# Made once, as in ``visits``.
_IS_AT = sa.and_(tried_doors.c.door_kind == sa.bindparam("kind"), tried_doors.c.door == sa.bindparam("name"))
_AT = sa.select(tried_doors).where(_IS_AT)
_LATEST = (
    sa.select(tried_doors)
    .where(tried_doors.c.last_at >= sa.bindparam("since"))
    .order_by(tried_doors.c.tries.desc(), tried_doors.c.door)
)
_FORGET = tried_doors.delete().where(_IS_AT)
_KEEP = tried_doors.insert()
_RECENT = (
    sa.select(visits.c.at, visits.c.outcome, visits.c.reason)
    .where(
        visits.c.door_kind == sa.bindparam("kind"),
        visits.c.door == sa.bindparam("name"),
        # What is later than now came before the clock was set back: it is none of the window.
        visits.c.at.between(
            sa.bindparam("since", type_=visits.c.at.type), sa.bindparam("until", type_=visits.c.at.type)
        ),
        visits.c.outcome.in_([Outcome.KNOWN, *sorted(TRIES)]),
    )
    .order_by(visits.c.at.desc())
    .limit(sa.bindparam("most"))
)
