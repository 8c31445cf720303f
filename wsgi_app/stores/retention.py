"""What is kept for a while only: finding what is too old, and removing it a little at a time."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.base.errors import StorageFull
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.changes import forget_changes
from wsgi_app.stores.crops import named_crops
from wsgi_app.stores.database import Database
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.tables import (
    answers,
    attempts,
    boots,
    changes,
    events,
    invitations,
    sessions,
    tried_doors,
    visits,
)
from wsgi_app.stores.visits import remove_visits

AT_ONCE = 200  # rows a transaction: a press never waits longer for one of these than for another press
ALL = sa.true()

Known = Callable[[sa.Connection, Collection[str]], set[str]]


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of rows that grow old.

    Attributes:
        name: what they are.
        ages: since when each of them is old, a column of their table.
        only: which rows of that table are meant.
    """

    name: str
    ages: sa.Column[datetime]
    only: sa.ColumnElement[bool] = ALL

    @property
    def table(self) -> sa.Table:
        """Where the rows are."""
        return self.ages.table

    def before(self, moment: datetime) -> sa.ColumnElement[bool]:
        """Which rows are older than a moment."""
        return sa.and_(self.ages < moment, self.only)


LET_IN = Kind("visits of people let in", visits.c.at, visits.c.outcome == Outcome.KNOWN)
OTHERS = Kind("other visits", visits.c.at, visits.c.outcome != Outcome.KNOWN)
MESSAGES = Kind("messages", events.c.at, events.c.kind == "message")
EVENTS = Kind("events", events.c.at, events.c.kind != "message")
ANSWERS = Kind("stored answers", answers.c.at)
SESSIONS = Kind("sessions", sessions.c.expires_at)
LINKS = Kind("one-time links", invitations.c.expires_at)
FAILURES = Kind("failed sign-ins", attempts.c.last_at)
CHANGES = Kind("changes that could be taken back", changes.c.at)
TRIES = Kind("doors tried again and again", tried_doors.c.last_at)
BOOTS = Kind("boots of doors", boots.c.at)


class RetentionStore:
    """Finds and removes what is too old. Nothing of it is told: nobody did it by hand."""

    def __init__(self, database: Database, photos: PhotoStore):
        self._database, self._photos = database, photos

    def count(self, kind: Kind, before: datetime) -> int:
        """How many rows of a kind are older than a moment."""
        query = sa.select(sa.func.count()).select_from(kind.table).where(kind.before(before))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def last_visit(self, before: datetime | None = None) -> int:
        """The highest number of a visit, or of one from before a moment; 0 where there is none."""
        query = sa.select(sa.func.coalesce(sa.func.max(visits.c.number), 0))
        with self._database.read() as connection:
            return int(
                connection.execute(
                    query if before is None else query.where(visits.c.at < before)
                ).scalar_one()
            )

    def count_visits(self, up_to: int) -> int:
        """How many visits there are up to a number."""
        query = sa.select(sa.func.count()).select_from(visits).where(visits.c.number <= up_to)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def newest_visit(self, before: datetime, up_to: int) -> datetime | None:
        """When the newest of them was from before a moment; ``None`` where there is none."""
        query = sa.select(visits.c.at).where(visits.c.at < before, visits.c.number <= up_to)
        with self._database.read() as connection:
            return connection.scalar(query.order_by(visits.c.at.desc()).limit(1))

    def oldest_photo(self, kind: Kind, before: datetime) -> datetime | None:
        """When the oldest visit of a kind was that has a photo, if before a moment; ``None`` for none."""
        query = _visits(kind, before, 1).where(visits.c.photo != "").with_only_columns(visits.c.at)
        with self._database.read() as connection:
            return connection.scalar(query)

    def remove_for_room(self, kind: Kind, before: datetime, most: int) -> int:
        """Remove some of the oldest visits that have photos, from before a moment; how many there were.

        Their photos go first: where a disk is full, nothing can be written of it before. Who dies in between
        leaves visits without their photos, which are the oldest still.

        Raises:
            StorageTrouble: the disk lets no photo go, or the database takes no change for another reason than
                a full disk; nothing is removed then.
        """
        self._photos.expect_removal()
        with suppress(StorageFull):
            self._database.try_writing()
        query = _visits(kind, before, most).where(visits.c.photo != "")
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            self._photos.remove(row.photo)
        with self._database.write() as connection:
            crops = remove_visits(connection, [row.id for row in rows])
        for crop in crops:
            self._photos.remove(crop)
        return len(rows)

    def remove_some(self, kind: Kind, before: datetime) -> int:
        """Remove up to ``AT_ONCE`` rows of a kind that are older than a moment; how many there were."""
        if kind.table is visits:
            return self._remove_visits(kind, before)
        if kind.table is changes:
            return self._forget_changes(before)
        key = kind.table.primary_key.columns
        chosen = sa.select(*key).where(kind.before(before)).limit(AT_ONCE)
        with self._database.write() as connection:
            return connection.execute(kind.table.delete().where(sa.tuple_(*key).in_(chosen))).rowcount

    def strays(self, before: datetime, crops_before: datetime | None = None) -> Iterator[Path]:
        """Photos, last written before a moment, of no visit and no face: left by a crash.

        Crops are looked at by a moment of their own where one is given.
        """
        for day in self._photos.days():
            yield from self._strays(self._photos.files_of(day, before), _known_visits)
        yield from self._strays(self._photos.crops(crops_before or before), named_crops)

    def _remove_visits(self, kind: Kind, before: datetime) -> int:
        with self._database.write() as connection:
            rows = connection.execute(_visits(kind, before, AT_ONCE)).all()
            crops = remove_visits(connection, [row.id for row in rows])
        for photo in (
            *(row.photo for row in rows),
            *crops,
        ):  # after the commit: no row names what is gone
            self._photos.remove(photo)
        return len(rows)

    def _forget_changes(self, before: datetime) -> int:
        query = sa.select(changes.c.id).where(CHANGES.before(before)).limit(AT_ONCE)
        with self._database.write() as connection:
            ids = connection.scalars(query).all()
            crops = forget_changes(connection, changes.c.id.in_(ids))
        for crop in crops:
            self._photos.remove(crop)
        return len(ids)

    def _strays(self, files: Iterator[tuple[str, Path]], known_among: Known) -> Iterator[Path]:
        while some := list(islice(files, AT_ONCE)):
            with self._database.read() as connection:
                known = known_among(connection, {name for name, _ in some})
            yield from (path for name, path in some if name not in known)


def _visits(kind: Kind, before: datetime, most: int) -> sa.Select[tuple[str, str]]:
    query = sa.select(visits.c.id, visits.c.photo).where(kind.before(before))
    return query.order_by(kind.ages).limit(most)


def _known_visits(connection: sa.Connection, visit_ids: Collection[str]) -> set[str]:
    return set(connection.scalars(sa.select(visits.c.id).where(visits.c.id.in_(visit_ids))))
