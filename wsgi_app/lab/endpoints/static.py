"""The house's own scripts, styles and pictures, for servers that send no files themselves."""

from pathlib import Path

from webob import Response

import wsgi_app
from wsgi_app.base.errors import NotFound
from wsgi_app.lab.folder import Listing, look_up
from wsgi_app.lab.sending import file_answer
from wsgi_app.lab.services import LabCall

STATIC = Path(wsgi_app.__file__).with_name("static")


def show(call: LabCall, path: str) -> Response:
    """``GET /static/{path}``: a file that the pages load; uWSGI sends it before the application is asked."""
    entry = look_up(STATIC, path)
    if isinstance(entry, Listing):
        raise NotFound("not_found:file")
    return file_answer(call.request, entry)
