"""Fields: a query's, or those of a form's body, given back as JSON."""

from webob import Response

from wsgi_app.base.errors import UnsupportedMediaType
from wsgi_app.lab.fields import FORM_TYPES, body_fields, sent_type
from wsgi_app.lab.services import LabCall
from wsgi_app.web.forms import read_query
from wsgi_app.web.rendering import json_answer, negotiated


def show(call: LabCall) -> Response:
    """``GET /form``: the fields of the query; for a browser, or without any, a page of two forms."""
    fields = read_query(call.request)
    makers = {"json": lambda: as_json(call, fields), "html": lambda: call.page("form.html", fields=fields)}
    order = ("json", "html") if fields else ("html", "json")  # the first is for those who ask for neither
    return negotiated(call.request, {word: makers[word] for word in order})


def take(call: LabCall) -> Response:
    """``POST`` or ``PUT /form``: the fields of the body, in either of the two types that HTML knows."""
    if sent_type(call.request) not in FORM_TYPES:
        one, other = FORM_TYPES
        raise UnsupportedMediaType("unsupported_media_type:form", one=one, other=other)
    return as_json(call, body_fields(call))


def as_json(call: LabCall, fields: object) -> Response:
    """Each field with all the values that it has, for a form may name one more than once."""
    return json_answer({"method": call.request.method, "fields": fields})
