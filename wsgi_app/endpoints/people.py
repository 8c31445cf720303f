"""People and their enrolled faces."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from webob import Response

from wsgi_app.endpoints.paging import link_to_next, page_size, text_cursor
from wsgi_app.enrolment import clean_name, enrol
from wsgi_app.errors import Unprocessable
from wsgi_app.rendering import json_answer, no_content, photo_answer
from wsgi_app.services import Call
from wsgi_app.stores.people import EnrolledFace, Person
from wsgi_app.uploads import read_json, read_photo


class PersonName(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to make or rename a person."""

    name: Annotated[str, msgspec.Meta(max_length=1000)]


class PersonBody(msgspec.Struct):
    """A person as clients see them."""

    id: str
    name: str
    faces: int
    created_at: datetime
    links: dict[str, str]


class FaceBody(msgspec.Struct):
    """An enrolled face as clients see it."""

    id: str
    quality: dict[str, float]
    created_at: datetime
    links: dict[str, str]


def index(call: Call) -> Response:
    """``GET /people``: everybody by name, a page at a time."""
    limit = page_size(call)
    people = call.services.stores.people.page(limit + 1, text_cursor(call, "after"))
    response = json_answer({"people": [person_body(call, person) for person in people[:limit]]})
    if len(people) > limit:
        link_to_next(response, call, after=people[limit - 1].name, limit=str(limit))
    return response


def create(call: Call) -> Response:
    """``POST /people``: ``{"name"}`` to a new person without faces."""
    person = call.services.stores.people.add(_read_name(call))
    body = person_body(call, person)
    return json_answer(body, 201, {"Location": body.links["self"], "ETag": _etag(person)})


def show(call: Call, person: str) -> Response:
    """``GET /people/{person}``."""
    return _one(call, call.services.stores.people.get(person))


def rename(call: Call, person: str) -> Response:
    """``PATCH /people/{person}``: ``{"name"}``; ``If-Match`` guards against changes in between."""
    name = _read_name(call)
    return _one(call, call.services.stores.people.rename(person, name, _expected(call)))


def remove(call: Call, person: str) -> Response:
    """``DELETE /people/{person}``: forgets them with their faces; ``If-Match`` likewise."""
    call.services.stores.people.remove(person, _expected(call))
    return no_content()


def faces(call: Call, person: str) -> Response:
    """``GET /people/{person}/faces``: all of them, oldest first."""
    found = call.services.stores.people.faces(person)
    return json_answer({"faces": [face_body(call, face) for face in found]})


def enrol_face(call: Call, person: str) -> Response:
    """``POST /people/{person}/faces``: multipart field ``file``, one photo of that person alone."""
    services = call.services
    services.stores.people.get(person)
    photo = read_photo(call.request, "file", services.config.limits)
    face = enrol(services.pipeline, services.stores.people, person, photo, call.steps)
    body = face_body(call, face)
    return json_answer(body, 201, {"Location": body.links["self"]})


def show_face(call: Call, person: str, face: str) -> Response:
    """``GET /people/{person}/faces/{face}``."""
    return json_answer(face_body(call, call.services.stores.people.face(person, face)))


def remove_face(call: Call, person: str, face: str) -> Response:
    """``DELETE /people/{person}/faces/{face}``."""
    call.services.stores.people.remove_face(person, face)
    return no_content()


def face_photo(call: Call, person: str, face: str) -> Response:
    """``GET /people/{person}/faces/{face}/photo``: the aligned crop, PNG."""
    stores = call.services.stores
    return photo_answer(stores.photos.path(stores.people.face(person, face).crop), "image/png")


def person_body(call: Call, person: Person) -> PersonBody:
    """A person's representation, with links."""
    address = f"{call.request.application_url}/people/{person.id}"
    links = {"self": address, "faces": f"{address}/faces"}
    return PersonBody(person.id, person.name, person.faces, person.created_at, links)


def face_body(call: Call, face: EnrolledFace) -> FaceBody:
    """A face's representation, with links."""
    owner = f"{call.request.application_url}/people/{face.person_id}"
    address = f"{owner}/faces/{face.id}"
    links = {"self": address, "photo": f"{address}/photo", "person": owner}
    return FaceBody(face.id, face.quality, face.created_at, links)


def _one(call: Call, person: Person) -> Response:
    response = json_answer(person_body(call, person), headers={"ETag": _etag(person)})
    response.conditional_response = True
    return response


def _read_name(call: Call) -> str:
    body = read_json(call.request, PersonName, call.services.config.limits.json_bytes)
    try:
        return clean_name(body.name)
    except ValueError as error:
        raise Unprocessable(f"This cannot be a name: {error}.", code="bad_name") from error


def _etag(person: Person) -> str:
    return f'"{person.revision}-{person.faces}"'


def _expected(call: Call) -> Callable[[Person], bool]:
    if_match = call.request.if_match
    return lambda person: _etag(person).strip('"') in if_match
