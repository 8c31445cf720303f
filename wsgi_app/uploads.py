"""Bounded readers of request bodies: a photo out of multipart, or typed JSON."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO, TypeVar

import msgspec
from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from multipart import parse_options_header as parse_options
from webob import Request

from wsgi_app.config import Limits
from wsgi_app.errors import (
    BadRequest,
    ContentTooLarge,
    LengthRequired,
    Unprocessable,
    UnsupportedMediaType,
)
from wsgi_app.vision.decode import is_jpeg

CHUNK_BYTES = 64 * 1024
LONGEST_LENGTH = 18  # digits of a Content-Length
DEEPEST_JSON = 32  # lists and objects in each other
JSON, MULTIPART = "application/json", "multipart/form-data"
JPEG_NAMES = (".jpg", ".jpeg")
TOO_LONG = re.compile(r"Expected `str` of length <= (\d+) - at `\$\.(.*)`")

Body = TypeVar("Body")


class BodyReader:
    """The rest of a request's body: never reads past its length, and never takes less for the whole."""

    def __init__(self, stream: BinaryIO, length: int):
        self._stream, self.left = stream, length

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes of what is left, all of it by default; nothing at the body's end.

        Raises:
            BadRequest: the client stopped sending.
        """
        wanted = self.left if size < 0 else min(size, self.left)
        if wanted == 0:
            return b""
        try:
            data = self._stream.read(wanted)
        except OSError:  # uWSGI's way to say that the client went away or fell silent
            data = b""
        if not data:
            self.left = 0
            raise BadRequest("The body ended before its Content-Length.", code="body_incomplete")
        self.left -= len(data)
        return data

    def drain(self, limit: int) -> None:
        """Read and forget what is left, up to a limit: a client that still writes would miss the answer."""
        limit = min(limit, self.left)
        while limit > 0 and (data := self._read_or_nothing(min(CHUNK_BYTES, limit))):
            limit -= len(data)

    def _read_or_nothing(self, size: int) -> bytes:
        try:
            return self.read(size)
        except BadRequest:
            return b""


@dataclass(frozen=True)
class Part:
    """One part of a form: its file name and its type (``None`` without one), and its bytes."""

    filename: str | None
    data: bytes
    content_type: str | None = None

    @property
    def text(self) -> str:
        """What it says; bytes that are not UTF-8 become U+FFFD."""
        return self.data.decode(errors="replace")


def read_length(environ: dict[str, object]) -> int | None:
    """The request's Content-Length, or ``None`` without one.

    Raises:
        BadRequest: it is no number.
    """
    text = str(environ.get("CONTENT_LENGTH") or "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_LENGTH):
        raise BadRequest("Content-Length is not a number.", code="bad_length")
    return int(text)


def read_photo(request: Request, field: str, limits: Limits) -> bytes:
    """The bytes of a form's picture part.

    Raises:
        Unprocessable: no such part.
        BadRequest: the part has no file name, or the form is broken.
        ContentTooLarge, LengthRequired, UnsupportedMediaType: as they say.
    """
    return _photo(read_form(request, (field,), limits), field)[1]


def read_photos(request: Request, fields: tuple[str, ...], limits: Limits) -> tuple[bytes, ...]:
    """The bytes of several picture parts; raises as ``read_photo`` does."""
    form = read_form(request, fields, limits)
    return tuple(_photo(form, field)[1] for field in fields)


def read_burst(request: Request, fields: tuple[str, ...], limits: Limits) -> tuple[bytes, ...]:
    """The bytes of JPEG parts, JPEGs by their names and by their contents; raises as ``read_photo`` does.

    The first is needed; the others are of the same moment, and may be left out.
    """
    form = read_form(request, fields, limits)
    return tuple(_jpeg(form, field) for field in fields if field in form or field == fields[0])


def read_json(request: Request, body_type: type[Body], limit_bytes: int) -> Body:
    """A JSON body as a typed value.

    Raises:
        UnsupportedMediaType: the body is not declared as JSON.
        BadRequest: it is not JSON, or nested too deeply.
        Unprocessable: it is JSON of another shape; the message says where.
        ContentTooLarge, LengthRequired: as they say.
    """
    _refuse_other_type(request, JSON)
    data = read_bytes(request, limit_bytes)
    try:
        return _refuse_deep(msgspec.json.decode(data, type=body_type))
    except msgspec.ValidationError as error:
        raise Unprocessable(f"The JSON does not fit: {in_words(error)}", code="json_shape") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadRequest("The body is not valid JSON.", code="bad_json") from error


def in_words(error: msgspec.ValidationError) -> str:
    """Why a value has another shape, as people say it where it is a text that is too long."""
    found = TOO_LONG.fullmatch(str(error))
    return f"{found[2]} has at most {found[1]} characters." if found else str(error)


def read_bytes(request: Request, limit_bytes: int) -> bytes:
    """A whole body.

    Raises:
        ContentTooLarge, LengthRequired, BadRequest: as they say.
    """
    return b"".join(_chunks(_reader(request, limit_bytes)))


def declared_type(request: Request) -> str:
    """The body's type as the request declares it, without parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def skip_bytes(request: Request, limit_bytes: int) -> int:
    """Read and forget a whole body, and give its size.

    Raises:
        ContentTooLarge, LengthRequired, BadRequest: as they say.
    """
    return sum(map(len, _chunks(_reader(request, limit_bytes))))


