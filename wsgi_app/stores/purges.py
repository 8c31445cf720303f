"""What the last purge saw of the clocks, and why the next one waits until an owner approves it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.clocks import Clocks
from wsgi_app.base.errors import Conflict
from wsgi_app.base.purges import HoldReason
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, Event, tell
from wsgi_app.stores.tables import events, purges

STORAGE = "storage"  # the subject of what is told of a purge for room


@dataclass(frozen=True)
class PurgeDoubt:
    """What makes one doubt a purge.

    Attributes:
        reason: what it is.
        visits: how many would go.
        of: so many.
        counts: how much of each kind of rows would go, by its name.
        newest: the highest number of a visit that tells whether the clock is right. What came later, perhaps
            by a clock that is wrong, ends no doubt.
    """

    reason: HoldReason
    visits: int
    of: int
    counts: Mapping[str, int]
    newest: int


@dataclass(frozen=True)
class Hold:
    """A purge that waits.

    Attributes:
        doubt: why, as the last try found it.
        since: when it began to, by the time of day then.
        approved_by: who said that it may go on; ``None`` for nobody yet.
    """

    doubt: PurgeDoubt
    since: datetime
    approved_by: str | None = None


@dataclass(frozen=True)
class PurgeState:
    """How it is with purges: the clocks as the last one saw them, where it took them down, and what waits."""

    last: Clocks | None
    hold: Hold | None


class RoomTold(StrEnum):
    """What is told of visits that were to go before their time, as a disk is short."""

    MADE_ROOM = "made_room"
    """They did, and there is room."""
    NO_ROOM = "no_room"
    """There is not, whether any did or not."""


class PurgeStore(ActingStore):
    """That in the database, in one row."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self._now = database, now

    def state(self) -> PurgeState:
        """How it is now."""
        with self._database.read() as connection:
            return _state(connection)

    def hold(self, doubt: PurgeDoubt) -> Hold:
        """Have purges wait, or go on to.

        It is told as it begins, and where the reason is another one than before: what was approved then is
        not approved now.
        """
        with self._database.write() as connection:
            before = _state(connection).hold
            if before is not None and before.doubt.reason is doubt.reason:
                hold = replace(before, doubt=doubt)
            else:
                hold = Hold(doubt, self._now() if before is None else before.since)
                self._tell(connection, "held", doubt)
            connection.execute(_KEEP, _row_of(hold))
        return hold

    def approve(self) -> Hold:
        """Let the next purge go on.

        Raises:
            Conflict: none waits.
        """
        with self._database.write() as connection:
            hold = _state(connection).hold
            if hold is None:
                raise Conflict("no_purge_held")
            if hold.approved_by is None:
                hold = replace(hold, approved_by=self._by)
                connection.execute(_KEEP, _row_of(hold))
                self._tell(connection, "approved", hold.doubt, self._by)
        return hold

    def finish(self, hold: Hold | None, clocks: Clocks | None) -> None:
        """Keep that a purge has gone, and with it what it waited for, unless something else began meanwhile.

        Args:
            hold: why it had waited, as it was found.
            clocks: as the purge saw them; ``None`` keeps what an earlier one saw.
        """
        with self._database.write() as connection:
            now = _state(connection).hold
            if now is not None and (hold is None or _question(now) != _question(hold)):
                return
            if clocks is not None:
                seen = {"at": clocks.at, "boot": clocks.boot, "uptime_s": clocks.uptime.total_seconds()}
                connection.execute(_KEEP, seen)
            if now is not None:
                connection.execute(_KEEP, _NOT_HELD)
                self._tell(connection, "released" if now.approved_by else "ended", now.doubt)

    def tell_room(self, told: RoomTold, visits: int, of: int) -> None:
        """Tell how many visits of all went for room, and whether there is room then."""
        with self._database.write() as connection:
            tell(connection, self._now(), ("purge", told, STORAGE), visits=visits, of=of)

    def last_told_of_room(self) -> Event | None:
        """What was told so last; ``None`` for nothing that is still kept."""
        with self._database.read() as connection:
            row = connection.execute(_LAST_OF_ROOM).first()
        return Event(**row._mapping) if row else None

    def _tell(self, connection: sa.Connection, action: str, doubt: PurgeDoubt, by: str | None = None) -> None:
        what = ("purge", action, str(doubt.reason))
        tell(connection, self._now(), what, by, visits=doubt.visits, of=doubt.of)


def _state(connection: sa.Connection) -> PurgeState:
    row = connection.execute(_READ).one()
    last = None if row.at is None else Clocks(row.at, row.boot, timedelta(seconds=row.uptime_s))
    if row.held_at is None:
        return PurgeState(last, None)
    doubt = PurgeDoubt(row.reason, row.visits, row.of_visits, row.counts, row.newest)
    return PurgeState(last, Hold(doubt, row.held_at, row.approved_by))


def _question(hold: Hold) -> tuple[datetime, HoldReason]:
    return hold.since, hold.doubt.reason


def _row_of(hold: Hold) -> dict[str, Any]:
    doubt = hold.doubt
    return {
        "held_at": hold.since,
        "reason": doubt.reason,
        "visits": doubt.visits,
        "of_visits": doubt.of,
        "counts": dict(doubt.counts),
        "newest": doubt.newest,
        "approved_by": hold.approved_by,
    }


_READ = sa.select(purges)
_LAST_OF_ROOM = (
    sa.select(events)
    .where(events.c.subject == STORAGE, events.c.kind == "purge")
    .order_by(events.c.number.desc())
    .limit(1)
)
_KEEP = purges.update()
_NOT_HELD: dict[str, Any] = dict.fromkeys(
    ("held_at", "reason", "visits", "of_visits", "counts", "newest", "approved_by")
)
