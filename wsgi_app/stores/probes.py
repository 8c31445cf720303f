"""The faces of visits as an embedder saw them: those that nobody has settled yet wait in the inbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.stores.database import Database
from wsgi_app.stores.embeddings import refuse_other_sizes, vector_from
from wsgi_app.stores.tables import corrections, probes, visits


@dataclass(frozen=True, eq=False)
class Probe:
    """The face of a visit.

    Attributes:
        number: of the visit.
        visit_id: its public name.
        at: when it was.
        door: which one sent it.
        score: cosine to whoever was likeliest then.
        reason: why they were refused then, where they were like enough.
        vector: float32 [size], of unit length.
    """

    number: int
    visit_id: str
    at: datetime
    door: DoorId
    score: float | None
    reason: Reason | None
    vector: NDArray[np.float32]


class ProbeStore:
    """Faces of visits in the database; ``VisitStore.add`` puts them there."""

    def __init__(self, database: Database):
        self._database = database

    def unsettled(self, embedder: str, limit: int) -> list[Probe]:
        """The faces that nobody knows and nobody has settled, newest first.

        These are those of visits that were not known and of which nothing was said, and those of all visits
        of which was said that it was nobody known.
        """
        with self._database.read() as connection:
            rows = connection.execute(_UNSETTLED, {"present": embedder, "most": limit})
            found = [_probe_from(row) for row in rows]
            refuse_other_sizes(probe.vector for probe in found)
        return found

    def embedder_of(self, visit_id: str) -> str | None:
        """Which embedder compared the face of a visit; ``None`` where none did."""
        query = sa.select(probes.c.embedder).where(probes.c.visit_id == visit_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar()

    def count_unsettled(self, embedder: str, limit: int) -> int:
        """How many faces ``unsettled`` would give."""
        query = sa.select(sa.func.count()).select_from(_UNSETTLED.with_only_columns(visits.c.id).subquery())
        with self._database.read() as connection:
            return int(connection.execute(query, {"present": embedder, "most": limit}).scalar_one())


def _probe_from(row: sa.Row[*tuple[Any, ...]]) -> Probe:
    door = DoorId(row.door_kind, row.door)
    return Probe(row.number, row.id, row.at, door, row.score, row.reason, vector_from(row.vector))


# Numbers of visits, as in ``visit_filters``: houses have very many visits, and hardly any of these.
_UNKNOWN = sa.select(visits.c.number).where(
    visits.c.outcome == Outcome.UNKNOWN, ~sa.exists().where(corrections.c.visit_id == visits.c.id)
)
_NOBODY = (
    sa.select(visits.c.number)
    .join(corrections, corrections.c.visit_id == visits.c.id)
    .where(corrections.c.verdict == CorrectionVerdict.NOBODY)
)
_UNSETTLED = (
    sa.select(
        visits.c.number,
        visits.c.id,
        visits.c.at,
        visits.c.door_kind,
        visits.c.door,
        visits.c.score,
        visits.c.reason,
        probes.c.vector,
    )
    .join(probes, probes.c.visit_id == visits.c.id)
    .where(visits.c.number.in_(_UNKNOWN.union_all(_NOBODY)), probes.c.embedder == sa.bindparam("present"))
    .order_by(visits.c.number.desc())
    .limit(sa.bindparam("most"))
)
