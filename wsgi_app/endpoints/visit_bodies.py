"""How clients see visits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.faces import MeasuredFace
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.people import PersonName
from wsgi_app.stores.corrections import Correction
from wsgi_app.stores.visits import Visit
from wsgi_app.web.call import Call


class CorrectionBody(msgspec.Struct):
    """What somebody said of a visit: it was a ``person``, ``nobody`` known, or it is to be ``ignored``."""

    verdict: CorrectionVerdict
    person: PersonName | None
    by: str
    at: datetime


class VisitBody(msgspec.Struct):
    """A visit as clients see it; ``person`` is ``null`` for nobody, or somebody since forgotten.

    ``outcome``, ``person`` and ``score`` are the door's own verdict, whatever ``correction`` says. ``reason``
    says why somebody is ``unknown`` who is like enough: ``margin``, ``barred`` or ``not_agreed``.
    """

    id: str
    at: datetime
    device: str
    outcome: Outcome
    person: PersonName | None
    score: float | None
    reason: Reason | None
    face: MeasuredFace | None
    took_ms: float
    correction: CorrectionBody | None
    links: dict[str, str]


class VisitList(msgspec.Struct):
    """Some visits, newest first."""

    visits: list[VisitBody]


@dataclass(frozen=True)
class Around:
    """What visits are shown with: the server's address, names by ids, and corrections by visits' ids."""

    root: str
    names: Mapping[str, str]
    corrections: Mapping[str, Correction]

    def person(self, person_id: str | None) -> PersonName | None:
        """Somebody with the name that they have now."""
        if person_id is None or person_id not in self.names:
            return None
        return PersonName(person_id, self.names[person_id])


def visit_bodies(call: Call, visits: Iterable[Visit]) -> list[VisitBody]:
    """The representations of some visits, with the names that people have now."""
    visits, stores = list(visits), call.stores
    corrections = stores.corrections.of([visit.id for visit in visits])
    ids = [visit.person_id for visit in visits] + [said.person_id for said in corrections.values()]
    names = stores.people.names({one for one in ids if one})
    around = Around(call.request.application_url, names, corrections)
    return [_body(visit, around) for visit in visits]


def _body(visit: Visit, around: Around) -> VisitBody:
    address = f"{around.root}/visits/{visit.id}"
    links = {"self": address, "photo": f"{address}/photo", "thumbnail": f"{address}/thumbnail"}
    person = around.person(visit.person_id)
    if person is not None:
        links["person"] = f"{around.root}/people/{person.id}"
    return VisitBody(
        visit.id,
        visit.at,
        str(visit.door),
        visit.outcome,
        person,
        visit.score,
        visit.reason,
        visit.face,
        visit.took_ms,
        _correction(around.corrections.get(visit.id), around),
        links,
    )


def _correction(correction: Correction | None, around: Around) -> CorrectionBody | None:
    if correction is None:
        return None
    person = around.person(correction.person_id)
    return CorrectionBody(correction.verdict, person, correction.by, correction.at)
