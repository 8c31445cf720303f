"""Forms in parts, as browsers and doors send photos: multipart, of bounded size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from webob import Request

from wsgi_app.base.errors import (
    BadRequest,
    ContentTooLarge,
    RequestError,
    Unprocessable,
    UnsupportedMediaType,
)
from wsgi_app.base.limits import UploadLimits
from wsgi_app.vision.kinds import is_jpeg
from wsgi_app.web.dispositions import boundary_of, disposition
from wsgi_app.web.uploads import (
    CHUNK_BYTES,
    MULTIPART,
    BodyReader,
    bounded_reader,
    chunks_of,
    declared_type,
    has_body,
    is_photo_alone,
    read_bytes,
    refuse_other_type,
)

JPEG_NAMES = (".jpg", ".jpeg", ".jpe", ".jfif")
LONG_HEADER, WRONG_LINE_END = "header length", "line break"  # in the parser's words


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


def read_photo(request: Request, field: str, limits: UploadLimits) -> bytes:
    """The bytes of a form's picture part, or of a picture that is the body by itself.

    Raises:
        Unprocessable: no such part.
        BadRequest: the part has no file name, or the form is broken.
        UnsupportedMediaType: neither a form nor a picture; the message says how to send one.
        ContentTooLarge, LengthRequired: as they say.
    """
    if is_photo_alone(request):
        return read_bytes(request, limits.photo_bytes)
    if _is_outside_form(request):
        raise UnsupportedMediaType("unsupported_media_type:photo_outside_form", field=field)
    return _photo(read_form(request, (field,), limits), field)[1]


def read_photos(request: Request, fields: tuple[str, str], limits: UploadLimits) -> tuple[bytes, ...]:
    """The bytes of two picture parts; raises as ``read_photo`` does."""
    if _is_outside_form(request):
        raise UnsupportedMediaType(
            "unsupported_media_type:photos_outside_form", first=fields[0], second=fields[1]
        )
    form = read_form(request, fields, limits)
    return tuple(_photo(form, field)[1] for field in fields)


def read_burst(request: Request, fields: tuple[str, ...], limits: UploadLimits) -> tuple[bytes, ...]:
    """The bytes of JPEG parts, JPEGs by their names and by their contents; raises as ``read_photo`` does.

    The first is needed; the others are of the same moment, and may be left out. A JPEG that is the body by
    itself has no name.
    """
    if is_photo_alone(request):
        return (_jpeg(f"photo{JPEG_NAMES[0]}", read_bytes(request, limits.photo_bytes)),)
    if _is_outside_form(request):
        raise UnsupportedMediaType("unsupported_media_type:photo_outside_form", field=fields[0])
    form = read_form(request, fields, limits)
    return tuple(_jpeg(*_photo(form, field)) for field in fields if field in form or field == fields[0])


def _is_outside_form(request: Request) -> bool:
    return declared_type(request) != MULTIPART and has_body(request)


def read_form(request: Request, fields: tuple[str, ...], limits: UploadLimits) -> dict[str, Part]:
    """The named parts of a multipart form, the first of each name; all others are skipped.

    Raises:
        RequestError: as ``read_parts`` says.
    """
    form: dict[str, Part] = {}
    form.update(read_parts(request, limits, lambda name: name in fields and name not in form))
    return form


def read_parts(
    request: Request, limits: UploadLimits, wanted: Callable[[str], bool] = lambda _: True
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
    reader = bounded_reader(request, limits.body_bytes)
    if reader.left == 0:
        return
    refuse_other_type(request, MULTIPART)
    try:
        with PushMultipartParser(
            boundary_of(request.headers.get("Content-Type", "")),
            content_length=reader.left,
            header_charset="latin-1",  # of any bytes; ``disposition`` tells which they are
            max_segment_size=limits.photo_bytes,
            max_segment_count=limits.parts,
        ) as parser:
            yield from _parts(parser, reader, wanted)
    except (MultipartError, UnicodeError, ValueError) as error:
        raise _refusal(error, limits) from error


def _refusal(error: ValueError, limits: UploadLimits) -> RequestError:
    told = str(error)  # the parser has one class for all its limits, and one for all that it cannot read
    if isinstance(error, ParserLimitReached):
        if LONG_HEADER in told:
            return ContentTooLarge("too_large:file_name")
        return ContentTooLarge("too_large:form", parts=limits.parts, bytes=limits.photo_bytes)
    if WRONG_LINE_END in told:
        return BadRequest("bad_form:line_ends")
    return BadRequest("bad_form:parts")


def _parts(
    parser: PushMultipartParser, reader: BodyReader, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Part]]:
    name, filename, content_type, chunks = "", None, None, bytearray()
    for event in parser.parse_blocking(reader.read, CHUNK_BYTES):
        if isinstance(event, MultipartSegment):
            name, filename = disposition(event)
            content_type = event.content_type
            chunks = bytearray()
        elif event is not None:
            chunks += event if wanted(name) else b""
        elif wanted(name):
            yield name, Part(filename, bytes(chunks), content_type)
    for _ in chunks_of(reader):  # what follows the form's end has to arrive too
        pass


def _photo(form: dict[str, Part], field: str) -> tuple[str, bytes]:
    part = form.get(field)
    if part is None:
        raise Unprocessable("part_missing", field=field)
    if not part.filename:
        raise BadRequest("file_name_missing", field=field)
    return part.filename, part.data


def _jpeg(filename: str, data: bytes) -> bytes:
    if PurePath(filename.strip()).suffix.lower() not in JPEG_NAMES or not is_jpeg(data):
        raise UnsupportedMediaType("not_a_jpeg")
    return data
