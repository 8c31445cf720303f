"""Plain words: the smallest answers there are, and what a path's variables can be."""

from webob import Response

from wsgi_app.lab.course import COURSE
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import text_answer


def hello(_: LabCall) -> Response:
    """``GET /hello``: one line of text, and two headers of its own."""
    return text_answer("Hello, world!\n", headers=COURSE)


def good(_: LabCall) -> Response:
    """``GET /good``: a request that went well."""
    return text_answer("Good: 200 says that all went well.\n", headers=COURSE)


def bad(call: LabCall) -> Response:
    """``GET`` or ``POST /bad``: words that say it went wrong, with a status that says it went well."""
    method = call.request.method
    return text_answer(
        f"Bad: your {method} was wrong, say these words; 200 says it was not.\n", headers=COURSE
    )


def greet(_: LabCall, greeting: str, name: str) -> Response:
    """``GET /greet/{greeting}/{name}``: both words come out of the path."""
    return text_answer(f"{greeting}, {name}!\n")
