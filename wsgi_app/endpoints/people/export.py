"""Taking along what is kept of somebody."""

import os
import re
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from webob import Response

from wsgi_app.house.export import Exporter
from wsgi_app.web.call import Call
from wsgi_app.web.uploads import CHUNK_BYTES


class Sending:
    """A file on its way out; it is closed once it is sent, or nobody wants it."""

    def __init__(self, file: IO[bytes]):
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        """Its bytes, a chunk at a time."""
        with self._file:
            yield from iter(lambda: self._file.read(CHUNK_BYTES), b"")

    def close(self) -> None:
        """What a WSGI server calls in the end, whatever happened."""
        self._file.close()


def show(call: Call, person: str) -> Response:
    """``GET /people/{person}/export``: all that is kept of somebody, as a zip file."""
    exported = call.stores.people.get(person)
    stores, config = call.stores, call.house.config
    file = Exporter(stores, config.data, config.timezone).export(exported)
    response = Response(content_type="application/zip", app_iter=Sending(file))
    response.content_length = file.seek(0, os.SEEK_END)
    response.content_disposition = _attachment(f"{exported.name}.zip")
    response.cache_control = "no-store"
    file.seek(0)
    return response


def _attachment(filename: str) -> str:
    """The header that names a download, whatever its name (RFC 6266): for old clients in ASCII, too."""
    filename = re.sub(r"[/\\]", "_", filename)
    plain = re.sub(r"[^0-9A-Za-z ._-]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
