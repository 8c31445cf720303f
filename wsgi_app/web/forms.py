"""Forms of pages: the same requests as programs send, as far as HTML can say them.

A form can only POST, so a field ``_method`` names the method that is meant, and ``csrf`` proves that the form
is from a page of the same sign-in. Everything else are the fields of the JSON that the address takes.
"""

import typing
from dataclasses import dataclass, field
from functools import cache
from types import NoneType
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from webob import Request

from wsgi_app.base.errors import BadRequest, LengthRequired, Unprocessable
from wsgi_app.base.limits import UploadLimits
from wsgi_app.vision.kinds import BEGINNING_BYTES, begins_as_picture
from wsgi_app.web.uploads import (
    BodyReader,
    declared_type,
    has_body,
    read_bytes,
    read_json,
    read_length,
    too_long,
)

URLENCODED = "application/x-www-form-urlencoded"
KEY = "porteiro.form"  # where the environ keeps the form
METHOD_FIELD, CSRF_FIELD, CSRF_HEADER = "_method", "csrf", "X-CSRF-Token"
ACCEPT_FIELD = "accept"
METHODS = ("", "POST", "PUT", "PATCH", "DELETE")  # that a form can mean; what it says nothing of is POST
MOST_FIELDS = 500

Body = TypeVar("Body")


@dataclass(frozen=True)
class Form:
    """A form's fields, each with all its values in their order."""

    fields: dict[str, list[str]]
    csrf: str = field(repr=False)


def keep_form(request: Request, limits: UploadLimits) -> None:
    """Where a form was posted, read it, for ``read_body`` and ``is_form``.

    Of what comes without a length nobody can tell whether it is a photo.

    Raises:
        BadRequest: it is no form.
        ContentTooLarge, LengthRequired: as they say.
    """
    if request.method != "POST" or declared_type(request) != URLENCODED or is_photo_called_form(request):
        return
    if read_length(request.environ) is not None or not has_body(request):
        fields = read_fields(request, limits.json_bytes)
        request.environ[KEY] = Form(fields, fields.pop(CSRF_FIELD, [""])[-1])


def is_photo_called_form(request: Request) -> bool:
    """Whether a photo comes with the type of a form: curl calls so whatever it posts, unless told otherwise.

    Raises:
        BadRequest: the client stopped sending.
    """
    if declared_type(request) != URLENCODED or not read_length(request.environ):
        return False
    reader: BodyReader = request.environ["wsgi.input"]
    return begins_as_picture(reader.peek(BEGINNING_BYTES))


def take_method(request: Request) -> None:
    """Where a form is kept, take the method that it means.

    Raises:
        BadRequest: forms have no such method.
    """
    form: Form | None = request.environ.get(KEY)
    if form is None:
        return
    method = form.fields.pop(METHOD_FIELD, [""])[-1]
    if method not in METHODS:
        raise BadRequest("bad_form:method", field=METHOD_FIELD)
    request.environ["REQUEST_METHOD"] = method or "POST"


def read_fields(request: Request, limit_bytes: int) -> dict[str, list[str]]:
    """The fields of an urlencoded body, each with all its values in their order.

    Raises:
        BadRequest: it is no form.
        ContentTooLarge, LengthRequired: as they say.
    """
    data = read_bytes(request, limit_bytes)
    try:
        text = data.decode("ascii")
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise BadRequest("bad_form:fields", most=MOST_FIELDS) from error
    fields: dict[str, list[str]] = {}
    for name, text in pairs:
        fields.setdefault(name, []).append(text)
    return fields


def read_query(request: Request) -> dict[str, list[str]]:
    """The fields of a query, each with all its values in their order.

    Raises:
        BadRequest: it is not UTF-8.
    """
    try:
        return request.GET.dict_of_lists()
    except UnicodeDecodeError as error:
        raise BadRequest("bad_query:not_utf8") from error


def is_form(request: Request) -> bool:
    """Whether the request comes from a page's form, which goes on to a page."""
    return KEY in request.environ


def insisting(request: Request, objection: str) -> list[tuple[str, str]]:
    """A form's fields, and one more that insists in spite of an objection; none without a form."""
    form: Form | None = request.environ.get(KEY)
    if form is None:
        return []
    fields = [(name, text) for name, texts in form.fields.items() for text in texts]
    return [*fields, (ACCEPT_FIELD, objection)]


def given_csrf(request: Request) -> str:
    """What a change brings to show from which sign-in's page it comes; ``""`` for nothing."""
    form: Form | None = request.environ.get(KEY)
    return form.csrf if form else request.headers.get(CSRF_HEADER, "")


def read_body(request: Request, body_type: type[Body], limit_bytes: int) -> Body:
    """A form's fields or a JSON body, as a typed value.

    An empty field is ``null`` where the type allows that.

    Raises:
        Unprocessable: it is of another shape; the message says where.
        RequestError: as ``uploads.read_json`` says.
    """
    form: Form | None = request.environ.get(KEY)
    if form is None:
        if declared_type(request) == URLENCODED and read_length(request.environ) is None:
            raise LengthRequired("length_required")
        return read_json(request, body_type, limit_bytes)
    try:
        return msgspec.convert(_values(form, body_type), body_type, strict=False)
    except msgspec.ValidationError as error:
        if long := too_long(error):
            raise Unprocessable("form_shape:long", field=long.field, most=long.most) from error
        raise Unprocessable("form_shape", why=str(error)) from error


def _values(form: Form, body_type: type) -> dict[str, Any]:
    hints = _hints_of(body_type)
    return {name: _value(hints.get(name), texts) for name, texts in form.fields.items()}


@cache
def _hints_of(body_type: type) -> dict[str, Any]:
    return typing.get_type_hints(body_type)


def _value(hint: Any, texts: list[str]) -> Any:
    arms = typing.get_args(hint)
    if typing.get_origin(hint) is list or any(typing.get_origin(arm) is list for arm in arms):
        return texts
    return None if texts[-1] == "" and NoneType in arms else texts[-1]
