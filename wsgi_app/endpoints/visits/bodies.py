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
from wsgi_app.web.links import Links


class CorrectionBody(msgspec.Struct):
    """What somebody said of a visit: it was a ``person``, ``nobody`` known, or it is to be ``ignored``."""

    verdict: CorrectionVerdict
    person: PersonName | None
    by: str
    at: datetime


class VisitBody(msgspec.Struct):
    """A visit as clients see it; ``person`` is ``null`` for nobody, or somebody since forgotten.

    ``outcome``, ``person`` and ``score`` are the door's own verdict, whatever ``correction`` says. ``reason``
    says why somebody is ``unknown`` who is like enough: ``margin``, ``barred``, ``not_agreed``,
    ``few_photos`` or ``unclear``.
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
class VisitContext:
    """What visits are shown with: links, names by ids, and corrections by visits' ids."""

    links: Links
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
    ids = [visit.person_id for visit in visits] + [
        correction.person_id for correction in corrections.values()
    ]
    names = stores.people.names({one for one in ids if one})
    context = VisitContext(call.links, names, corrections)
    return [_body(visit, context) for visit in visits]


def _body(visit: Visit, context: VisitContext) -> VisitBody:
    links = {
        "self": context.links.visit(visit.id),
        "photo": context.links.visit_photo(visit.id),
        "thumbnail": context.links.thumbnail(visit.id),
    }
    person = context.person(visit.person_id)
    if person is not None:
        links["person"] = context.links.person(person.id)
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
        _correction(context.corrections.get(visit.id), context),
        links,
    )


def _correction(correction: Correction | None, context: VisitContext) -> CorrectionBody | None:
    if correction is None:
        return None
    person = context.person(correction.person_id)
    return CorrectionBody(correction.verdict, person, correction.by, correction.at)
