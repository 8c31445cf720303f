"""One request of the house on its way to an endpoint."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from webob import Request, Response

from wsgi_app.access.identity import NOBODY, Identity
from wsgi_app.base.steps import Steps
from wsgi_app.house.house import House
from wsgi_app.stores.stores import Stores
from wsgi_app.web.rendering import Pages, view_of
from wsgi_app.web.routing import Route


@dataclass(frozen=True)
class Call:
    """One request, and everything to answer it with.

    Attributes:
        request: as it came.
        house: what it is asked of.
        pages: the HTML templates.
        steps: times each step.
        request_id: in its answer and its log line.
        identity: who asks; ``NOBODY`` where the route lets anyone.
        routes: every address of the server.
    """

    request: Request
    house: House
    pages: Pages
    steps: Steps
    request_id: str
    identity: Identity = NOBODY
    routes: tuple[Route, ...] = ()

    @cached_property
    def stores(self) -> Stores:
        """What is kept; changes are told as made by whoever asks."""
        return self.house.stores.acting(self.identity.name)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page from a template."""
        view = view_of(self.request, self.house.config, self.identity)
        return self.pages.render(view, template, status, **values)
