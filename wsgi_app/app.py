"""The WSGI application: route, call, one error boundary, one log line, counters."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from webob import Request, Response

from wsgi_app.auth import (
    SAFE_METHODS,
    credentials_of,
    is_browser,
    page_before,
    refuse_other_names,
    refuse_other_sites,
    to_sign_in,
)
from wsgi_app.bodies import Error, ErrorBody
from wsgi_app.config import Config
from wsgi_app.counters import Counters
from wsgi_app.errors import NotFound, PackError, RequestError, Unavailable
from wsgi_app.forms import given_csrf, is_form, take_form
from wsgi_app.identity import BASIC, FORM, NOBODY, Identity, require, require_csrf
from wsgi_app.logs import set_up_logs
from wsgi_app.memory import keep_freed_memory
from wsgi_app.rendering import error_answer, json_answer, prefers_html, view_of
from wsgi_app.roles import Role
from wsgi_app.routes import ROUTES
from wsgi_app.routing import UNROUTED, Router
from wsgi_app.services import Call, Services, open_services
from wsgi_app.steps import Steps
from wsgi_app.stores.house import random_id
from wsgi_app.uploads import BodyReader, read_length

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

WRONG = Error("internal", "Something went wrong here; the log has it.")
INSIDE = (403, 404, 405)  # what somebody who is signed in can meet before it is asked who they are
REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")

# Headers that WebOb reads only while it hands an answer over, outside the boundary.
CONDITIONS: dict[str, Callable[[Request], object]] = {
    "HTTP_IF_MODIFIED_SINCE": lambda request: request.if_modified_since,
    "HTTP_IF_NONE_MATCH": lambda request: request.if_none_match,
    "HTTP_IF_RANGE": lambda request: request.if_range,
    "HTTP_RANGE": lambda request: request.range,
}

log = structlog.get_logger("porteiro")


def build_application(config: Config, counters: Counters) -> "Application":
    """Open everything and give the callable that a WSGI server mounts.

    Raises:
        ConfigError, PackError: the server cannot start; the message says why and what to do.
    """
    set_up_logs(config.log_level)
    keep_freed_memory()
    return Application(open_services(config, counters), Router(ROUTES))


class Application:
    """Answers every request with a response: nothing it is sent makes it raise."""

    def __init__(self, services: Services, router: Router):
        self._services, self._router = services, router

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        steps = Steps(self._services.clock)
        request_id = _request_id(environ)
        request = Request(environ)
        _drop_unreadable(request)
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            name, response = self._answer(request, steps, request_id)
            self._drain(environ)
            response.headers["X-Request-Id"] = request_id
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Referrer-Policy"] = "same-origin"
            body = response(environ, start_response)
            self._record(request, response, name, steps)
        return body

    def _answer(self, request: Request, steps: Steps, request_id: str) -> tuple[str, Response]:
        name, identity = UNROUTED, NOBODY
        try:
            _bound_body(request.environ)
            self._refuse_outside(request)
            refuse_other_names(request, self._services.config)
            if request.environ.get("PATH_INFO", "") == "":
                return name, _to_root(request)
            take_form(request, self._services.config.limits)
            found = self._router.find(request.method, request.environ["PATH_INFO"])
            name = found.name
            refuse_other_sites(request)
            identity = self._identified(request, found.role)
            _admit(request, found.role, identity)
            call = Call(request, self._services, steps, request_id, identity, self._router.routes)
            return name, found.endpoint(call, **found.variables)
        except RequestError as error:
            if isinstance(error, Unavailable):
                log.exception("cannot answer now")
            return name, self._refusal(request, error, request_id, identity)
        except PackError:
            log.exception("the models fail")
            return name, self._refusal(
                request, Unavailable("The models cannot look now."), request_id, identity
            )
        except Exception:  # the boundary: what nobody foresaw is logged here, and told to nobody
            log.exception("unexpected error")
            return name, json_answer(ErrorBody(WRONG), 500)

    def _identified(self, request: Request, role: Role) -> Identity:
        if role is Role.ANYONE:
            return NOBODY
        return self._services.identifier.identify(credentials_of(request))

    def _refusal(
        self, request: Request, error: RequestError, request_id: str, identity: Identity
    ) -> Response:
        if error.headers.get("WWW-Authenticate") == BASIC:
            if prefers_html(request):
                return to_sign_in(request)
            if is_browser(request):
                error.headers["WWW-Authenticate"] = FORM
        if identity is NOBODY and error.status in INSIDE and prefers_html(request):
            with suppress(
                RequestError
            ):  # the page of an error shows the ways of the house to those who live there
                identity = self._services.identifier.signed_in(credentials_of(request))
        view = view_of(request, self._services.config, identity)
        form = page_before(request) if is_form(request) else ""
        return error_answer(request, error, request_id, self._services.pages, view, form)

    def _refuse_outside(self, request: Request) -> None:
        # uWSGI calls the application for paths outside its mount too, with an empty SCRIPT_NAME.
        if request.environ.get("SCRIPT_NAME", "") != self._services.config.prefix:
            raise NotFound("There is nothing at this address.")

    def _drain(self, environ: "WSGIEnvironment") -> None:
        body = environ["wsgi.input"]
        if isinstance(body, BodyReader):
            body.drain(self._services.config.limits.drain_bytes)

    def _record(self, request: Request, response: Response, name: str, steps: Steps) -> None:
        seconds = steps.elapsed_s()
        self._services.tally.request(name, response.status_code, seconds)
        log.info(
            "request",
            method=request.environ.get("REQUEST_METHOD", "")[:32],
            path=request.environ.get("PATH_INFO", "")[:200],
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            endpoint=name,
            client=request.environ.get("REMOTE_ADDR", ""),
            **steps.milliseconds(),
        )


def _admit(request: Request, role: Role, identity: Identity) -> None:
    if role is Role.ANYONE:
        return
    require(role, identity)
    if request.method not in SAFE_METHODS:
        require_csrf(identity, given_csrf(request))


def _bound_body(environ: "WSGIEnvironment") -> None:
    environ["wsgi.input"] = reader = BodyReader(environ["wsgi.input"], 0)
    reader.left = read_length(environ) or 0


def _drop_unreadable(request: Request) -> None:
    """Take away what an answer is made to depend on and cannot be read, as HTTP says (RFC 9110, 13.1)."""
    for key, read in CONDITIONS.items():
        try:
            read(request)
        except (ValueError, OverflowError):
            del request.environ[key]


def _request_id(environ: "WSGIEnvironment") -> str:
    given = environ.get("REQUEST_ID", "")  # nginx's own, never a client's header
    return given if REQUEST_ID.fullmatch(given) else random_id()


def _to_root(request: Request) -> Response:
    # The mount without its last slash: 308 keeps the method, so a photo posted there still arrives.
    return Response(status=308, headerlist=[("Location", f"{request.script_name}/")])
