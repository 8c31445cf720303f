"""The house's WSGI application: who may ask, and which endpoint answers."""

from contextlib import suppress

import structlog
from webob import Request, Response

from wsgi_app.access.doors import Holder, SignedRequest, needed_holder, signing_holder, token_holder
from wsgi_app.access.identity import BASIC, FORM, NOBODY, Identity, require, require_csrf
from wsgi_app.access.roles import Role, Token
from wsgi_app.base.config import Config
from wsgi_app.base.counters import Counters
from wsgi_app.base.errors import NotFound, RequestError, Unauthorized
from wsgi_app.base.logs import set_up_logs
from wsgi_app.base.workers import keep_freed_memory
from wsgi_app.house.house import House, open_house
from wsgi_app.house.presses import refuse_stale
from wsgi_app.routes import ROUTES
from wsgi_app.web.boundary import Boundary, Exchange
from wsgi_app.web.call import Call
from wsgi_app.web.forms import given_csrf, is_form, keep_form, take_method
from wsgi_app.web.origins import SAFE_METHODS
from wsgi_app.web.rendering import Pages, error_answer, prefers_html, view_of
from wsgi_app.web.routing import RouteMatch, Router
from wsgi_app.web.sign_in import bearer_token, credentials_of, is_browser, page_before, to_sign_in
from wsgi_app.web.signatures import refuse_other_body, signed_request

log = structlog.get_logger("porteiro")

INSIDE = (403, 404, 405)  # what somebody who is signed in can meet before it is asked who they are


def build_application(config: Config, counters: Counters) -> "Application":
    """Open everything and give the callable that a WSGI server mounts.

    Raises:
        ConfigError, PackError: the server cannot start; the message says why and what to do.
    """
    set_up_logs(config.log_level)
    keep_freed_memory()
    return Application(open_house(config, counters), Pages(config.timezone), Router(ROUTES))


class Application(Boundary):
    """The house: the door, its pages, and everything that programs ask for."""

    def __init__(self, house: House, pages: Pages, router: Router):
        super().__init__(house, router, pages.say)
        self._house, self._pages = house, pages

    def receive(self, request: Request) -> None:
        """Refuse other mounts; read a page's form and take the method that it means."""
        # uWSGI calls the application for paths outside its mount too, with an empty SCRIPT_NAME.
        if request.environ.get("SCRIPT_NAME", "") != self._house.config.prefix:
            raise NotFound("not_found")
        if self._takes_forms(request):
            keep_form(request, self._house.config.limits.uploads)
            take_method(request)

    def call(self, exchange: Exchange, match: RouteMatch) -> Response:
        """The endpoint's answer, to whoever may have it."""
        request = exchange.request
        exchange.identity = self._identified(request, match.route.role)
        _admit(request, match.route.role, exchange.identity)
        holder = None if match.route.token is None else self._holder(request, match.route.token)
        call = Call(
            request,
            self._house,
            self._pages,
            exchange.steps,
            exchange.request_id,
            match.route,
            exchange.identity,
            holder,
            self._router.routes,
        )
        return match.route.endpoint(call, **match.variables)

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
                identity = self._house.identifier.signed_in(credentials_of(request))
        view = view_of(request, self._house.config, identity)
        form = page_before(request) if is_form(request) else ""
        return error_answer(request, error, exchange.request_id, self._pages, view, form)

    def _holder(self, request: Request, asked: Token) -> Holder | None:
        signed = signed_request(request)
        if signed is not None:
            return self._signing_holder(request, signed)
        free = asked is Token.DOOR_IF_ASKED and self._house.config.takes_anonymous_doors
        check = token_holder if free else needed_holder
        return check(bearer_token(request), self._house.stores.devices)

    def _signing_holder(self, request: Request, signed: SignedRequest) -> Holder:
        house, limits = self._house, self._house.config.limits
        try:
            holder = signing_holder(signed, house.stores.devices, house.secret.now())
            refuse_stale(signed.at, house.stores.now(), limits.presses.age_s)
            refuse_other_body(request, limits.uploads.body_bytes)
        except Unauthorized as error:  # the door is told no more than that
            log.warning("what a door signed is not accepted", door=signed.device, why=error.key)
            raise
        return holder

    def _takes_forms(self, request: Request) -> bool:
        """Whether the address takes forms; where it does not, one is refused like any other body."""
        try:
            return self._router.find("POST", request.environ["PATH_INFO"]).route.takes_forms
        except RequestError:  # also where it means another method
            return True

    def _identified(self, request: Request, role: Role) -> Identity:
        if role is Role.ANYONE:
            return NOBODY
        return self._house.identifier.identify(credentials_of(request))


def _admit(request: Request, role: Role, identity: Identity) -> None:
    if role is Role.ANYONE:
        return
    require(role, identity)
    if request.method not in SAFE_METHODS:
        require_csrf(identity, given_csrf(request))
