"""People as clients send and see them."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wsgi_app.base.errors import Unfit, Unprocessable
from wsgi_app.base.faces import Quality
from wsgi_app.house import rules
from wsgi_app.house.doubts import doubts_about
from wsgi_app.house.gallery import rule_of
from wsgi_app.house.hours import MOST_ROWS, read_hours
from wsgi_app.house.naming import checked_name
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.people import Edit, Person, PersonDetails
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Name

Sent = TypeVar("Sent")
Kept = TypeVar("Kept")

Edge = Annotated[
    str,
    Meta(
        max_length=40,
        description="A day such as 2026-12-03, which counts whole, or a time such as 2026-12-03T09:00; one "
        "without a zone is the house's.",
    ),
]
HoursRow = Annotated[str, Meta(max_length=60)]
HoursRows = Annotated[
    list[HoursRow],
    Meta(
        max_length=3 * MOST_ROWS,
        description="Hours of the week such as tue 09:00-12:00, mon-fri 09:00-17:30 or fri,sat 22:00-02:00, "
        f"at most {MOST_ROWS}; a form gives the three words of a row each in a field of its own.",
    ),
]


class WholePerson(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to make a person, or to replace all that is said of one; without rules, at any time."""

    name: Name
    valid_from: Edge | None = None
    valid_until: Edge | None = None
    hours: HoursRows = []


class PersonChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to change some of it; what is left out stays."""

    name: Name | UnsetType = UNSET
    valid_from: Edge | UnsetType | None = UNSET
    valid_until: Edge | UnsetType | None = UNSET
    hours: HoursRows | UnsetType = UNSET


class PersonBody(msgspec.Struct):
    """A person as clients see them; ``may_come`` says the three before it in words."""

    id: str
    name: str
    faces: int
    created_at: datetime
    valid_from: datetime | None
    valid_until: datetime | None
    hours: list[str]
    may_come: str
    links: dict[str, str]


class PersonList(msgspec.Struct):
    """People by name."""

    people: list[PersonBody]


class FaceBody(msgspec.Struct):
    """A face as clients see it; ``negative`` is kept as not that person's, ``visit`` is where it is from.

    ``unlike`` is how like it is to the person's others where somebody has to look whether it is theirs.
    """

    id: str
    quality: Quality | None
    created_at: datetime
    negative: bool
    visit: str | None
    unlike: float | None
    links: dict[str, str]


class FaceList(msgspec.Struct):
    """All faces of a person."""

    faces: list[FaceBody]


def person_body(call: Call, person: Person) -> PersonBody:
    """A person's representation, with links."""
    links = {
        "self": call.links.person(person.id),
        "faces": call.links.faces(person.id),
        "visits": call.links.visits_of(person.id),
        "export": call.links.export(person.id),
    }
    if person.portrait is not None:
        links["portrait"] = call.links.face_photo(person.id, person.portrait)
    return PersonBody(
        id=person.id,
        name=person.name,
        faces=person.faces,
        created_at=person.created_at,
        valid_from=person.valid_from,
        valid_until=person.valid_until,
        hours=list(person.hours),
        may_come=rule_of(person).in_words(call.house.config.timezone),
        links=call.offered(links),
    )


def read_whole(call: Call) -> PersonDetails:
    """All that is said of a person, out of a body.

    Raises:
        Unprocessable: some of it cannot be kept.
        RequestError: as ``Call.body`` says.
    """
    body = call.body(WholePerson)
    zone = call.house.config.timezone
    return _with_period(
        PersonDetails(
            name=checked_name(body.name),
            valid_from=_start(body.valid_from, zone),
            valid_until=_end(body.valid_until, zone),
            hours=_hours(body.hours),
        )
    )


def read_change(call: Call) -> Edit:
    """What is to be said anew of a person, likewise: the function that puts it to what is said already.

    It raises ``Unprocessable`` where the two together make no period.
    """
    body = call.body(PersonChange)
    zone = call.house.config.timezone
    name = _given(body.name, checked_name)
    valid_from = _given(body.valid_from, lambda text: _start(text, zone))
    valid_until = _given(body.valid_until, lambda text: _end(text, zone))
    hours = _given(body.hours, _hours)

    def edit(kept: PersonDetails) -> PersonDetails:
        return _with_period(
            PersonDetails(
                name=_or(name, kept.name),
                valid_from=_or(valid_from, kept.valid_from),
                valid_until=_or(valid_until, kept.valid_until),
                hours=_or(hours, kept.hours),
            )
        )

    return edit


def _given(value: Sent | UnsetType, read: Callable[[Sent], Kept]) -> Kept | UnsetType:
    return UNSET if isinstance(value, UnsetType) else read(value)


def _or(value: Kept | UnsetType, kept: Kept) -> Kept:
    return kept if isinstance(value, UnsetType) else value


def _start(text: str | None, zone: tzinfo | None) -> datetime | None:
    return None if text is None else _read(lambda: rules.read_start(text, zone))


def _end(text: str | None, zone: tzinfo | None) -> datetime | None:
    return None if text is None else _read(lambda: rules.read_end(text, zone))


def _hours(rows: list[str]) -> tuple[str, ...]:
    return _read(lambda: tuple(map(str, read_hours(rows))))


def _read(read: Callable[[], Kept]) -> Kept:
    try:
        return read()
    except Unfit as error:
        raise Unprocessable.of(error) from error


def _with_period(details: PersonDetails) -> PersonDetails:
    if details.valid_from and details.valid_until and details.valid_from >= details.valid_until:
        raise Unprocessable("bad_rule:order")
    return details


def face_bodies(call: Call, faces: Sequence[EnrolledFace]) -> list[FaceBody]:
    """The representations of faces, with links."""
    people = {face.person_id for face in faces if face.unlike is not None}
    doubts = doubts_about(call.stores, call.house.embedder, call.house.policy, people) if people else {}
    return [_face_body(call, face, doubts.get(face.person_id, {}).get(face.id)) for face in faces]


def face_body(call: Call, face: EnrolledFace) -> FaceBody:
    """The same of one face."""
    return face_bodies(call, [face])[0]


def _face_body(call: Call, face: EnrolledFace, unlike: float | None) -> FaceBody:
    links = {
        "self": call.links.face(face.person_id, face.id),
        "photo": call.links.face_photo(face.person_id, face.id),
        "person": call.links.person(face.person_id),
    }
    if face.visit_id is not None:
        links["visit"] = call.links.visit(face.visit_id)
    if unlike is not None:
        links["confirm"] = call.links.face_confirmation(face.person_id, face.id)
    return FaceBody(
        face.id,
        face.quality,
        face.created_at,
        face.negative,
        face.visit_id,
        unlike,
        call.offered(links),
    )
