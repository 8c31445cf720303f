"""The house's WSGI application: who may ask, and which endpoint answers."""

from contextlib import suppress

from webob import Request, Response

from wsgi_app.auth import (
    SAFE_METHODS,
    credentials_of,
    is_browser,
    page_before,
    to_sign_in,
)
from wsgi_app.boundary import Boundary, Exchange
from wsgi_app.config import Config
from wsgi_app.counters import Counters
from wsgi_app.errors import NotFound, RequestError
from wsgi_app.forms import given_csrf, is_form, keep_form, take_method
from wsgi_app.identity import BASIC, FORM, NOBODY, Identity, require, require_csrf
from wsgi_app.logs import set_up_logs
from wsgi_app.memory import keep_freed_memory
from wsgi_app.rendering import error_answer, prefers_html, view_of
from wsgi_app.roles import Role
from wsgi_app.routes import ROUTES
from wsgi_app.routing import Found, Router
from wsgi_app.services import Call, Services, open_services

INSIDE = (403, 404, 405)  # what somebody who is signed in can meet before it is asked who they are


def build_application(config: Config, counters: Counters) -> "Application":
    """Open everything and give the callable that a WSGI server mounts.

    Raises:
        ConfigError, PackError: the server cannot start; the message says why and what to do.
    """
    set_up_logs(config.log_level)
    keep_freed_memory()
    return Application(open_services(config, counters), Router(ROUTES))


class Application(Boundary):
    """The house: the door, its pages, and everything that programs ask for."""

    def __init__(self, services: Services, router: Router):
        super().__init__(services, router)
        self._services = services

    def receive(self, request: Request) -> None:
        """Refuse other mounts; read a page's form and take the method that it means."""
        # uWSGI calls the application for paths outside its mount too, with an empty SCRIPT_NAME.
        if request.environ.get("SCRIPT_NAME", "") != self._services.config.prefix:
            raise NotFound("There is nothing at this address.")
        keep_form(request, self._services.config.limits)
        take_method(request)

    def call(self, exchange: Exchange, found: Found) -> Response:
        """The endpoint's answer, to whoever may have it."""
        request = exchange.request
        exchange.identity = self._identified(request, found.role)
        _admit(request, found.role, exchange.identity)
        call = Call(
            request,
            self._services,
            exchange.steps,
            exchange.request_id,
            exchange.identity,
            self._router.routes,
        )
        return found.endpoint(call, **found.variables)

    def refuse(self, exchange: Exchange, error: RequestError) -> Response:
        """A refusal as JSON or as a page; where a sign-in would help, the way there."""
        request, identity = exchange.request, exchange.identity
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
        return error_answer(request, error, exchange.request_id, self._services.pages, view, form)

    def _identified(self, request: Request, role: Role) -> Identity:
        if role is Role.ANYONE:
            return NOBODY
        return self._services.identifier.identify(credentials_of(request))


def _admit(request: Request, role: Role, identity: Identity) -> None:
    if role is Role.ANYONE:
        return
    require(role, identity)
    if request.method not in SAFE_METHODS:
        require_csrf(identity, given_csrf(request))
