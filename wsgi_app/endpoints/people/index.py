"""People: who may be recognised, and when they may come in."""

from webob import Response

from wsgi_app.base.names import one_line
from wsgi_app.endpoints.people.bodies import (
    PersonBody,
    PersonList,
    face_bodies,
    person_body,
    read_change,
    read_whole,
)
from wsgi_app.house import rules
from wsgi_app.house.gallery import rule_of
from wsgi_app.house.hours import DAY_CHOICES, MOST_ROWS
from wsgi_app.stores.people import Edit, Person
from wsgi_app.web.call import Call
from wsgi_app.web.paging import CARDS, listed, text_of
from wsgi_app.web.rendering import changed, json_answer, negotiated, resource_answer
from wsgi_app.web.undoing import notices
from wsgi_app.web.versions import etag, expected

BLANK_ROWS = 2  # that a page shows below the hours there are


def index(call: Call) -> Response:
    """``GET /people``: everybody by name, a page at a time; ``?q=`` those with that in their names."""
    store, after, part = call.stores.people, text_of(call, "after"), one_line(text_of(call, "q"))

    def bodies(people: list[Person]) -> list[PersonBody]:
        return [person_body(call, person) for person in people]

    def cards(people: list[Person], next_page: str) -> Response:
        return call.page("people.html", here="/people", people=bodies(people), q=part, next_page=next_page)

    return listed(
        call,
        lambda most: store.page(most, after, part),
        lambda last: last.name,
        {"json": (None, lambda people, _: json_answer(PersonList(bodies(people)))), "html": (CARDS, cards)},
    )


def create(call: Call) -> Response:
    """``POST /people``: a new person without faces."""
    details = read_whole(call)
    person = call.stores.people.add(details.name, lambda _: details)
    body = person_body(call, person)
    headers = {"Location": body.links["self"], **etag(_version(person))}
    return changed(call.request, body.links["self"], body, 201, headers)


def show(call: Call, person: str) -> Response:
    """``GET /people/{person}``: who they are; as a page, their faces and all that can be done with them."""
    shown = call.stores.people.get(person)
    return negotiated(
        call.request,
        {
            "json": lambda: resource_answer(person_body(call, shown), _version(shown)),
            "html": lambda: _page(call, shown),
        },
    )


def put(call: Call, person: str) -> Response:
    """``PUT /people/{person}``: replaces name and rules; ``If-Match`` guards against changes in between."""
    details = read_whole(call)
    return _change(call, person, lambda _: details)


def patch(call: Call, person: str) -> Response:
    """``PATCH /people/{person}``: changes what is given of name and rules; ``If-Match`` likewise."""
    return _change(call, person, read_change(call))


def remove(call: Call, person: str) -> Response:
    """``DELETE /people/{person}``: forgets them with everything that shows them; ``If-Match`` likewise."""
    call.stores.people.remove(person, expected(call, _version))
    return changed(call.request, call.links.people)


def _page(call: Call, person: Person) -> Response:
    faces = face_bodies(call, call.stores.faces.of(person.id))
    zone, rule = call.house.config.timezone, rule_of(person)
    return call.page(
        "person.html",
        here="/people",
        person=person_body(call, person),
        faces=[face for face in faces if not face.negative],
        negatives=[face for face in faces if face.negative],
        hours=rule.hours,
        blank_rows=min(BLANK_ROWS, MOST_ROWS - len(rule.hours)),
        valid_from=rules.write_start(rule.valid_from, zone),
        valid_until=rules.write_end(rule.valid_until, zone),
        day_choices=DAY_CHOICES,
        **notices(call),
    )


def _change(call: Call, person_id: str, edit: Edit) -> Response:
    person = call.stores.people.change(person_id, edit, expected(call, _version))
    body = person_body(call, person)
    return changed(call.request, body.links["self"], body, headers=etag(_version(person)))


def _version(person: Person) -> str:
    return f"{person.revision}-{person.faces}-{person.portrait or 0}"
