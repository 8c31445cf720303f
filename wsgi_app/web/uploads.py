"""Bounded readers of request bodies: their bytes, or typed JSON."""

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

import msgspec
from webob import Request

from wsgi_app.base.errors import (
    BadRequest,
    ContentTooLarge,
    LengthRequired,
    Unprocessable,
    UnsupportedMediaType,
)

CHUNK_BYTES = 64 * 1024
LONGEST_LENGTH = 18  # digits of a Content-Length
DEEPEST_JSON = 32  # lists and objects in each other
JSON, MULTIPART = "application/json", "multipart/form-data"
TOO_LONG = re.compile(r"Expected `str` of length <= (\d+) - at `\$\.(.*)`")

Body = TypeVar("Body")


class BodyReader:
    """The rest of a request's body: never reads past its length, and never takes less for the whole."""

    def __init__(self, stream: BinaryIO, length: int):
        self._stream, self.left, self._ahead = stream, length, b""

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes of what is left, all of it by default; nothing at the body's end.

        Raises:
            BadRequest: the client stopped sending.
        """
        length = self.left if size < 0 else min(size, self.left)
        if length == 0:
            return b""
        if self._ahead:
            data, self._ahead = self._ahead[:length], self._ahead[length:]
            self.left -= len(data)
            return data
        try:
            data = self._stream.read(length)
        except OSError:  # uWSGI's way to say that the client went away or fell silent
            data = b""
        if not data:
            self.left = 0
            raise BadRequest("body_incomplete")
        self.left -= len(data)
        return data

    def peek(self, size: int) -> bytes:
        """The next bytes, which will still be read: so many of them, or fewer where no more came yet.

        Raises:
            BadRequest: the client stopped sending.
        """
        if not self._ahead:
            self._ahead = self.read(size)
            self.left += len(self._ahead)
        return self._ahead[:size]

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


def read_length(environ: dict[str, object]) -> int | None:
    """The request's Content-Length, or ``None`` without one.

    Raises:
        BadRequest: it is no number.
    """
    text = str(environ.get("CONTENT_LENGTH") or "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_LENGTH):
        raise BadRequest("bad_length")
    return int(text)


def read_json(request: Request, body_type: type[Body], limit_bytes: int) -> Body:
    """A JSON body as a typed value; a mark of UTF-8 before it is skipped (RFC 8259, 8.1).

    Raises:
        UnsupportedMediaType: the body is not declared as JSON.
        BadRequest: it is not JSON, not UTF-8, or nested too deeply.
        Unprocessable: it is JSON of another shape; the message says where.
        ContentTooLarge, LengthRequired: as they say.
    """
    refuse_other_type(request, JSON)
    data = read_bytes(request, limit_bytes).removeprefix(codecs.BOM_UTF8)
    try:
        return _refuse_deep(msgspec.json.decode(data, type=body_type))
    except msgspec.ValidationError as error:
        if long := too_long(error):
            raise Unprocessable("json_shape:long", field=long.field, most=long.most) from error
        raise Unprocessable("json_shape", why=str(error)) from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise (BadRequest("bad_json") if _is_utf8(data) else BadRequest("bad_json:not_utf8")) from error


@dataclass(frozen=True)
class LongText:
    """A field whose text is too long, and how many characters it may have."""

    field: str
    most: int


def too_long(error: msgspec.ValidationError) -> LongText | None:
    """The text that is too long, where that is why a value does not fit; people do that, not programs."""
    match = TOO_LONG.fullmatch(str(error))
    return LongText(match[2], int(match[1])) if match else None


def read_bytes(request: Request, limit_bytes: int) -> bytes:
    """A whole body.

    Raises:
        ContentTooLarge, LengthRequired, BadRequest: as they say.
    """
    return b"".join(chunks_of(bounded_reader(request, limit_bytes)))


def declared_type(request: Request) -> str:
    """The body's type as the request declares it, without parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_photo_alone(request: Request) -> bool:
    """Whether the body is declared as a picture by itself, in no form."""
    return declared_type(request).startswith("image/")


def has_body(request: Request) -> bool:
    """Whether anything is sent, be it of a length that is not told."""
    if "HTTP_TRANSFER_ENCODING" in request.environ:
        return True
    return bool(read_length(request.environ))


def skip_bytes(request: Request, limit_bytes: int) -> int:
    """Read and forget a whole body, and give its size.

    Raises:
        ContentTooLarge, LengthRequired, BadRequest: as they say.
    """
    return sum(map(len, chunks_of(bounded_reader(request, limit_bytes))))


def bounded_reader(request: Request, limit_bytes: int) -> BodyReader:
    """What reads a request's body, of a known length.

    Raises:
        ContentTooLarge, LengthRequired: as they say.
    """
    if read_length(request.environ) is None:
        raise LengthRequired("length_required")
    reader: BodyReader = request.environ["wsgi.input"]
    if reader.left > limit_bytes:
        raise ContentTooLarge("too_large:body", bytes=limit_bytes)
    return reader


def chunks_of(reader: BodyReader) -> Iterator[bytes]:
    """What is left of a body, chunk by chunk."""
    while data := reader.read(CHUNK_BYTES):
        yield data


def refuse_other_type(request: Request, expected: str) -> None:
    """Refuse a body that is not declared as of one type.

    Raises:
        UnsupportedMediaType: it is not.
    """
    if declared_type(request) != expected:
        raise UnsupportedMediaType("unsupported_media_type:body", expected=expected)


def _is_utf8(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()[:4]  # so begin UTF-16 and UTF-32 without a mark
    except UnicodeDecodeError:
        return False


def _refuse_deep(value: Body) -> Body:
    level: list[Any] = [value]
    for _ in range(DEEPEST_JSON):
        level = [inner for outer in level for inner in _inside(outer)]
    if any(isinstance(inner, dict | list) for inner in level):
        raise BadRequest("bad_json:deep", levels=DEEPEST_JSON)
    return value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
