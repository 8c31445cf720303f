"""What happened, in the order of happening: the live feed's source, and the audit log."""

from collections.abc import Callable, Collection, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import sqlalchemy as sa

from wsgi_app.base.doors import DoorId, DoorState
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.database import Database
from wsgi_app.stores.tables import devices, events, people, visits

AT_THE_MACHINE = "command line"  # who does what `porteiro ...` does


class ActingStore:
    """A store that tells its changes: as made at this machine, or by whoever ``acting`` names."""

    _by = AT_THE_MACHINE

    def acting(self, by: str) -> Self:
        """The same store, with the changes told as somebody's."""
        store = copy(self)
        store._by = by
        return store


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        number: counts up, without gaps that could still be filled.
        at: when.
        kind: of what: ``visit``, ``person``, ``device``, ``door``, ``purge``, ``message``, ``account``,
            ``backup``, ``storage`` or ``quota``.
        action: what happened to it, such as ``came`` or ``changed``.
        subject: its id.
        by: who did it; ``None`` for what nobody did by hand.
        details: what else is told; never a name, which could be forgotten.
    """

    number: int
    at: datetime
    kind: str
    action: str
    subject: str
    by: str | None
    details: dict[str, Any]


@dataclass(frozen=True)
class SeenVisit:
    """A visit as those who watch are told of it; ``person`` is their id and name."""

    id: str
    at: datetime
    door: DoorId
    outcome: Outcome
    score: float | None
    person: tuple[str, str] | None


@dataclass(frozen=True)
class EventPage:
    """Some events, and what they are about as it is now; what is gone by now is in none of these.

    Attributes:
        last: the number of the latest event there is.
        events: oldest first.
        visits: by their ids.
        names: of people, by their ids.
        states: that were told of devices last, by their ids.
    """

    last: int
    events: list[Event]
    visits: dict[str, SeenVisit]
    names: dict[str, str]
    states: dict[str, DoorState]


class EventStore:
    """Events in the database."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self._now = database, now

    def last(self) -> int:
        """The number of the latest event, also if that is deleted; 0 before the first."""
        with self._database.read() as connection:
            return int(connection.execute(_LAST).scalar_one())

    def has_any(self, actions: Collection[str], after: int) -> bool:
        """Whether any of some actions was told since an event."""
        query = sa.select(events.c.number).where(events.c.number > after, events.c.action.in_(actions))
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def after(self, number: int, limit: int) -> list[Event]:
        """The events that follow one, oldest first."""
        with self._database.read() as connection:
            return [
                Event(**row._mapping) for row in connection.execute(_AFTER, {"after": number, "most": limit})
            ]

    def messages(self, limit: int) -> list[Event]:
        """The latest messages, oldest first."""
        query = sa.select(events).where(events.c.kind == "message").order_by(events.c.number.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return [Event(**row._mapping) for row in reversed(rows)]

    def page(self, after: int, limit: int) -> EventPage:
        """What everybody who watches may know of the events that follow one: all but those of accounts."""
        with self._database.read() as connection:
            rows = connection.execute(_PUBLIC_AFTER, {"after": after, "most": limit})
            public = [Event(**row._mapping) for row in rows]
            return EventPage(
                int(connection.execute(_LAST).scalar_one()),
                public,
                {row.id: _seen(row) for row in _about(connection, public, "visit")},
                {row.id: row.name for row in _about(connection, public, "person")},
                {row.id: row.told_state for row in _about(connection, public, "device")},
            )

    def about(self, kind: str, subject: str) -> list[Event]:
        """What is still kept of what happened to one thing, oldest first."""
        query = sa.select(events).where(events.c.kind == kind, events.c.subject == subject)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(events.c.number))
            return [Event(**row._mapping) for row in rows]

    def done_by_somebody(self, limit: int, before: int | None = None) -> list[Event]:
        """The audit log: what somebody did by hand, newest first, or what came before a number."""
        query = sa.select(events).where(events.c.by.is_not(None), events.c.kind != "message")
        if before is not None:
            query = query.where(events.c.number < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(events.c.number.desc()).limit(limit))
            return [Event(**row._mapping) for row in rows]

    def tell_backup(self, action: str, name: str) -> None:
        """Keep how a backup of some name went."""
        with self._database.write() as connection:
            tell(connection, self._now(), ("backup", action, name))

    def tell_storage(self, action: str, holds: str, free_mib: int, least_mib: int) -> None:
        """Keep how much room a disk has left, by what it holds."""
        with self._database.write() as connection:
            what = ("storage", action, holds)
            tell(connection, self._now(), what, free_mib=free_mib, least_mib=least_mib)

    def tell_photos(self, action: str, free_mib: int, least_mib: int, why: str | None = None) -> None:
        """Keep that no photo can be kept, and why, or that it can again; with the room of their disk."""
        details = {} if why is None else {"why": why}
        with self._database.write() as connection:
            what = ("storage", action, "photos")
            tell(connection, self._now(), what, free_mib=free_mib, least_mib=least_mib, **details)

    def say(self, text: str, by: str, sender: str) -> None:
        """Keep a message to everybody who watches; ``sender`` names the connection that it came from."""
        with self._database.write() as connection:
            tell(connection, self._now(), ("message", "said", sender), by, text=text)


