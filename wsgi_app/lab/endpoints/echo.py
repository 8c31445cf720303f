"""A mirror: the request as it arrives in the application, after nginx and uWSGI have handed it on."""

import msgspec
from webob import Response

from wsgi_app.lab.seen import as_text, seen_in
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import json_answer, negotiated, text_answer


def echo(call: LabCall, path: str = "") -> Response:  # noqa: ARG001  # all of the path is in what is seen
    """``* /echo`` and ``* /echo/{path}``: what came, as JSON, as a page or as text, as Accept asks."""
    seen = seen_in(call)
    return negotiated(
        call.request,
        {
            "json": lambda: json_answer(seen),
            "html": lambda: call.page("echo.html", seen=seen),
            "text": lambda: text_answer(as_text(msgspec.to_builtins(seen))),
        },
    )
