"""Fields: a query's, or those of a form's body, given back as JSON."""

from dataclasses import replace

from webob import Response

from wsgi_app.base.errors import UnsupportedMediaType
from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import URLENCODED, read_fields, read_query
from wsgi_app.web.parts import read_parts
from wsgi_app.web.rendering import json_answer, negotiated
from wsgi_app.web.uploads import MULTIPART, declared_type


def show(call: LabCall) -> Response:
    """``GET /form``: the fields of the query; for a browser, a page with two forms that post."""
    fields = read_query(call.request)
    makers = {"json": lambda: as_json(call, fields), "html": lambda: call.page("form.html", fields=fields)}
    return negotiated(call.request, makers)


def take(call: LabCall) -> Response:
    """``POST`` or ``PUT /form``: the fields of the body, in either of the two types that HTML knows."""
    limits = call.services.config.limits.uploads
    if declared_type(call.request) == URLENCODED:
        return as_json(call, read_fields(call.request, limits.json_bytes))
    if declared_type(call.request) != MULTIPART:
        raise UnsupportedMediaType("unsupported_media_type:form", one=URLENCODED, other=MULTIPART)
    fields: dict[str, list[str | int]] = {}
    small = replace(limits, body_bytes=limits.json_bytes, photo_bytes=limits.json_bytes)
    for name, part in read_parts(call.request, small):  # of a file, the size
        fields.setdefault(name, []).append(part.text if part.filename is None else len(part.data))
    return as_json(call, fields)


def as_json(call: LabCall, fields: object) -> Response:
    """Each field with all the values that it has, for a form may name one more than once."""
    return json_answer({"method": call.request.method, "fields": fields})
