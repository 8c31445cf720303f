"""All that can change of a visit: what somebody said of it, and what the people in it are called."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import NotFound, PreconditionFailed
from wsgi_app.stores.tables import corrections, people, visits


@dataclass(frozen=True)
class VisitState:
    """One visit, as far as it can change.

    Attributes:
        id: of the visit.
        person_id: whom the door took them for; ``None`` for nobody, or somebody since forgotten.
        name: what that person is called.
        verdict: of the correction; ``None`` without one, as all that follow.
        corrected_id: who it was by the correction.
        corrected_name: what that person is called.
        by: who said so.
        at: when.
    """

    id: str
    person_id: str | None
    name: str | None
    verdict: CorrectionVerdict | None
    corrected_id: str | None
    corrected_name: str | None
    by: str | None
    at: datetime | None


Expected = Callable[[VisitState], bool]


def read_state(connection: sa.Connection, visit_id: str) -> VisitState:
    """The state of a visit.

    Raises:
        NotFound: there is no such visit.
    """
    row = connection.execute(_STATE, {"visit": visit_id}).first()
    if row is None:
        raise NotFound("not_found:visit")
    return VisitState(**row._mapping)


def refuse_changed(state: VisitState, expected: Expected) -> None:
    """Refuse a change of a visit that is not any more what the caller last saw.

    Raises:
        PreconditionFailed: ``expected`` says no.
    """
    if not expected(state):
        raise PreconditionFailed("precondition_failed:visit")


def as_it_is(_state: VisitState) -> bool:
    """What is expected by whoever takes a visit as it is."""
    return True


_truly = people.alias()
_STATE: sa.Select[Any] = (
    sa.select(
        visits.c.id,
        visits.c.person_id,
        people.c.name,
        corrections.c.verdict,
        corrections.c.person_id.label("corrected_id"),
        _truly.c.name.label("corrected_name"),
        corrections.c.by,
        corrections.c.at,
    )
    .select_from(visits)
    .join(people, people.c.id == visits.c.person_id, isouter=True)
    .join(corrections, corrections.c.visit_id == visits.c.id, isouter=True)
    .join(_truly, _truly.c.id == corrections.c.person_id, isouter=True)
    .where(visits.c.id == sa.bindparam("visit"))
)
