"""People: who may be recognised, and when they may come in."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from webob import Response

from wsgi_app import rules
from wsgi_app.endpoints.faces import face_body
from wsgi_app.endpoints.paging import link_to_next, next_page, page_size, text_cursor
from wsgi_app.enrolment import clean_name
from wsgi_app.errors import BadRequest, Unprocessable
from wsgi_app.forms import read_body
from wsgi_app.gallery import rule_of
from wsgi_app.rendering import changed, json_answer, negotiated, query_text
from wsgi_app.services import Call
from wsgi_app.stores.people import Person

BLANK_ROWS = 2  # that a page shows below the hours there are
LONGEST_SEARCH = 200

# How each field is read, as (value, time zone of the house), and what is said where that fails.
READERS: dict[str, tuple[Callable[[Any, tzinfo | None], Any], str, str]] = {
    "name": (lambda text, _: clean_name(text), "This cannot be a name", "bad_name"),
    "valid_from": (rules.read_start, "This cannot be the begin of a period", "bad_rule"),
    "valid_until": (rules.read_end, "This cannot be the end of a period", "bad_rule"),
    "hours": (
        lambda texts, _: tuple(str(hours) for hours in rules.read_hours(texts)),
        "These cannot be hours",
        "bad_rule",
    ),
}

Name = Annotated[str, Meta(max_length=1000)]
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
        max_length=3 * rules.MOST_ROWS,
        description="Hours of the week such as tue 09:00-12:00, mon-fri 09:00-17:30 or fri,sat 22:00-02:00, "
        f"at most {rules.MOST_ROWS}; a form gives the three words of a row each in a field of its own.",
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


def index(call: Call) -> Response:
    """``GET /people``: everybody by name, a page at a time; ``?q=`` those with that in their names."""
    limit, part = page_size(call), _search(call)
    people = call.stores.people.page(limit + 1, text_cursor(call, "after"), part)
    bodies = [person_body(call, person) for person in people[:limit]]
    following = next_page(call, after=people[limit - 1].name, limit=str(limit)) if people[limit:] else ""
    response = negotiated(
        call.request,
        {
            "json": lambda: json_answer(PersonList(bodies)),
            "html": lambda: call.page(
                "people.html", here="/people", people=bodies, q=part, following=following
            ),
        },
    )
    if following:
        link_to_next(response, following)
    return response


def create(call: Call) -> Response:
    """``POST /people``: a new person without faces."""
    values = _read_whole(call)
    person = call.stores.people.add(values["name"], _putting(values))
    body = person_body(call, person)
    headers = {"Location": body.links["self"], "ETag": _etag(person)}
    return changed(call.request, body.links["self"], body, 201, headers)


def show(call: Call, person: str) -> Response:
    """``GET /people/{person}``: who they are; as a page, their faces and all that can be done with them."""
    found = call.stores.people.get(person)
    return negotiated(call.request, {"json": lambda: _one(call, found), "html": lambda: _page(call, found)})


def put(call: Call, person: str) -> Response:
    """``PUT /people/{person}``: replaces name and rules; ``If-Match`` guards against changes in between."""
    return _change(call, person, _read_whole(call))


def patch(call: Call, person: str) -> Response:
    """``PATCH /people/{person}``: changes what is given of name and rules; ``If-Match`` likewise."""
    body = read_body(call.request, PersonChange, call.services.config.limits.json_bytes)
    given = msgspec.structs.asdict(body)
    return _change(
        call, person, _read(call, {field: value for field, value in given.items() if value is not UNSET})
    )


def remove(call: Call, person: str) -> Response:
    """``DELETE /people/{person}``: forgets them with everything that shows them; ``If-Match`` likewise."""
    call.stores.people.remove(person, _expected(call))
    return changed(call.request, f"{call.request.application_url}/people")


def person_body(call: Call, person: Person) -> PersonBody:
    """A person's representation, with links."""
    root = call.request.application_url
    address = f"{root}/people/{person.id}"
    links = {
        "self": address,
        "faces": f"{address}/faces",
        "visits": f"{root}/visits?person={person.id}",
        "export": f"{address}/export",
    }
    if person.portrait is not None:
        links["portrait"] = f"{address}/faces/{person.portrait}/photo"
    return PersonBody(
        id=person.id,
        name=person.name,
        faces=person.faces,
        created_at=person.created_at,
        valid_from=person.valid_from,
        valid_until=person.valid_until,
        hours=list(person.hours),
        may_come=rule_of(person).in_words(call.services.config.timezone),
        links=links,
    )


def _one(call: Call, person: Person) -> Response:
    response = json_answer(person_body(call, person), headers={"ETag": _etag(person)})
    response.conditional_response = True
    return response


def _page(call: Call, person: Person) -> Response:
    faces = [face_body(call, face) for face in call.stores.people.faces(person.id)]
    zone, rule = call.services.config.timezone, rule_of(person)
    return call.page(
        "person.html",
        here="/people",
        person=person_body(call, person),
        faces=[face for face in faces if not face.negative],
        negatives=[face for face in faces if face.negative],
        hours=rule.hours,
        blank_rows=min(BLANK_ROWS, rules.MOST_ROWS - len(rule.hours)),
        valid_from=rules.write_start(rule.valid_from, zone),
        valid_until=rules.write_end(rule.valid_until, zone),
        day_choices=rules.DAY_CHOICES,
    )


def _change(call: Call, person_id: str, values: dict[str, Any]) -> Response:
    person = call.stores.people.change(person_id, _putting(values), _expected(call))
    body = person_body(call, person)
    return changed(call.request, body.links["self"], body, headers={"ETag": _etag(person)})


def _read_whole(call: Call) -> dict[str, Any]:
    body = read_body(call.request, WholePerson, call.services.config.limits.json_bytes)
    return _read(call, msgspec.structs.asdict(body))


def _read(call: Call, given: dict[str, Any]) -> dict[str, Any]:
    """What is given of a person, as it is kept.

    Raises:
        Unprocessable: some of it cannot be; the message says how to write it.
    """
    values = {}
    for field, value in given.items():
        read, refusal, code = READERS[field]
        try:
            values[field] = None if value is None else read(value, call.services.config.timezone)
        except ValueError as error:
            raise Unprocessable(f"{refusal}: {error}.", code=code) from error
    return values


def _putting(values: dict[str, Any]) -> Callable[[Person], Person]:
    """The function that puts what was read into a person as stored.

    It raises ``Unprocessable`` where the two together make no period.
    """

    def edit(person: Person) -> Person:
        edited = replace(person, **values)
        if edited.valid_from and edited.valid_until and edited.valid_from >= edited.valid_until:
            raise Unprocessable("The period ends before it begins.", code="bad_rule")
        return edited

    return edit


def _search(call: Call) -> str:
    text = query_text(call.request, "q")
    if len(text) > LONGEST_SEARCH:
        raise BadRequest(f"q takes at most {LONGEST_SEARCH} characters.", code="bad_query")
    return " ".join(unicodedata.normalize("NFC", text).split())


def _etag(person: Person) -> str:
    return f'"{person.revision}-{person.faces}-{person.portrait or 0}"'


def _expected(call: Call) -> Callable[[Person], bool]:
    if_match = call.request.if_match
    return lambda person: _etag(person).strip('"') in if_match
