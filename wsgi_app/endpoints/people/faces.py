"""A person's faces: what a door compares with, and what it must not take for them."""

from dataclasses import replace

import msgspec
from webob import Request, Response

from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import BadRequest
from wsgi_app.base.faces import Objection
from wsgi_app.endpoints.people.bodies import FaceList, face_bodies, face_body
from wsgi_app.house.enrolment import Candidate, candidate_of_visit
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.web.call import Call
from wsgi_app.web.fields import Id
from wsgi_app.web.forms import is_form
from wsgi_app.web.parts import read_photo
from wsgi_app.web.rendering import json_answer, photo_answer, query_text, resource_answer, version_of
from wsgi_app.web.undoing import done
from wsgi_app.web.uploads import JSON, declared_type, read_length
from wsgi_app.web.versions import expected


class FaceOfVisit(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to enrol the face of a visit; ``accept`` insists in spite of doubts."""

    visit: Id
    accept: Objection | list[Objection] | None = None


def index(call: Call, person: str) -> Response:
    """``GET /people/{person}/faces``: all of them, oldest first."""
    return json_answer(FaceList(face_bodies(call, call.stores.faces.of(person))))


def enrol_face(call: Call, person: str) -> Response:
    """``POST /people/{person}/faces``: a photo of that person alone, or ``{"visit"}`` for a visit's.

    The photo is the multipart field ``file``, or the body by itself. ``?accept=like_another``, or that field,
    insists on a face that is as like somebody else's, ``unlike_own`` on one that is not like the person's
    own; a comma stands between the two.
    """
    call.stores.people.get(person)
    enrolment = call.enroller.enrol(_candidate(call, person))
    body = face_body(call, enrolment.face)
    headers = {"Location": body.links["self"]}
    return done(call, body.links["person"], enrolment.change, body, 201, headers)


def confirm(call: Call, person: str, face: str) -> Response:
    """``POST /people/{person}/faces/{face}/confirm``: somebody looked, and it is the person's."""
    with call.stores.changes.record(Deed.FACE_CONFIRMED, person, [person]) as made:
        confirmed = call.stores.faces.confirm(person, face)
    return done(call, call.links.person(person), made.change, face_body(call, confirmed))


def show(call: Call, person: str, face: str) -> Response:
    """``GET /people/{person}/faces/{face}``: one face, as it was measured."""
    return resource_answer(face_body(call, call.stores.faces.get(person, face)))


def remove(call: Call, person: str, face: str) -> Response:
    """``DELETE /people/{person}/faces/{face}``: unlearns it; ``If-Match`` guards against changes."""

    def version(current: EnrolledFace) -> str:
        return version_of(face_body(call, current))

    with call.stores.changes.record(Deed.FACE_REMOVED, person, [person]) as made:
        call.stores.faces.remove(person, face, expected(call, version))
    return done(call, call.links.person(person), made.change)


def photo(call: Call, person: str, face: str) -> Response:
    """``GET /people/{person}/faces/{face}/photo``: the aligned crop, PNG."""
    kept = call.stores.faces.get(person, face)
    return photo_answer(call.stores.photos.file(kept.crop, kept.crop_sha256), "image/png")


def _candidate(call: Call, person: str) -> Candidate:
    accepted = _accepted(call)
    limits = call.house.config.limits.uploads
    if not is_form(call.request) and not _is_small_json(call.request, limits.json_bytes):
        photo = read_photo(call.request, "file", limits)
        return Candidate(person, photo, accept=accepted)
    body = call.body(FaceOfVisit)
    candidate = candidate_of_visit(call.stores, person, body.visit)
    told = body.accept if isinstance(body.accept, list) else [body.accept] if body.accept else []
    return replace(candidate, accept=accepted | frozenset(told))


def _is_small_json(request: Request, most_bytes: int) -> bool:
    """Whether it may be about a visit: a photo in JSON is none, and is told how to come."""
    return declared_type(request) == JSON and (read_length(request.environ) or 0) <= most_bytes


def _accepted(call: Call) -> frozenset[Objection]:
    words = [word.strip() for word in query_text(call.request, "accept").split(",") if word.strip()]
    if not set(words) <= set(Objection):
        raise BadRequest("bad_query:accept", only=" and ".join(Objection))
    return frozenset(map(Objection, words))
