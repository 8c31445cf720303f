"""JSON: a query, a form or a body of JSON as a value, and the value as JSON again."""

from typing import Any

from webob import Response

from wsgi_app.base.errors import UnsupportedMediaType
from wsgi_app.lab.fields import FORM_TYPES, body_fields, one_or_all, sent_type
from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import read_query
from wsgi_app.web.rendering import json_answer
from wsgi_app.web.uploads import JSON, read_json


def show(call: LabCall) -> Response:
    """``GET /json``: the query as JSON; a field that stands there more than once has a list."""
    return as_json(call, one_or_all(read_query(call.request)))


def take(call: LabCall) -> Response:
    """``POST`` or ``PUT /json``: the body's value, or a form's fields; 400, 413 and 415 for anything else."""
    declared = sent_type(call.request)
    if declared in FORM_TYPES:
        return as_json(call, one_or_all(body_fields(call)))
    if declared != JSON:
        one, other = FORM_TYPES
        raise UnsupportedMediaType("unsupported_media_type:json_or_form", json=JSON, one=one, other=other)
    return as_json(call, read_json(call.request, Any, call.services.config.limits.uploads.json_bytes))


def as_json(call: LabCall, value: Any) -> Response:
    """The method and the value."""
    return json_answer({"method": call.request.method, "value": value})
