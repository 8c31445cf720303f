"""A file as an answer: whole or in the range asked for, and only when the client has not got it.

WebOb's conditional answers do nearly the same, but after the boundary has counted and logged the answer, and
a range that cannot be had comes back as plain text.
"""

import mimetypes
import re
from collections.abc import Iterable, Mapping
from email.utils import format_datetime
from pathlib import PurePath
from typing import cast

from webob import Request, Response

from wsgi_app.base.errors import RangeNotSatisfiable
from wsgi_app.lab.folder import BLOCK_BYTES, Blocks, OpenFile
from wsgi_app.web.rendering import version_of

# What a name's end says of a file: the standard library's table, without what this machine adds to it.
CONTENT_TYPES: Mapping[str, str] = mimetypes.MimeTypes().types_map[True] | {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".log": "text/plain",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".toml": "text/plain",
    ".webp": "image/webp",
    ".xhtml": "application/xhtml+xml",
}

# "bytes=0-99", "bytes=100-" and "bytes=-100"; any other kind of range may be ignored (RFC 9110, 14.2).
RANGE = re.compile(r"bytes=(?:([0-9]{1,99})-([0-9]{0,99})|-([0-9]{1,99}))")


def file_answer(request: Request, file: OpenFile, types: Mapping[str, str] = CONTENT_TYPES) -> Response:
    """A file whole (200), the bytes of it that were asked for (206), or word that the client has it (304).

    Args:
        request: which is answered.
        file: is closed by whoever sends the answer.
        types: content types by the ends of names.

    Raises:
        RangeNotSatisfiable: the file ends before the bytes that were asked for.
    """
    size, version = file.status.st_size, _version(file)
    headers = {
        "ETag": f'"{version}"',
        "Last-Modified": format_datetime(file.changed, usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",  # kept, and asked for each time
    }
    if _is_known(request, version, file):
        file.file.close()
        return Response(status=304, headerlist=list(headers.items()))
    span = _span(request, headers, size)
    if span is not None and span[0] >= size:
        file.file.close()
        raise RangeNotSatisfiable("range_not_satisfiable", size=size)
    start, stop = span or (0, size)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers |= {"Content-Type": _content_type(file.name, types), "Content-Length": str(stop - start)}
    return Response(
        status=200 if span is None else 206,
        headerlist=list(headers.items()),
        app_iter=_sent(request, file, start, stop),
    )


def _sent(request: Request, file: OpenFile, start: int, stop: int) -> Iterable[bytes]:
    """The bytes to send; a server that can send a whole file by itself is given that (PEP 3333)."""
    wrap = request.environ.get("wsgi.file_wrapper")
    if wrap is None or (start, stop) != (0, file.status.st_size):
        return Blocks(file.file, start, stop)
    return cast("Iterable[bytes]", wrap(file.file, BLOCK_BYTES))


def _version(file: OpenFile) -> str:
    return version_of((file.status.st_size, file.status.st_mtime_ns, file.status.st_ino))


def _is_known(request: Request, version: str, file: OpenFile) -> bool:
    """Whether the client has the file as it is now; the date counts where it names no version."""
    if "If-None-Match" in request.headers:
        return version in request.if_none_match
    since = request.if_modified_since
    return since is not None and file.changed <= since


def _span(request: Request, headers: Mapping[str, str], size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one after the last; ``None`` asks for the whole file."""
    span = RANGE.fullmatch(request.headers.get("Range", ""))
    of_this = request.headers.get("If-Range", headers["ETag"]) in {headers["ETag"], headers["Last-Modified"]}
    if request.method != "GET" or not of_this or span is None:
        return None
    first, last, count = span.groups()
    if count:
        return max(size - int(count), 0), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def _content_type(name: str, types: Mapping[str, str]) -> str:
    content_type = types.get(PurePath(name).suffix.lower(), "application/octet-stream")
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type