def tell(
    connection: sa.Connection,
    at: datetime,
    what: tuple[str, str, str],
    by: str | None = None,
    **details: Any,
) -> None:
    """Keep an event in the transaction of what it tells; ``what`` is its kind, action and subject."""
    kind, action, subject = what
    row = {"at": at, "kind": kind, "action": action, "subject": subject, "by": by, "details": details}
    connection.execute(_TELL, row)


def tell_each(
    connection: sa.Connection, at: datetime, what: tuple[str, str], subjects: Collection[str], **details: Any
) -> None:
    """Keep the same event of several subjects; ``what`` is its kind and action, and nobody did it by hand."""
    kind, action = what
    rows = [
        {"at": at, "kind": kind, "action": action, "subject": subject, "by": None, "details": details}
        for subject in subjects
    ]
    if rows:
        connection.execute(_TELL, rows)


def _about(connection: sa.Connection, public: list[Event], kind: str) -> Iterable[sa.Row[Any]]:
    subjects = {event.subject for event in public if event.kind == kind}
    if kind == "person":
        subjects |= {event.details["like"] for event in public if "like" in event.details}
    return connection.execute(_SUBJECTS[kind], {"ids": list(subjects)}) if subjects else ()


def _seen(row: sa.Row[Any]) -> SeenVisit:
    person = None if row.name is None else (row.person_id, row.name)
    return SeenVisit(row.id, row.at, DoorId(row.door_kind, row.door), row.outcome, row.score, person)


# Made once, as in ``visits``.
_TELL = events.insert()
# What SQLite counted up to: the latest events may be deleted by now.
_COUNTED = sa.table("sqlite_sequence", sa.column("name", sa.Text), sa.column("seq", sa.Integer))
_LAST = sa.select(sa.func.coalesce(sa.func.max(_COUNTED.c.seq), 0)).where(_COUNTED.c.name == events.name)
_AFTER = (
    sa.select(events)
    .where(events.c.number > sa.bindparam("after"))
    .order_by(events.c.number)
    .limit(sa.bindparam("most"))
)
_PUBLIC_AFTER = _AFTER.where(events.c.kind != "account")
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_SUBJECTS = {
    "visit": sa.select(
        visits.c.id,
        visits.c.at,
        visits.c.door_kind,
        visits.c.door,
        visits.c.outcome,
        visits.c.score,
        visits.c.person_id,
        people.c.name,
    )
    .join(people, people.c.id == visits.c.person_id, isouter=True)
    .where(visits.c.id.in_(_IDS)),
    "person": sa.select(people.c.id, people.c.name).where(people.c.id.in_(_IDS)),
    "device": sa.select(devices.c.id, devices.c.told_state).where(
        devices.c.id.in_(_IDS), devices.c.told_state.is_not(None)
    ),
}
