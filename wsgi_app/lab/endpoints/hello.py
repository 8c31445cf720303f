"""Plain words: the smallest answers there are, and what a path's variables can be."""

from webob import Response

from wsgi_app.lab.services import Call
from wsgi_app.web.rendering import text_answer


def hello(_: Call) -> Response:
    """``GET /hello``: one line of text."""
    return text_answer("Hello, world!\n")


def good(_: Call) -> Response:
    """``GET /good``: a request that went well."""
    return text_answer("Good: 200 says that all went well.\n")


def bad(call: Call) -> Response:
    """``GET`` or ``POST /bad``: a request that the server says was wrong, whatever it was."""
    return text_answer(f"Bad: 400 says that your {call.request.method} was wrong, not the server.\n", 400)


def greet(_: Call, greeting: str, name: str) -> Response:
    """``GET /greet/{greeting}/{name}``: both words come out of the path."""
    return text_answer(f"{greeting}, {name}!\n")
