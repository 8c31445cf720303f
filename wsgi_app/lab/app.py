"""The lab's WSGI application, at whatever mount the server gives it."""

from webob import Response

from wsgi_app.auth import refuse_other_names, refuse_other_sites
from wsgi_app.boundary import Boundary, Exchange, to_root
from wsgi_app.config import Config
from wsgi_app.counters import Counters
from wsgi_app.errors import NotFound, RequestError
from wsgi_app.lab.routes import ROUTES
from wsgi_app.lab.services import Call, Services, open_services, view_in_lab
from wsgi_app.logs import set_up_logs
from wsgi_app.rendering import error_answer
from wsgi_app.routing import Router


def build_lab(config: Config, counters: Counters, worker: int | None) -> "Lab":
    """Open everything and give the callable that a WSGI server mounts.

    Args:
        config: the settings.
        counters: for what is counted.
        worker: which of the server's workers this process is, where it numbers them.

    Raises:
        ConfigError: the lab's database cannot be opened.
    """
    set_up_logs(config.log_level)
    return Lab(open_services(config, counters, worker), Router(ROUTES))


class Lab(Boundary):
    """The lab, open to anyone where it is on."""

    def __init__(self, services: Services, router: Router):
        super().__init__(services)
        self._services, self._router = services, router

    def respond(self, exchange: Exchange) -> Response:
        """The answer of the endpoint that the lab's route table names."""
        request = exchange.request
        if not self._services.config.has_lab:
            raise NotFound("The lab is off; the setting PORTEIRO_LAB=1 turns it on.", code="lab_off")
        refuse_other_names(request, self._services.config)
        if request.environ.get("PATH_INFO", "") == "":
            return to_root(request)
        found = self._router.find(request.method, request.environ["PATH_INFO"])
        exchange.endpoint = found.name
        refuse_other_sites(request)
        call = Call(request, self._services, self._router.routes, exchange.request_id)
        return found.endpoint(call, **found.variables)

    def refuse(self, exchange: Exchange, error: RequestError) -> Response:
        """A refusal as JSON or as a page."""
        services = self._services
        view = view_in_lab(exchange.request, services.config)
        return error_answer(exchange.request, error, exchange.request_id, services.pages, view)
