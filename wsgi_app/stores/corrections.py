"""What a person said of a visit, kept beside its verdict and never instead of it."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wsgi_app.errors import NotFound
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import AT_THE_MACHINE, tell
from wsgi_app.stores.tables import corrections, people, visits


@dataclass(frozen=True)
class Correction:
    """What a person said of a visit.

    Attributes:
        visit_id: which visit.
        verdict: ``person`` for somebody who is known, ``nobody`` for somebody who is not, ``ignored`` for one
            that needs no answer.
        person_id: who it was, with ``person`` alone.
        by: who said so.
        at: when.
    """

    visit_id: str
    verdict: str
    person_id: str | None
    by: str
    at: datetime


class CorrectionStore:
    """Corrections in the database, at most one for each visit."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self._now, self._by = database, now, AT_THE_MACHINE

    def acting(self, by: str) -> "CorrectionStore":
        """The same store, with the changes told as somebody's."""
        store = copy(self)
        store._by = by
        return store

    def set(self, visit_ids: Sequence[str], verdict: str, person_id: str | None = None) -> None:
        """Say the same of some visits, instead of what was said before: of all of them, or of none.

        Raises:
            NotFound: one of the visits is not there, or nobody has that id.
        """
        unique, at = list(dict.fromkeys(visit_ids)), self._now()
        with self._database.write() as connection:
            _refuse_unknown(connection, unique, person_id)
            connection.execute(corrections.delete().where(corrections.c.visit_id.in_(unique)))
            for visit_id in unique:
                row = Correction(visit_id, verdict, person_id, self._by, at)
                connection.execute(corrections.insert(), vars(row))
                self._tell(connection, at, visit_id, verdict, person_id)

    def remove(self, visit_id: str) -> None:
        """Take back what was said of a visit.

        Raises:
            NotFound: nothing was said of it.
        """
        with self._database.write() as connection:
            removed = connection.execute(corrections.delete().where(corrections.c.visit_id == visit_id))
            if not removed.rowcount:
                raise NotFound("Nobody has corrected this visit.")
            self._tell(connection, self._now(), visit_id, None, None)

    def of(self, visit_ids: Sequence[str]) -> dict[str, Correction]:
        """What was said of some visits, by their ids; those of which nothing was are left out."""
        query = sa.select(corrections).where(corrections.c.visit_id.in_(list(visit_ids)))
        with self._database.read() as connection:
            return {row.visit_id: Correction(**row._mapping) for row in connection.execute(query)}

    def _tell(
        self,
        connection: sa.Connection,
        at: datetime,
        visit_id: str,
        verdict: str | None,
        person_id: str | None,
    ) -> None:
        what = ("visit", "corrected", visit_id)
        tell(connection, at, what, self._by, verdict=verdict, person=person_id)


def _refuse_unknown(connection: sa.Connection, visit_ids: Sequence[str], person_id: str | None) -> None:
    found = connection.scalars(sa.select(visits.c.id).where(visits.c.id.in_(visit_ids))).all()
    if len(found) != len(visit_ids):
        raise NotFound("There is no such visit.")
    if (
        person_id is not None
        and not connection.execute(sa.select(people.c.id).where(people.c.id == person_id)).first()
    ):
        raise NotFound("There is no such person.")
