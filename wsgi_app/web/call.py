"""One request of the house on its way to an endpoint."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from webob import Request, Response

from wsgi_app.access.doors import Holder
from wsgi_app.access.identity import NOBODY, Identity
from wsgi_app.access.roles import Role
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import Enroller
from wsgi_app.house.house import House
from wsgi_app.stores.stores import Stores
from wsgi_app.web.forms import read_body
from wsgi_app.web.links import Links, links_of
from wsgi_app.web.rendering import Pages, view_of
from wsgi_app.web.routing import Route
from wsgi_app.web.uploads import read_json

Body = TypeVar("Body")

# What not everybody may follow who sees the rest, by the names of links.
LEAST_ROLES = {"confirm": Role.OPERATOR, "export": Role.OPERATOR}


@dataclass(frozen=True)
class Call:
    """One request, and everything to answer it with.

    Attributes:
        request: as it came.
        house: what it is asked of.
        pages: the HTML templates.
        steps: times each step.
        request_id: in its answer and its log line.
        route: the row of the route table that it is for.
        identity: who asks; ``NOBODY`` where the route lets anyone.
        holder: the door that proved to have its token, where the route asks for one.
        routes: every address of the server.
    """

    request: Request
    house: House
    pages: Pages
    steps: Steps
    request_id: str
    route: Route
    identity: Identity = NOBODY
    holder: Holder | None = None
    routes: tuple[Route, ...] = ()

    @cached_property
    def stores(self) -> Stores:
        """What is kept; changes are told as made by whoever asks."""
        return self.house.stores.acting(self.identity.name)

    @property
    def enroller(self) -> Enroller:
        """What puts faces into the gallery, told as done by whoever asks."""
        return Enroller(self.house.pipeline, self.stores, self.house.policy, self.steps)

    @cached_property
    def links(self) -> Links:
        """Where everything is, for whoever asks."""
        return links_of(self.request)

    def offered(self, links: dict[str, str]) -> dict[str, str]:
        """Those of some links, by what they are, that whoever asks may follow."""
        role = self.identity.role
        return {
            name: address for name, address in links.items() if role >= LEAST_ROLES.get(name, Role.ANYONE)
        }

    def body(self, body_type: type[Body], most_bytes: int | None = None) -> Body:
        """What came as JSON or as a form's fields, as a typed value.

        Args:
            body_type: of the value.
            most_bytes: that it may have; ``None`` for as many as the limits say of JSON.

        Raises:
            RequestError: as ``forms.read_body`` says; a form where the route takes JSON alone.
        """
        most = self.house.config.limits.uploads.json_bytes if most_bytes is None else most_bytes
        read = read_json if self.route.json_only else read_body
        return read(self.request, body_type, most)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page from a template."""
        view = view_of(self.request, self.house.config, self.identity)
        return self.pages.render(view, template, status, **values)
