"""Forms in parts, as browsers and doors send photos: multipart, of bounded size."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from multipart import parse_options_header as parse_options
from webob import Request

from wsgi_app.base.errors import BadRequest, ContentTooLarge, Unprocessable, UnsupportedMediaType
from wsgi_app.base.limits import UploadLimits
from wsgi_app.vision.kinds import is_jpeg
from wsgi_app.web.uploads import (
    CHUNK_BYTES,
    MULTIPART,
    BodyReader,
    bounded_reader,
    chunks_of,
    refuse_other_type,
)

JPEG_NAMES = (".jpg", ".jpeg")


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
    """The bytes of a form's picture part.

    Raises:
        Unprocessable: no such part.
        BadRequest: the part has no file name, or the form is broken.
        ContentTooLarge, LengthRequired, UnsupportedMediaType: as they say.
    """
    return _photo(read_form(request, (field,), limits), field)[1]


def read_photos(request: Request, fields: tuple[str, ...], limits: UploadLimits) -> tuple[bytes, ...]:
    """The bytes of several picture parts; raises as ``read_photo`` does."""
    form = read_form(request, fields, limits)
    return tuple(_photo(form, field)[1] for field in fields)


def read_burst(request: Request, fields: tuple[str, ...], limits: UploadLimits) -> tuple[bytes, ...]:
    """The bytes of JPEG parts, JPEGs by their names and by their contents; raises as ``read_photo`` does.

    The first is needed; the others are of the same moment, and may be left out.
    """
    form = read_form(request, fields, limits)
    return tuple(_jpeg(form, field) for field in fields if field in form or field == fields[0])


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
        raise ContentTooLarge("too_large:form", parts=limits.parts, bytes=limits.photo_bytes) from error
    except (MultipartError, UnicodeError, ValueError) as error:
        raise BadRequest("bad_form:parts") from error


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
    for _ in chunks_of(reader):  # what follows the form's end has to arrive too
        pass


def _photo(form: dict[str, Part], field: str) -> tuple[str, bytes]:
    part = form.get(field)
    if part is None:
        raise Unprocessable("part_missing", field=field)
    if not part.filename:
        raise BadRequest("file_name_missing", field=field)
    return part.filename, part.data


def _jpeg(form: dict[str, Part], field: str) -> bytes:
    filename, data = _photo(form, field)
    if PurePath(filename).suffix.lower() not in JPEG_NAMES or not is_jpeg(data):
        raise UnsupportedMediaType("not_a_jpeg")
    return data
