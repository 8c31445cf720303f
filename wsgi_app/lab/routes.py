"""The lab's route table: method, path pattern below its mount, endpoint; anybody may ask."""

from wsgi_app.lab.endpoints import hello, index
from wsgi_app.roles import Role
from wsgi_app.routing import Endpoint, Route

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/", index.show),
    ("GET", "/hello", hello.hello),
    ("GET", "/good", hello.good),
    ("GET", "/bad", hello.bad),
    ("POST", "/bad", hello.bad),
    ("GET", "/greet/{greeting:text}/{name:text}", hello.greet),
)

ROUTES = tuple(Route(method, pattern, endpoint, Role.ANYONE) for method, pattern, endpoint in TABLE)
