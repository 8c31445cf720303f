"""A request's body as the application sees it: its kind, its size, and what is in it, whole or broken."""

import re
from io import BytesIO
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from webob import Request

from wsgi_app.base.errors import RequestError
from wsgi_app.base.limits import UploadLimits
from wsgi_app.base.sentences import Place, Say
from wsgi_app.web.forms import URLENCODED, read_fields
from wsgi_app.web.parts import Part, read_parts
from wsgi_app.web.uploads import (
    JSON,
    MULTIPART,
    BodyReader,
    declared_type,
    read_bytes,
    read_json,
    read_length,
    skip_bytes,
)

START_BYTES = 32  # of files and unknown bytes that are shown
TOO_LARGE = "It is too large to be shown."
KINDS = {URLENCODED: "form", MULTIPART: "multipart", JSON: "json"}
NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]")  # U+FFFD: bytes that are not UTF-8


class SeenFile(msgspec.Struct, frozen=True):
    """A file in a form.

    Attributes:
        part: name of the form's part.
        filename: as the client calls it; nobody should open a file by that.
        type: as the part declares it.
        size: in bytes.
        start: its first bytes as hex digits.
    """

    part: str
    filename: str
    type: str
    size: int
    start: str


class SeenBody(msgspec.Struct, frozen=True):
    """A body; what its kind has not is left out.

    Attributes:
        kind: none, form, multipart, json, text or binary.
        type: as the request declares it.
        size: in bytes.
        fields: of a form, each with all its values.
        files: of a multipart form.
        value: of JSON.
        text: of a text, and of what is not what it says it is.
        start: first bytes of anything else, as hex digits.
        problem: why it cannot be read as its type says.
    """

    kind: str
    type: str
    size: int
    fields: dict[str, list[str]] | UnsetType = UNSET
    files: list[SeenFile] | UnsetType = UNSET
    value: Any = UNSET
    text: str | UnsetType = UNSET
    start: str | UnsetType = UNSET
    problem: str | UnsetType = UNSET

    @property
    def value_in_lines(self) -> str:
        """The JSON value, laid out for reading."""
        return msgspec.json.format(msgspec.json.encode(self.value)).decode()


def body_of(request: Request, limits: UploadLimits, say: Say) -> SeenBody:
    """A request's body; of one that is too large to show, only its kind and its size.

    Args:
        request: which brings it.
        limits: what is accepted from outside.
        say: says why it cannot be read as its type says.

    Raises:
        ContentTooLarge, LengthRequired, BadRequest: it cannot be read at all.
    """
    declared, size = declared_type(request), read_length(request.environ) or 0
    if size == 0 and "Transfer-Encoding" not in request.headers:
        return SeenBody("none", declared, 0)
    if size > limits.json_bytes:
        kind = KINDS.get(declared, "text" if declared.startswith("text/") else "binary")
        return SeenBody(kind, declared, skip_bytes(request, limits.body_bytes), problem=TOO_LARGE)
    data = read_bytes(request, limits.json_bytes)
    plain = _plain(data, declared)
    kind = KINDS.get(declared, "text" if "text" in plain else "binary")
    request.environ["wsgi.input"] = BodyReader(BytesIO(data), size)  # for those who know how to read its kind
    try:
        return SeenBody(kind, declared, size, **(_inside(kind, request, limits) or plain))
    except RequestError as error:
        return SeenBody(kind, declared, size, problem=say(error, Place.API), **plain)


def _inside(kind: str, request: Request, limits: UploadLimits) -> dict[str, Any]:
    if kind == "form":
        return {"fields": read_fields(request, limits.json_bytes)}
    if kind == "multipart":
        return _in_parts(list(read_parts(request, limits)))
    if kind == "json":
        return {"value": read_json(request, Any, limits.json_bytes)}
    return {}


def _in_parts(parts: list[tuple[str, Part]]) -> dict[str, Any]:
    fields: dict[str, list[str]] = {}
    for name, part in parts:
        if part.filename is None:
            fields.setdefault(name, []).append(part.text)
    return {
        "fields": fields,
        "files": [_file(name, part) for name, part in parts if part.filename is not None],
    }


def _file(name: str, part: Part) -> SeenFile:
    return SeenFile(name, part.filename or "", part.content_type or "", len(part.data), _start_of(part.data))


def _plain(data: bytes, declared: str) -> dict[str, Any]:
    text = data.decode(errors="replace")
    is_text = declared.startswith("text/") or not NO_TEXT.search(text)
    return {"text": text} if is_text else {"start": _start_of(data)}


def _start_of(data: bytes) -> str:
    return data[:START_BYTES].hex(" ")
