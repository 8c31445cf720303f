"""What programs may ask: a description for tools, and a list of it for people to read."""

import re
from dataclasses import dataclass
from functools import lru_cache

from webob import Response

from wsgi_app import __version__
from wsgi_app.access.roles import Role, Token
from wsgi_app.web.call import Call
from wsgi_app.web.openapi import describe, success_of, words_of
from wsgi_app.web.rendering import resource_answer
from wsgi_app.web.routing import Multipart, Route

VARIABLE = re.compile(r"{(\w+)}")
SIGN_IN, BEARER, JSON_BODY = (
    "-u NAME ",
    "-H 'Authorization: Bearer TOKEN' ",
    "-H 'Content-Type: application/json' ",
)

WHOSE_TOKEN = {
    Token.DOOR: "a door's token",
    Token.DOOR_IF_ASKED: "doors, by their tokens where the settings ask for them",
}

described = lru_cache(maxsize=4)(describe)  # made once in each process: the routes and the mount stay


@dataclass(frozen=True)
class Operation:
    """One method of an address, as the page shows it; ``curl`` is a line that asks it."""

    route: Route
    about: str
    who: str
    status: int
    curl: str


def document(call: Call) -> Response:
    """``GET /openapi.json``: what this server can be asked, for programs (OpenAPI 3.1)."""
    return resource_answer(described(call.routes, call.request.script_name, __version__))


def show(call: Call) -> Response:
    """``GET /api``: what this server can be asked, for people to read."""
    nouns: dict[str, list[Operation]] = {}
    for route in call.routes:
        operation = Operation(
            route, words_of(route)[0], _who(route), success_of(route), _curl(route, call.links.root)
        )
        nouns.setdefault(route.noun, []).append(operation)
    return call.page("api.html", here="/api", nouns=nouns, release=__version__)


def _who(route: Route) -> str:
    if route.token is not None:
        return WHOSE_TOKEN[route.token]
    return "everybody who signs in" if route.role is Role.VIEWER else route.role.word


def _credentials(route: Route) -> str:
    if route.token is Token.DOOR:
        return BEARER
    return "" if route.role is Role.ANYONE else SIGN_IN


def _curl(route: Route, root: str) -> str:
    line = "curl " + _credentials(route)
    if route.method != ("POST" if route.takes else "GET"):
        line += f"-X {route.method} "
    if isinstance(route.takes, Multipart):
        line += "".join(f"-F {part}=@photo.jpg " for part in route.takes.parts[: route.takes.needed])
    elif route.takes is not None:
        line += f"{JSON_BODY}-d @body.json "
    return line + root + VARIABLE.sub(lambda variable: variable[1].upper(), route.pattern)
