"""Visits for other programs: as Atom for feed readers, and as CSV for spreadsheets."""

from webob import Response

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.endpoints.visits.bodies import VisitBody
from wsgi_app.house.words.pages import TITLES
from wsgi_app.web.call import Call
from wsgi_app.web.feeds import AtomEntry, AtomFeed, AtomLink, Cell, atom, comma_separated, urn
from wsgi_app.web.paging import same_list
from wsgi_app.web.rendering import FORMATS

COLUMNS = (
    "visit",
    "at",
    "device",
    "outcome",
    "person",
    "name",
    "score",
    "correction",
    "corrected_person",
    "corrected_name",
    "corrected_by",
    "corrected_at",
    "took_ms",
    "photo",
)
FORGOTTEN = "Somebody since forgotten"


def atom_answer(call: Call, visits: list[VisitBody], next_page: str) -> Response:
    """Some visits as Atom; ``next_page`` is the address of those before them, ``""`` for none."""
    links = (
        AtomLink("self", same_list(call, format="atom"), FORMATS["atom"]),
        AtomLink("alternate", same_list(call, format="html", before=""), FORMATS["html"]),
        *((AtomLink("next", next_page, FORMATS["atom"]),) if next_page else ()),
    )
    feed = AtomFeed(
        id=urn(same_list(call, format="", before="", limit="")),
        title="Visits",
        author="Porteiro",
        updated=call.stores.now(),
        links=links,
        entries=tuple(_entry(visit) for visit in visits),
    )
    return Response(atom(feed), content_type=FORMATS["atom"], charset="utf-8")


def csv_answer(visits: list[VisitBody]) -> Response:
    """Some visits as a table to be saved."""
    response = Response(
        comma_separated(COLUMNS, map(_row, visits)), content_type=FORMATS["csv"], charset="utf-8"
    )
    response.content_disposition = 'attachment; filename="visits.csv"'
    return response


def title_of(visit: VisitBody) -> str:
    """A visit in a few words, and who it was by a correction."""
    title = TITLES[visit.outcome].format(who=visit.person.name if visit.person else FORGOTTEN)
    if visit.correction is None or visit.correction.verdict is CorrectionVerdict.IGNORED:
        return title
    truly = visit.correction.person
    return f"{title}; it was {truly.name if truly else 'nobody known here'}"


def _entry(visit: VisitBody) -> AtomEntry:
    score = "" if visit.score is None else f", likeness {visit.score:.2f}"
    return AtomEntry(
        id=urn(f"porteiro:visit:{visit.id}"),
        title=title_of(visit),
        summary=f"{visit.at:%Y-%m-%d %H:%M:%S} UTC, {DoorId.of(visit.device).name}{score}",
        published=visit.at,
        updated=visit.correction.at if visit.correction else visit.at,
        links=(
            AtomLink("alternate", f"{visit.links['self']}?format=html", FORMATS["html"]),
            AtomLink("edit", visit.links["self"], FORMATS["json"]),
            AtomLink("enclosure", visit.links["photo"], "image/jpeg"),
        ),
    )


def _row(visit: VisitBody) -> dict[str, Cell]:
    correction = visit.correction
    truly = correction.person if correction else None
    return {
        "visit": visit.id,
        "at": visit.at.isoformat(),
        "device": visit.device,
        "outcome": visit.outcome,
        "person": visit.person.id if visit.person else None,
        "name": visit.person.name if visit.person else None,
        "score": visit.score,
        "correction": correction.verdict if correction else None,
        "corrected_person": truly.id if truly else None,
        "corrected_name": truly.name if truly else None,
        "corrected_by": correction.by if correction else None,
        "corrected_at": correction.at.isoformat() if correction else None,
        "took_ms": visit.took_ms,
        "photo": visit.links["photo"],
    }
