"""Plain words: the smallest answers there are, and what a path's variables can be."""

from webob import Response

from wsgi_app.lab.services import Call


def hello(_: Call) -> Response:
    """``GET /hello``: one line of text."""
    return plain("Hello, world!")


def good(_: Call) -> Response:
    """``GET /good``: a request that went well."""
    return plain("Good: 200 says that all went well.")


def bad(call: Call) -> Response:
    """``GET`` or ``POST /bad``: a request that the server says was wrong, whatever it was."""
    return plain(f"Bad: 400 says that your {call.request.method} was wrong, not the server.", status=400)


def greet(_: Call, greeting: str, name: str) -> Response:
    """``GET /greet/{greeting}/{name}``: both words come out of the path."""
    return plain(f"{greeting}, {name}!")


def plain(text: str, status: int = 200) -> Response:
    """Text with a line's end, and a header that only the lab sends."""
    response = Response(f"{text}\n", status=status, content_type="text/plain", charset="utf-8")
    response.headers["X-Lab"] = "hello"
    return response
