"""Sums: the same out of a form, out of JSON and out of a path, and what is said where there is no result."""

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from webob import Response

from wsgi_app.base.errors import BadRequest, UnsupportedMediaType
from wsgi_app.lab.fields import FORM_TYPES, body_fields, sent_type
from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import URLENCODED
from wsgi_app.web.rendering import json_answer, negotiated
from wsgi_app.web.uploads import JSON, read_json

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
NAMES = (("a", "input1"), ("op", "operator"), ("b", "input2"))  # either will do, in forms as in JSON
MOST_DIGITS = 15  # a double holds so many exactly, so a division with a rest never rounds to a whole number
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")  # int() takes more: "1_000", " 1", other scripts' digits
USAGE = {
    "get": "/calc/6/*/7",
    "post": {"a": 6, "op": "*", "b": 7},
    "operators": list(OPERATORS),
    "most_digits": MOST_DIGITS,
}


@dataclass(frozen=True)
class Sum:
    """What is to be worked out, as it was written."""

    a: str = ""
    op: str = ""
    b: str = ""


class JsonSum(msgspec.Struct):
    """The same in JSON, by either names; operands may be numbers or text, and stay as they were written."""

    a: msgspec.Raw = msgspec.Raw()
    op: str = ""
    b: msgspec.Raw = msgspec.Raw()
    input1: msgspec.Raw = msgspec.Raw()
    operator: str = ""
    input2: msgspec.Raw = msgspec.Raw()


class Worked(msgspec.Struct):
    """A sum with its result: a whole number wherever it is one, else the nearest double."""

    a: int
    op: str
    b: int
    result: int | float


def show(call: LabCall) -> Response:
    """``GET /calc`` or ``/post``: the form; for a program that wants JSON, how to ask."""
    return negotiated(
        call.request, {"html": lambda: as_page(call, Sum(), None), "json": lambda: json_answer(USAGE)}
    )


def post(call: LabCall) -> Response:
    """``POST /calc`` or ``/post``: the result of a form, or of JSON as ``{"a": 6, "op": "*", "b": 7}``."""
    return answer(call, read_sum(call))


def get(call: LabCall, a: str, b: str, op: str = "/") -> Response:
    """``GET /calc/{a}/{op}/{b}``, with or without ``/calc``: the result.

    A division's ``%2F`` comes as ``/``, in a row of its own.
    """
    return answer(call, Sum(a, op, b))


def answer(call: LabCall, wanted: Sum) -> Response:
    """The result as JSON, or in the page with the form filled in again; an error likewise."""
    result = result_of(wanted)
    return negotiated(
        call.request, {"json": lambda: as_json(result), "html": lambda: as_page(call, wanted, result)}
    )


def read_sum(call: LabCall) -> Sum:
    """The sum in a body; its numbers stay text until they are known to be short.

    Raises:
        BadRequest: something in it came more than once.
        UnsupportedMediaType: the body is neither a form nor JSON.
        RequestError: as ``body_fields`` and ``uploads.read_json`` say.
    """
    declared = sent_type(call.request)
    if declared in FORM_TYPES:
        fields = body_fields(call)
        return Sum(*(the_one(name, [*fields.get(name, []), *fields.get(other, [])]) for name, other in NAMES))
    if declared != JSON:
        raise UnsupportedMediaType("unsupported_media_type:sum", one=JSON, other=URLENCODED)
    body = read_json(call.request, JsonSum, call.services.config.limits.uploads.json_bytes)
    return Sum(
        the_one("a", [text for text in (text_of(body.a), text_of(body.input1)) if text]),
        the_one("op", [text for text in (body.op, body.operator) if text]),
        the_one("b", [text for text in (text_of(body.b), text_of(body.input2)) if text]),
    )


def the_one(name: str, values: Sequence[str | int]) -> str:
    """What a field says that came once, by either name; nothing where it did not come.

    Raises:
        BadRequest: it came more than once, and nobody can tell which of them is meant.
    """
    if len(values) > 1:
        raise BadRequest("given_twice", name=name)
    return str(values[0]) if values else ""


def text_of(raw: msgspec.Raw) -> str:
    """A value in JSON as text: what a string says, and anything else as it is written.

    Raises:
        BadRequest: it is no JSON.
    """
    written = bytes(raw)
    try:
        return msgspec.json.decode(written, type=str) if written.startswith(b'"') else written.decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest("bad_json") from error


def result_of(wanted: Sum) -> Worked | BadRequest:
    """The sum worked out, or why it cannot be."""
    try:
        return work_out(wanted)
    except BadRequest as error:
        return error


def work_out(wanted: Sum) -> Worked:
    """The result.

    Raises:
        BadRequest: there is none; its code tells what is wrong.
    """
    a, b = whole_number("a", wanted.a), whole_number("b", wanted.b)
    if wanted.op == " ":
        raise BadRequest("unknown_operator:space")
    if wanted.op not in OPERATORS:
        raise BadRequest("unknown_operator", operators=", ".join(OPERATORS))
    if wanted.op == "/" and b == 0:
        raise BadRequest("division_by_zero")
    result = OPERATORS[wanted.op](a, b)
    return Worked(a, wanted.op, b, int(result) if result == int(result) else result)


def whole_number(name: str, text: str) -> int:
    """An operand that is written as people write it.

    Raises:
        BadRequest: it is missing, no whole number, or too long.
    """
    if not text:
        raise BadRequest("operand_missing", name=name)
    if not WHOLE_NUMBER.fullmatch(text):
        raise BadRequest("not_a_whole_number", name=name)
    if len(text.lstrip("+-")) > MOST_DIGITS:
        raise BadRequest("operand_too_large", name=name, most=MOST_DIGITS)
    return int(text)


def as_json(result: Worked | BadRequest) -> Response:
    """An answer for programs.

    Raises:
        BadRequest: there is no result.
    """
    if isinstance(result, BadRequest):
        raise result
    return json_answer(result)


def as_page(call: LabCall, wanted: Sum, result: Worked | BadRequest | None) -> Response:
    """An answer for browsers: the form as it was filled in, and what was found."""
    error = result if isinstance(result, BadRequest) else None
    worked = None if error else result
    known = {"operators": OPERATORS, "most_digits": MOST_DIGITS}
    status = error.status if error else 200
    return call.page("calc.html", status, wanted=wanted, worked=worked, error=error, known=known)
