"""The lab's front page: what there is to see, lines to copy, and all source that is an exhibit's own."""

import os

from webob import Response

from wsgi_app.base.errors import NotFound
from wsgi_app.lab.exhibits import EXHIBITS
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import text_answer

SOURCES = {exhibit.name: exhibit.source for exhibit in EXHIBITS}


def show(call: LabCall) -> Response:
    """``GET /``: every exhibit with requests to try out and its source, and which process answers."""
    return call.page(
        "index.html",
        exhibits=[exhibit.at(call.services) for exhibit in EXHIBITS],
        mount=call.request.application_url,
        server=server_of(call),
        process=os.getpid(),
        worker=call.services.worker,
        is_behind_nginx="REQUEST_ID" in call.request.environ,  # set by the shipped nginx.conf alone
    )


def source(_: LabCall, name: str) -> Response:
    """``GET /source/{name}``: the source of an exhibit, as it runs: its modules one after the other."""
    if name not in SOURCES:
        raise NotFound("not_found:exhibit", names=", ".join(SOURCES))
    return text_answer(SOURCES[name])


def server_of(call: LabCall) -> str:
    """The name of the server that calls this callable, as far as it says."""
    if call.services.worker is not None:
        return "uWSGI"  # the one that numbers its workers
    software = str(call.request.environ.get("SERVER_SOFTWARE", ""))
    return software.partition(" ")[0] or "a WSGI server"
