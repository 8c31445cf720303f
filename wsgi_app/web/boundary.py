"""What each WSGI callable has around it: the way to its endpoints, one error boundary, one log line."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import structlog
from webob import Request, Response
from webob.util import status_reasons

from wsgi_app.access.identity import NOBODY, Identity
from wsgi_app.base.config import Config
from wsgi_app.base.counters import Tally
from wsgi_app.base.errors import (
    PackError,
    PorteiroError,
    RequestError,
    StorageFull,
    StorageTrouble,
    Unavailable,
    is_full,
)
from wsgi_app.base.sentences import Place, Say
from wsgi_app.base.sources import random_id
from wsgi_app.base.steps import Clock, Steps
from wsgi_app.web.errors import ErrorBody
from wsgi_app.web.origins import refuse_other_names, refuse_other_sites
from wsgi_app.web.rendering import json_answer
from wsgi_app.web.routing import UNROUTED, RouteMatch, Router
from wsgi_app.web.uploads import BodyReader, read_length

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WRONG = PorteiroError("internal")
REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")

# Headers that WebOb reads only while it hands an answer over, outside the boundary, and what goes with one
# that cannot be read: a range is for those alone whose copy is of the state that If-Range names.
CONDITIONS: dict[str, tuple[Callable[[Request], object], tuple[str, ...]]] = {
    "HTTP_IF_MODIFIED_SINCE": (lambda request: request.if_modified_since, ()),
    "HTTP_IF_NONE_MATCH": (lambda request: request.if_none_match, ()),
    "HTTP_IF_RANGE": (lambda request: str(request.if_range), ("HTTP_RANGE",)),
    "HTTP_RANGE": (lambda request: request.range, ()),
}

# WebOb knows no words for 421 and others, and has some of its own.
status_reasons.update((status.value, status.phrase) for status in HTTPStatus)

log = structlog.get_logger("porteiro")


class Runtime(Protocol):
    """What answering any request takes, whatever is answered."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def tally(self) -> Tally:
        """Counts what happens."""

    @property
    def clock(self) -> Clock:
        """Monotonic seconds, for durations."""


@dataclass
class Exchange:
    """One request, and what is found out about it on the way to its answer.

    Attributes:
        request: as it came.
        request_id: in its answer and its log line.
        steps: times each step.
        endpoint: who answers, as logs and counters call it.
        identity: who asks.
        counted: whether it is counted.
    """

    request: Request
    request_id: str
    steps: Steps
    endpoint: str = UNROUTED
    identity: Identity = NOBODY
    counted: bool = True


class Boundary(ABC):
    """Answers every request with a response: nothing it is sent makes it raise.

    Args:
        runtime: what answering takes.
        router: finds the endpoints.
        say: says errors.
    """

    def __init__(self, runtime: Runtime, router: Router, say: Say):
        self._runtime, self._router, self._say = runtime, router, say

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        exchange = Exchange(Request(environ), _request_id(environ), Steps(self._runtime.clock))
        _drop_unreadable(exchange.request)
        with structlog.contextvars.bound_contextvars(request_id=exchange.request_id):
            response = self._answer(exchange)
            self._drain(environ)
            response.headers["X-Request-Id"] = exchange.request_id
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "same-origin"
            body = response(environ, start_response)
            self._record(exchange, response)
        return body

    @abstractmethod
    def receive(self, request: Request) -> None:
        """Refuse what is not for this callable, before anything else is asked of it."""

    @abstractmethod
    def call(self, exchange: Exchange, match: RouteMatch) -> Response:
        """The answer of the endpoint that the route table names; anything may be raised."""

    @abstractmethod
    def refuse(self, exchange: Exchange, error: RequestError) -> Response:
        """A refusal in the form that fits the client."""

    def _answer(self, exchange: Exchange) -> Response:
        try:
            return self._respond(exchange)
        except RequestError as error:
            if isinstance(error, Unavailable) and not isinstance(error, StorageTrouble):
                log.exception("cannot answer now")
            return self.refuse(exchange, error)
        except PackError:
            log.exception("the models fail")
            return self.refuse(exchange, Unavailable("unavailable:models"))
        except Exception as error:  # the boundary: what nobody foresaw is logged here, and told to nobody
            if isinstance(error, OSError) and is_full(error):
                log.error("the disk takes no file", why=f"{error.strerror}: {error.filename}")  # noqa: TRY400
                return self.refuse(exchange, StorageFull("storage_full"))
            log.exception("unexpected error")
            return json_answer(ErrorBody.of(WRONG, self._say(WRONG, Place.API)), 500)

    def _respond(self, exchange: Exchange) -> Response:
        request = exchange.request
        _bound_body(request.environ)
        refuse_other_names(request, self._runtime.config)
        self.receive(request)
        if request.environ.get("PATH_INFO", "") == "":
            return to_root(request)
        match = self._router.find(request.method, request.environ["PATH_INFO"])
        exchange.endpoint, exchange.counted = match.name, match.route.counted
        if not match.route.from_any_site:
            refuse_other_sites(request)
        return self.call(exchange, match)

    def _drain(self, environ: "WSGIEnvironment") -> None:
        reader: BodyReader = environ["wsgi.input"]
        reader.drain(self._runtime.config.limits.uploads.drain_bytes)

    def _record(self, exchange: Exchange, response: Response) -> None:
        environ, seconds = exchange.request.environ, exchange.steps.elapsed_s()
        if exchange.counted:
            self._runtime.tally.request(exchange.endpoint, response.status_code, seconds)
        log.info(
            "request",
            method=environ.get("REQUEST_METHOD", "")[:32],
            path=environ.get("PATH_INFO", "")[:200],
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            endpoint=exchange.endpoint,
            client=environ.get("REMOTE_ADDR", ""),
            **exchange.steps.milliseconds(),
        )


def to_root(request: Request) -> Response:
    """From the mount without its last slash to the one with it; 308 keeps the method and the body."""
    return Response(status=308, content_type="text/plain", location=f"{request.script_name}/")


def _bound_body(environ: "WSGIEnvironment") -> None:
    environ["wsgi.input"] = reader = BodyReader(environ["wsgi.input"], 0)
    reader.left = read_length(environ) or 0


def _drop_unreadable(request: Request) -> None:
    """Take away what an answer is made to depend on and cannot be read, as HTTP says (RFC 9110, 13.1)."""
    for key, (read, others) in CONDITIONS.items():
        try:
            read(request)
        except (ValueError, OverflowError):
            for name in (key, *others):
                request.environ.pop(name, None)


def _request_id(environ: "WSGIEnvironment") -> str:
    request_id = environ.get("REQUEST_ID", "")  # nginx's own, never a client's header
    return request_id if REQUEST_ID.fullmatch(request_id) else random_id()
