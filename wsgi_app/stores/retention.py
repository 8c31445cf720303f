"""What is kept for a while only: finding what is too old, and removing it a little at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import sqlalchemy as sa

from wsgi_app.stores.database import Database
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.tables import answers, attempts, events, invitations, sessions, visits
from wsgi_app.stores.visits import remove_visits

AT_ONCE = 200  # rows a transaction: a press never waits longer for one of these than for another press
ALL = sa.true()


@dataclass(frozen=True)
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


KINDS = (
    Kind("visits of people let in", visits.c.at, visits.c.outcome == "known"),
    Kind("other visits", visits.c.at, visits.c.outcome != "known"),
    Kind("messages", events.c.at, events.c.kind == "message"),
    Kind("events", events.c.at, events.c.kind != "message"),
    Kind("stored answers", answers.c.at),
    Kind("sessions", sessions.c.expires_at),
    Kind("one-time links", invitations.c.expires_at),
    Kind("failed sign-ins", attempts.c.last_at),
)


class RetentionStore:
    """Finds and removes what is too old. Nothing of it is told: nobody did it by hand."""

    def __init__(self, database: Database, photos: PhotoStore):
        self._database, self._photos = database, photos

    def count(self, kind: Kind, before: datetime) -> int:
        """How many rows of a kind are older than a moment."""
        query = sa.select(sa.func.count()).select_from(kind.table).where(kind.before(before))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def remove_some(self, kind: Kind, before: datetime) -> int:
        """Remove up to ``AT_ONCE`` rows of a kind that are older than a moment; how many there were."""
        if kind.table is visits:
            return self._remove_visits(kind, before)
        key = kind.table.primary_key.columns
        chosen = sa.select(*key).where(kind.before(before)).limit(AT_ONCE)
        with self._database.write() as connection:
            return connection.execute(kind.table.delete().where(sa.tuple_(*key).in_(chosen))).rowcount

    def strays(self, before: datetime) -> Iterator[Path]:
        """Photos of visits, last written before a moment, that belong to no visit: left by a crash."""
        for day in self._photos.days():
            files_of_day = self._photos.files_of(day, before)
            while files := list(islice(files_of_day, AT_ONCE)):
                known = self._known({visit_id for visit_id, _ in files})
                yield from (path for visit_id, path in files if visit_id not in known)

    def _remove_visits(self, kind: Kind, before: datetime) -> int:
        query = sa.select(visits.c.id, visits.c.photo).where(kind.before(before)).limit(AT_ONCE)
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            remove_visits(connection, [row.id for row in rows])
        for row in rows:  # after the commit: a row never names a photo that is gone
            self._photos.remove(row.photo)
        return len(rows)

    def _known(self, visit_ids: set[str]) -> set[str]:
        query = sa.select(visits.c.id).where(visits.c.id.in_(visit_ids))
        with self._database.read() as connection:
            return set(connection.scalars(query))
