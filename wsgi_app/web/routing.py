"""Finding the endpoint of a request: the one place that decides between 404, 405, HEAD and OPTIONS."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from webob import Response

from wsgi_app.access.roles import Role, Token
from wsgi_app.base.errors import BadRequest, MethodNotAllowed, NotFound, PathTooLong
from wsgi_app.base.limits import RequestLimits
from wsgi_app.web.rendering import no_content

Endpoint = Callable[..., Response]

UNROUTED = "unrouted"  # the name under which requests outside the table are counted
ANY_METHOD = "*"

ID = "[0-9A-Za-z_-]{1,64}"
VARIABLE = re.compile(r"\{(\w+)(?::(\w+))?\}")

# What a variable of each kind may be; paths are as WSGI gives them, bytes as Latin-1.
KINDS = {None: ID, "text": "[^/]+", "optional": "[^/]*", "number": "[+-]?[0-9]+", "path": ".*"}


@dataclass(frozen=True)
class Multipart:
    """A form with photos.

    Attributes:
        parts: their names.
        needed: how many of them have to be there, from the first on.
        instead: the typed body that may come in their place, as JSON or a form's fields.
        alone: the types of a picture that may be the body by itself, in place of the form.
    """

    parts: tuple[str, ...]
    needed: int = 1
    instead: type | None = None
    alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """One row: a method, a path pattern below the mount, who answers, and who may ask.

    ``{name}`` in a pattern stands for one segment of letters, digits, ``-`` and ``_``, given to the endpoint
    under that name; ``{name:text}`` for one segment of any text, ``{name:optional}`` for one that may also be
    empty, ``{name:number}`` for a whole number; ``{name:path}``, which can only stand last, for all that
    follows, slashes and all. The method ``*`` is any that no other row of the pattern names.

    Attributes:
        role: what somebody has to be who signs in.
        token: which is shown in place of a sign-in; it is looked at before the endpoint is called.
        takes: the typed body, as JSON or a form's fields, or the parts of a form with photos.
        gives: the typed answer; ``None`` for one without a type.
        formats: in which formats it answers, as ``rendering.FORMATS`` names them.
        query: what it reads out of the query besides; ``openapi.QUERY`` describes each.
        headers: what it reads out of the headers besides; ``openapi.HEADERS`` describes each.
        paged: the cursor with which a list goes on, ``after`` or ``before`` an item; ``None`` for no list.
        status: of success; ``None`` for 200, or 204 where nothing is given.
        also: other statuses with the same typed answer.
        json_only: whether no page's form posts there.
        versioned: whether ``If-Match`` guards the change.
        from_any_site: whether another site's page may send it through somebody's browser.
        counted: whether requests are counted, which all processes do together.
    """

    method: str
    pattern: str
    endpoint: Endpoint
    role: Role
    token: Token | None = None
    takes: type | Multipart | None = None
    gives: type | None = None
    formats: tuple[str, ...] = ("json",)
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    paged: Literal["after", "before"] | None = None
    status: int | None = None
    also: tuple[int, ...] = ()
    json_only: bool = False
    versioned: bool = False
    from_any_site: bool = False
    counted: bool = True

    @property
    def body(self) -> type | None:
        """The typed body that it takes; ``None`` for photos alone, and for nothing."""
        return self.takes.instead if isinstance(self.takes, Multipart) else self.takes

    @property
    def takes_forms(self) -> bool:
        """Whether a page's form may come there."""
        return not self.json_only and not (isinstance(self.takes, Multipart) and self.body is None)

    @cached_property
    def name(self) -> str:
        """What the endpoint is called in logs and counters, such as ``people.create``."""
        return f"{self.noun}.{self.endpoint.__name__}"

    @cached_property
    def noun(self) -> str:
        """What it is about: the module that answers, or the package whose ``index`` that is."""
        *packages, module = self.endpoint.__module__.split(".")
        return packages[-1] if module == "index" and packages[-1] != "endpoints" else module


@dataclass(frozen=True)
class RouteMatch:
    """The row that a request is for, what it is called in logs and counters, and the path's variables."""

    route: Route
    name: str
    variables: dict[str, str]


class Router:
    """Finds the endpoint of a method and a path."""

    def __init__(self, routes: tuple[Route, ...]):
        self.routes = routes
        by_pattern: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_pattern.setdefault(route.pattern, {})[route.method] = route
        self._rows = [(_expression(pattern), methods) for pattern, methods in by_pattern.items()]

    def find(self, method: str, path: str) -> RouteMatch:
        """The endpoint for a request; HEAD is answered by GET's, OPTIONS by the list of methods.

        Args:
            method: as sent.
            path: PATH_INFO as WSGI gives it: bytes as Latin-1.

        Raises:
            NotFound, MethodNotAllowed: nothing at that path, or nothing for that method.
            BadRequest, PathTooLong: a path that no address here could have.
        """
        methods, variables = self._match(method, _checked(path))
        route = methods.get("GET" if method == "HEAD" and "HEAD" not in methods else method)
        route = route or methods.get(ANY_METHOD)
        if route is not None:
            return RouteMatch(route, route.name, variables)
        allowed = _allowed(methods)
        if method == "OPTIONS":
            return RouteMatch(Route(method, path, _options(allowed), Role.ANYONE), "options", {})
        uploads = methods["POST"].takes if method == "PUT" and "POST" in methods else None
        if isinstance(uploads, Multipart):
            raise MethodNotAllowed("method_not_allowed:upload", allowed=allowed, field=uploads.parts[0])
        raise MethodNotAllowed("method_not_allowed", method=method[:32], allowed=allowed)

    def _match(self, method: str, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        for expression, methods in self._rows:
            match = expression.fullmatch(path)
            if match is not None:
                return methods, {name: _decoded(value) for name, value in match.groupdict().items()}
        if not path.isascii():
            raise BadRequest("bad_path:bytes")
        if method == "PUT":
            raise NotFound("not_found:upload")
        raise NotFound("not_found")


def _expression(pattern: str) -> re.Pattern[str]:
    literals = VARIABLE.split(pattern)  # text, name, kind, text, name, kind, ..., text
    text = re.escape(literals[0])
    for name, kind, literal in zip(literals[1::3], literals[2::3], literals[3::3], strict=True):
        text += f"(?P<{name}>{KINDS[kind]}){re.escape(literal)}"
    return re.compile(text, re.DOTALL)


def _checked(path: str, longest: int = RequestLimits.path_bytes) -> str:
    if len(path) > longest:
        raise PathTooLong("path_too_long", bytes=longest)
    if "\0" in path:
        raise BadRequest("bad_path:bytes")
    return path


def _decoded(value: str) -> str:
    try:
        return value.encode("latin-1").decode()
    except UnicodeError as error:
        raise BadRequest("bad_path:not_utf8") from error


def _allowed(methods: dict[str, Route]) -> str:
    names = {*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
    return ", ".join(sorted(names))


def _options(allowed: str) -> Endpoint:
    def answer(_call: object) -> Response:
        response = no_content()
        response.headers["Allow"] = allowed
        return response

    return answer
