"""Which visits are meant, and how the database finds them quickly among very many."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.tables import corrections, visits


@dataclass(frozen=True)
class VisitFilter:
    """Which visits are meant: those that fit everything that is given.

    Attributes:
        person: id of somebody whom a correction names, or the verdict and no correction otherwise.
        outcome: what they ended in.
        door: which one sent them.
        during: from which moment on, and before which.
        corrected: whether somebody said who it was, or that it was nobody known.
    """

    person: str | None = None
    outcome: Outcome | None = None
    door: DoorId | None = None
    during: tuple[datetime, datetime] | None = None
    corrected: bool | None = None


EVERY_VISIT = VisitFilter()


def conditions(criteria: VisitFilter) -> list[sa.ColumnElement[bool]]:
    """What the rows of ``visits`` have to fulfil."""
    return [_CONDITIONS[name](value) for name, value in vars(criteria).items() if value is not None]


def _is_one_of(numbers: sa.SelectBase) -> sa.ColumnElement[bool]:
    # Numbers are found in an index alone, and visits are read in their order: none is read that is not shown.
    return visits.c.number.in_(numbers)


def shows(person_id: str) -> sa.ColumnElement[bool]:
    """Which visits show a person: a correction says so, or the verdict and no correction.

    One that was taken for them and said to be somebody else, or nobody known, does not show them.
    """
    named = _CORRECTED.where(corrections.c.person_id == person_id)
    settled = _CORRECTED.where(corrections.c.verdict != CorrectionVerdict.IGNORED)
    judged = _NUMBERS.where(visits.c.person_id == person_id, visits.c.number.not_in(settled))
    return _is_one_of(sa.union(named, judged))


def whom_shows(visit_id: sa.ColumnElement[str]) -> sa.ScalarSelect[Any]:
    """Whom a visit shows, as ``shows`` has it: the id, or nobody."""
    identified = corrections.c.verdict != CorrectionVerdict.IGNORED
    person = sa.case((identified, corrections.c.person_id), else_=visits.c.person_id)
    both = visits.join(corrections, corrections.c.visit_id == visits.c.id, isouter=True)
    return sa.select(person).select_from(both).where(visits.c.id == visit_id).scalar_subquery()


_NUMBERS = sa.select(visits.c.number)
_OF_CORRECTIONS = sa.select(corrections.c.visit_id).where(corrections.c.verdict != CorrectionVerdict.IGNORED)
_CORRECTED = _NUMBERS.join(corrections, corrections.c.visit_id == visits.c.id)
_CONDITIONS: dict[str, Callable[[Any], sa.ColumnElement[bool]]] = {
    "person": shows,
    "outcome": lambda outcome: visits.c.outcome == outcome,
    "door": lambda door: sa.and_(visits.c.door_kind == door.kind, visits.c.door == door.name),
    "during": lambda during: _is_one_of(_NUMBERS.where(visits.c.at >= during[0], visits.c.at < during[1])),
    "corrected": lambda yes: visits.c.id.in_(_OF_CORRECTIONS) if yes else visits.c.id.not_in(_OF_CORRECTIONS),
}
