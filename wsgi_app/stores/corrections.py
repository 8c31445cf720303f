"""What a person said of a visit, kept beside its verdict and never instead of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import NotFound
from wsgi_app.stores.database import Database
from wsgi_app.stores.events import ActingStore, tell
from wsgi_app.stores.people import read_person
from wsgi_app.stores.tables import corrections
from wsgi_app.stores.visit_states import Expected, as_it_is, read_state, refuse_changed


@dataclass(frozen=True)
class Correction:
    """What a person said of a visit.

    Attributes:
        visit_id: which visit.
        verdict: in one word.
        person_id: who it was, with ``PERSON`` alone.
        by: who said so.
        at: when.
    """

    visit_id: str
    verdict: CorrectionVerdict
    person_id: str | None
    by: str
    at: datetime


class CorrectionStore(ActingStore):
    """Corrections in the database, at most one for each visit."""

    def __init__(self, database: Database, now: Callable[[], datetime]):
        self._database, self._now = database, now

    def set(
        self,
        visit_ids: Sequence[str],
        verdict: CorrectionVerdict,
        person_id: str | None = None,
        expected: Expected = as_it_is,
    ) -> None:
        """Say the same of some visits, instead of what was said before: of all of them, or of none.

        Raises:
            NotFound: one of the visits is not there, or nobody has that id.
            PreconditionFailed: ``expected`` says no of one of them.
        """
        unique, at = list(dict.fromkeys(visit_ids)), self._now()
        with self._database.write() as connection:
            for visit_id in unique:
                refuse_changed(read_state(connection, visit_id), expected)
            if person_id is not None:
                read_person(connection, person_id)
            connection.execute(corrections.delete().where(corrections.c.visit_id.in_(unique)))
            for visit_id in unique:
                row = Correction(visit_id, verdict, person_id, self._by, at)
                connection.execute(corrections.insert(), vars(row))
                action = "ignored" if verdict is CorrectionVerdict.IGNORED else "corrected"
                tell(connection, at, ("visit", action, visit_id), self._by, verdict=verdict, person=person_id)

    def remove(self, visit_id: str, expected: Expected = as_it_is) -> None:
        """Take back what was said of a visit.

        Raises:
            NotFound: nothing was said of it.
            PreconditionFailed: ``expected`` says no.
        """
        with self._database.write() as connection:
            refuse_changed(read_state(connection, visit_id), expected)
            removed = connection.execute(corrections.delete().where(corrections.c.visit_id == visit_id))
            if not removed.rowcount:
                raise NotFound("not_found:correction")
            tell(connection, self._now(), ("visit", "correction_removed", visit_id), self._by)

    def of(self, visit_ids: Sequence[str]) -> dict[str, Correction]:
        """What was said of some visits, by their ids; those of which nothing was are left out."""
        query = sa.select(corrections).where(corrections.c.visit_id.in_(list(visit_ids)))
        with self._database.read() as connection:
            return {row.visit_id: Correction(**row._mapping) for row in connection.execute(query)}
