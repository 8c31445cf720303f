"""Finding the endpoint of a request: the one place that decides between 404, 405, HEAD and OPTIONS."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from webob import Response

from wsgi_app.config import Limits
from wsgi_app.errors import BadRequest, MethodNotAllowed, NotFound, PathTooLong
from wsgi_app.rendering import no_content
from wsgi_app.roles import Role

Endpoint = Callable[..., Response]

VARIABLE = re.compile(r"[0-9A-Za-z_-]{1,64}")
UNROUTED = "unrouted"  # the name under which requests outside the table are counted


@dataclass(frozen=True)
class Multipart:
    """A form with photos.

    Attributes:
        parts: their names.
        needed: how many of them have to be there, from the first on.
        instead: the typed body that may come in their place, as JSON or a form's fields.
    """

    parts: tuple[str, ...]
    needed: int = 1
    instead: type | None = None


@dataclass(frozen=True)
class Route:
    """One row: a method, a path pattern below the mount, who answers, and who may ask.

    ``{name}`` in a pattern stands for one segment of letters, digits, ``-`` and ``_``, given to the endpoint
    under that name. Addresses for doors are open to anyone: those endpoints ask for the door's token.

    Attributes:
        takes: the typed body, as JSON or a form's fields, or the parts of a form with photos.
        gives: the typed answer; ``None`` for one without a type.
        formats: in which formats it answers, as ``rendering.FORMATS`` names them.
        query: what it reads out of the query besides ``format``; ``openapi.QUERY`` describes each.
        status: of success; ``None`` for 200, or 204 where nothing is given.
    """

    method: str
    pattern: str
    endpoint: Endpoint
    role: Role
    takes: type | Multipart | None = None
    gives: type | None = None
    formats: tuple[str, ...] = ("json",)
    query: tuple[str, ...] = ()
    status: int | None = None

    @property
    def body(self) -> type | None:
        """The typed body that it takes; ``None`` for photos alone, and for nothing."""
        return self.takes.instead if isinstance(self.takes, Multipart) else self.takes

    @property
    def name(self) -> str:
        """What the endpoint is called in logs and counters, such as ``people.create``."""
        return f"{self.endpoint.__module__.rpartition('.')[2]}.{self.endpoint.__name__}"


@dataclass(frozen=True)
class Found:
    """The endpoint of a request, the variables of its path, and who may ask."""

    name: str
    endpoint: Endpoint
    variables: dict[str, str]
    role: Role = Role.ANYONE


class Router:
    """Finds the endpoint of a method and a path."""

    def __init__(self, routes: tuple[Route, ...]):
        self.routes = routes
        self._by_length: dict[int, list[tuple[list[str], dict[str, Route]]]] = {}
        for route in routes:
            self._add(route)

    def find(self, method: str, path: str) -> Found:
        """The endpoint for a request; HEAD is answered by GET's, OPTIONS by the list of methods.

        Args:
            method: as sent.
            path: PATH_INFO as WSGI gives it: bytes as Latin-1.

        Raises:
            NotFound, MethodNotAllowed: nothing at that path, or nothing for that method.
            BadRequest, PathTooLong: a path that no address here could have.
        """
        found = self._match(_checked(path))
        if found is None:
            raise NotFound("There is nothing at this address.")
        methods, variables = found
        route = methods.get("GET" if method == "HEAD" else method)
        if route is not None:
            return Found(route.name, route.endpoint, variables, route.role)
        allowed = _allowed(methods)
        if method == "OPTIONS":
            return Found("options", lambda *_, **__: _options(allowed), {})
        raise MethodNotAllowed(method[:32], allowed)

    def _add(self, route: Route) -> None:
        segments = route.pattern.split("/")
        rows = self._by_length.setdefault(len(segments), [])
        methods = next((methods for pattern, methods in rows if pattern == segments), None)
        if methods is None:
            methods = {}
            rows.append((segments, methods))
        methods[route.method] = route

    def _match(self, path: str) -> tuple[dict[str, Route], dict[str, str]] | None:
        segments = path.split("/")
        for pattern, methods in self._by_length.get(len(segments), ()):
            variables = _variables(pattern, segments)
            if variables is not None:
                return methods, variables
        return None


def _variables(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    variables = {}
    for expected, segment in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            if not VARIABLE.fullmatch(segment):
                return None
            variables[expected[1:-1]] = segment
        elif expected != segment:
            return None
    return variables


def _checked(path: str, longest: int = Limits.path_bytes) -> str:
    if len(path) > longest:
        raise PathTooLong(f"A path has at most {longest} bytes.")
    if "\0" in path or not path.isascii():
        raise BadRequest("The path holds bytes that no address here has.", code="bad_path")
    return path


def _allowed(methods: dict[str, Route]) -> str:
    names = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return ", ".join(sorted(names))


def _options(allowed: str) -> Response:
    response = no_content()
    response.headers["Allow"] = allowed
    return response