def read_form(request: Request, fields: tuple[str, ...], limits: Limits) -> dict[str, Part]:
    """The named parts of a multipart form, the first of each name; all others are skipped.

    Raises:
        RequestError: as ``read_parts`` says.
    """
    form: dict[str, Part] = {}
    form.update(read_parts(request, limits, lambda name: name in fields and name not in form))
    return form


def read_parts(
    request: Request, limits: Limits, wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[tuple[str, Part]]:
    """The parts of a multipart form as they come, each with its name.

    Args:
        request: which brings it.
        limits: of the form and its parts.
        wanted: tells by its name whether a part is kept; all others are skipped.

    Raises:
        BadRequest: the form is broken or incomplete.
        ContentTooLarge: more bytes or parts than the limits allow.
        LengthRequired, UnsupportedMediaType: as they say.
    """
    reader = _reader(request, limits.body_bytes)
    if reader.left == 0:
        return
    _refuse_other_type(request, MULTIPART)
    boundary = parse_options(request.headers.get("Content-Type", ""))[1].get("boundary", "")
    try:
        with PushMultipartParser(
            boundary,
            content_length=reader.left,
            max_segment_size=limits.photo_bytes,
            max_segment_count=limits.parts,
        ) as parser:
            yield from _parts(parser, reader, wanted)
    except ParserLimitReached as error:
        raise ContentTooLarge(
            f"The form is too large: at most {limits.parts} parts of {limits.photo_bytes} bytes."
        ) from error
    except (MultipartError, UnicodeError, ValueError) as error:
        raise BadRequest("The form is broken or incomplete.", code="bad_form") from error


def _parts(
    parser: PushMultipartParser, reader: BodyReader, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Part]]:
    name, filename, content_type, chunks = "", None, None, bytearray()
    for event in parser.parse_blocking(reader.read, CHUNK_BYTES):
        if isinstance(event, MultipartSegment):
            name, filename, content_type = event.name, event.filename, event.content_type
            chunks = bytearray()
        elif event is not None:
            chunks += event if wanted(name) else b""
        elif wanted(name):
            yield name, Part(filename, bytes(chunks), content_type)
    for _ in _chunks(reader):  # what follows the form's end has to arrive too
        pass


def _chunks(reader: BodyReader) -> Iterator[bytes]:
    while data := reader.read(CHUNK_BYTES):
        yield data


def _refuse_deep(value: Body) -> Body:
    level: list[Any] = [value]
    for _ in range(DEEPEST_JSON):
        level = [inner for outer in level for inner in _inside(outer)]
    if any(isinstance(inner, dict | list) for inner in level):
        raise BadRequest(f"The JSON is nested deeper than {DEEPEST_JSON} levels.", code="bad_json")
    return value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _photo(form: dict[str, Part], field: str) -> tuple[str, bytes]:
    part = form.get(field)
    if part is None:
        raise Unprocessable(f"The form has no part named {field!r}.", code="part_missing")
    if not part.filename:
        raise BadRequest(f"The part {field!r} has no file name.", code="file_name_missing")
    return part.filename, part.data


def _jpeg(form: dict[str, Part], field: str) -> bytes:
    filename, data = _photo(form, field)
    if PurePath(filename).suffix.lower() not in JPEG_NAMES or not is_jpeg(data):
        raise UnsupportedMediaType("The photo must be a JPEG, named .jpg or .jpeg.", code="not_a_jpeg")
    return data


def _reader(request: Request, limit_bytes: int) -> BodyReader:
    if read_length(request.environ) is None:
        raise LengthRequired("Send the body with a Content-Length.")
    reader: BodyReader = request.environ["wsgi.input"]
    if reader.left > limit_bytes:
        raise ContentTooLarge(f"The body is too large: at most {limit_bytes} bytes.")
    return reader


def _refuse_other_type(request: Request, expected: str) -> None:
    if declared_type(request) != expected:
        raise UnsupportedMediaType(f"Send the body as {expected}.")
