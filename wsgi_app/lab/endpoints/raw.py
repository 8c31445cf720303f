"""The bare interface: a whole WSGI application of the standard library alone."""

import json
import re
from wsgiref.types import StartResponse, WSGIEnvironment

from webob import Response

from wsgi_app.lab.services import LabCall

MOST_BYTES = 4096
LONGEST_NAME = 100


class Refused(Exception):
    """Why there is no greeting: a status, a word for programs, and a sentence for people."""


def application(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """A dictionary comes in; a status and headers go out by a call, and the body as a list of bytes."""
    try:
        status, answer = "200 OK", json.dumps({"greeting": f"Hello, {name_in(environ)}!"})
    except Refused as refused:
        status, code, message = refused.args
        answer = json.dumps({"error": {"code": code, "message": message}})
    body = answer.encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("X-Lab", "raw")]
    if status.startswith("405"):
        headers.append(("Allow", "GET, HEAD, POST"))
    start_response(status, headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def name_in(environ: WSGIEnvironment) -> str:
    """Who is to be greeted: the world, or the name in a body such as ``{"name": "Ana"}``."""
    if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
        return "world"
    if environ["REQUEST_METHOD"] != "POST":
        raise Refused("405 Method Not Allowed", "method_not_allowed", "Only GET, HEAD and POST are allowed.")
    try:
        value = json.loads(body_of(environ))
    except (ValueError, RecursionError) as error:
        raise Refused("400 Bad Request", "bad_json", "The body is not valid JSON.") from error
    name = value.get("name") if isinstance(value, dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        message = f'Send {{"name": "..."}} with a text of 1 to {LONGEST_NAME} characters.'
        raise Refused("400 Bad Request", "name_needed", message)
    return name


def body_of(environ: WSGIEnvironment) -> bytes:
    """The body: its bytes may be followed by nothing or by the next request, so only its length ends it."""
    length = environ.get("CONTENT_LENGTH") or ""
    if not length:
        raise Refused("411 Length Required", "length_required", "Send the body with a Content-Length.")
    if not re.fullmatch("[0-9]{1,18}", length):
        raise Refused("400 Bad Request", "bad_length", "Content-Length is not a number.")
    if int(length) > MOST_BYTES:
        message = f'Send {{"name": "..."}}, of at most {MOST_BYTES} bytes.'
        raise Refused("413 Content Too Large", "too_large", message)
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) < int(length):
        raise Refused("400 Bad Request", "body_incomplete", "The body ended before its Content-Length.")
    return body


def raw(call: LabCall) -> Response:
    """``/raw``, any method: the lab hands the environ on to the application above."""
    return call.request.get_response(application)
