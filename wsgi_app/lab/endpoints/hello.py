"""Plain words: the smallest answers there are, and what a path's variables can be."""

from webob import Response

from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import text_answer


def hello(_: LabCall) -> Response:
    """``GET /hello``: one line of text."""
    return text_answer("Hello, world!\n")


def good(_: LabCall) -> Response:
    """``GET /good``: a request that went well."""
    return text_answer("Good: 200 says that all went well.\n")


def bad(call: LabCall) -> Response:
    """``GET`` or ``POST /bad``: a request that the server says was wrong, whatever it was."""
    return text_answer(f"Bad: 400 says that your {call.request.method} was wrong, not the server.\n", 400)


def greet(_: LabCall, greeting: str, name: str) -> Response:
    """``GET /greet/{greeting}/{name}``: both words come out of the path."""
    return text_answer(f"{greeting}, {name}!\n")
