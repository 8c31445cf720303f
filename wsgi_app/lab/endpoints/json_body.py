"""JSON: a body as a value, and the value as JSON again."""

from typing import Any

from webob import Response

from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import read_query
from wsgi_app.web.rendering import json_answer
from wsgi_app.web.uploads import read_json


def show(call: LabCall) -> Response:
    """``GET /json``: the query as JSON; each field has a list, for it may stand there more than once."""
    return as_json(call, read_query(call.request))


def take(call: LabCall) -> Response:
    """``POST`` or ``PUT /json``: the body's value; 400 for what is no JSON, 413 and 415 before it is read."""
    return as_json(call, read_json(call.request, Any, call.services.config.limits.uploads.json_bytes))


def as_json(call: LabCall, value: Any) -> Response:
    """The method and the value."""
    return json_answer({"method": call.request.method, "value": value})
