"""The lab's WSGI application, at whatever mount the server gives it."""

from webob import Request, Response

from wsgi_app.base.config import Config
from wsgi_app.base.counters import Counters
from wsgi_app.base.errors import NotFound, RequestError
from wsgi_app.base.logs import set_up_logs
from wsgi_app.lab.routes import ROUTES
from wsgi_app.lab.services import LabCall, LabServices, open_services, view_in_lab
from wsgi_app.web.boundary import Boundary, Exchange
from wsgi_app.web.rendering import error_answer
from wsgi_app.web.routing import RouteMatch, Router


def build_lab(config: Config, counters: Counters, worker: int | None) -> "Lab":
    """Put everything together and give the callable that a WSGI server mounts.

    Args:
        config: the settings.
        counters: for what is counted.
        worker: which of the server's workers this process is, where it numbers them.
    """
    set_up_logs(config.log_level)
    return Lab(open_services(config, counters, worker), Router(ROUTES))


class Lab(Boundary):
    """The lab, open to anyone where it is on."""

    def __init__(self, services: LabServices, router: Router):
        super().__init__(services, router, services.pages.say)
        self._services = services

    def receive(self, request: Request) -> None:  # noqa: ARG002  # it is off for all of them
        """Refuse everything while the lab is off."""
        if not self._services.config.has_lab:
            raise NotFound("lab_off")

    def call(self, exchange: Exchange, match: RouteMatch) -> Response:
        """The endpoint's answer, with a header that names the endpoint's file."""
        call = LabCall(exchange.request, self._services, exchange.request_id)
        return _marked(match.route.endpoint(call, **match.variables), exchange)

    def refuse(self, exchange: Exchange, error: RequestError) -> Response:
        """A refusal as JSON or as a page, with the same header."""
        services = self._services
        view = view_in_lab(exchange.request, services.config)
        answer = error_answer(exchange.request, error, exchange.request_id, services.pages, view)
        return _marked(answer, exchange)


def _marked(response: Response, exchange: Exchange) -> Response:
    response.headers["X-Lab"] = exchange.endpoint.partition(".")[0]
    return response
