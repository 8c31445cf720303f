"""Headers of the client's choice in the answer: safe names and safe values alone."""

from webob import Response

from wsgi_app.lab.course import COURSE
from wsgi_app.lab.own_headers import named_headers
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import text_answer


def headers(call: LabCall) -> Response:
    """``GET /headers?X-Lesson=WSGI``: sends the named headers back and lists them; without any, two."""
    pairs = named_headers(call.request)
    text = "".join(f"{name}: {value}\n" for name, value in pairs)
    response = text_answer(text or "Name one: /headers?X-Lesson=WSGI\n")
    response.headerlist += pairs or list(COURSE.items())
    return response
