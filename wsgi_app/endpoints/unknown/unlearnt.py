"""Which photos of a naming were not learnt, and why: as a program is told, and as the page says it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from wsgi_app.access.roles import Role
from wsgi_app.base.errors import NotFound, RequestError, Unavailable
from wsgi_app.base.faces import Objection
from wsgi_app.base.sentences import Place
from wsgi_app.endpoints.unknown.bodies import Refusal
from wsgi_app.house.enrolment import Candidate
from wsgi_app.house.learning import MOST_ENROLLED
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.faces import Source
from wsgi_app.stores.people import Person
from wsgi_app.web.call import Call
from wsgi_app.web.errors import error_links
from wsgi_app.web.paging import number_of, text_of

UNTRIED = "enough_photos"  # the code of those that were none of the best ones


@dataclass(frozen=True)
class Unlearnt:
    """A photo that somebody said to be a person's, and that they are not known by.

    Attributes:
        visit: whose photo it is.
        refusals: why, each with its sentence and where the kept face is that it is about; none where it can
            be learnt by now.
        can_be_tried: whether to insist, or to try again, may help.
        has_picture: whether its face can be shown.
    """

    visit: str
    refusals: Sequence[tuple[RequestError, dict[str, str]]]
    can_be_tried: bool
    has_picture: bool

    @property
    def accept(self) -> list[str]:
        """The objections that one insists against."""
        return [error.code for error, _ in self.refusals if error.code in set(Objection)]


def refusal_bodies(call: Call, refused: Mapping[str, RequestError]) -> list[Refusal]:
    """Why photos were not learnt, by the ids of their visits, as a program is told."""
    return [
        Refusal(
            visit,
            error.code,
            sentence(error, Place.API),
            {"visit": call.links.visit(visit), **error_links(error, call.links)},
        )
        for visit, error in refused.items()
    ]


def page_after(call: Call, person_id: str, refused: Mapping[str, RequestError]) -> str:
    """The address of the page that says what became of a naming."""
    tried = [visit for visit, error in refused.items() if error.code != UNTRIED]
    told = {
        "named": person_id,
        "unlearnt": ",".join(tried[:MOST_ENROLLED]),
        "untried": str(len(refused) - len(tried[:MOST_ENROLLED]) or ""),
    }
    return f"{call.links.unknown}?{urlencode({key: text for key, text in told.items() if text})}"


def unlearnt(call: Call, person: Person | None) -> list[Unlearnt]:
    """The photos that the query names, where somebody said that they are a person's and they are not learnt.

    Each is looked at anew, so that what is said is true of the faces that are kept now. Who may not enrol is
    told of none.
    """
    visits = [visit for visit in text_of(call, "unlearnt").split(",") if visit][:MOST_ENROLLED]
    if person is None or not visits or call.identity.role < Role.OPERATOR:
        return []
    corrections = call.stores.corrections.of(visits)
    learnt = {face.visit_id for face in call.stores.faces.taken_from(visits) if face.person_id == person.id}
    meant = {visit for visit, correction in corrections.items() if correction.person_id == person.id}
    found = []
    for visit in dict.fromkeys(visits):
        if visit in meant - learnt:
            with suppress(NotFound):  # the visit may be gone
                found.append(_unlearnt(call, person, visit))
    return found


def untried(call: Call) -> int:
    """Of how many further photos the query says that they were not tried."""
    return number_of(call, "untried") or 0


def _unlearnt(call: Call, person: Person, visit: str) -> Unlearnt:
    shown, refusals, has_picture = call.stores.visits.get(visit), tuple[RequestError, ...](), False
    try:
        photo = call.stores.visits.photo(shown)
        refusals = call.enroller.refusals(Candidate(person.id, photo, Source(visit)))
        has_picture = shown.face is not None
    except NotFound as error:
        refusals = (error,)
    can_be_tried = all(error.code in set(Objection) or isinstance(error, Unavailable) for error in refusals)
    told = [(error, error_links(error, call.links)) for error in refusals]
    return Unlearnt(visit, told, can_be_tried, has_picture)
