"""People as clients send and see them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from wsgi_app.base.errors import Unprocessable
from wsgi_app.house import rules
from wsgi_app.house.gallery import rule_of
from wsgi_app.house.hours import MOST_ROWS, read_hours
from wsgi_app.house.naming import checked_name
from wsgi_app.stores.people import Person
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Name

Values = dict[str, Any]  # fields of a person, as they are kept

# How each part of a rule is read, as (value, time zone of the house), and what is said where that fails.
READERS: dict[str, tuple[Callable[[Any, tzinfo | None], Any], str]] = {
    "valid_from": (rules.read_start, "This cannot be the begin of a period"),
    "valid_until": (rules.read_end, "This cannot be the end of a period"),
    "hours": (lambda texts, _: tuple(map(str, read_hours(texts))), "These cannot be hours"),
}

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
        links=links,
    )


def read_whole(call: Call) -> Values:
    """All that is said of a person, out of a body.

    Raises:
        Unprocessable: some of it cannot be kept; the message says how to write it.
        RequestError: as ``Call.body`` says.
    """
    body = call.body(WholePerson)
    return _kept(call, msgspec.structs.asdict(body))


def read_change(call: Call) -> Values:
    """What is to be said anew of a person, likewise."""
    body = call.body(PersonChange)
    given = msgspec.structs.asdict(body).items()
    return _kept(call, {field: value for field, value in given if value is not UNSET})


def putting(values: Values) -> Callable[[Person], Person]:
    """The function that puts what was read into a person as stored.

    It raises ``Unprocessable`` where the two together make no period.
    """

    def edit(person: Person) -> Person:
        edited = replace(person, **values)
        if edited.valid_from and edited.valid_until and edited.valid_from >= edited.valid_until:
            raise Unprocessable("The period ends before it begins.", code="bad_rule")
        return edited

    return edit


def _kept(call: Call, given: Values) -> Values:
    values: Values = {}
    for field, value in given.items():
        if field == "name":
            values[field] = checked_name(value)
        else:
            values[field] = None if value is None else _read(call, field, value)
    return values


def _read(call: Call, field: str, value: Any) -> Any:
    read, refusal = READERS[field]
    try:
        return read(value, call.house.config.timezone)
    except ValueError as error:
        raise Unprocessable(f"{refusal}: {error}.", code="bad_rule") from error
