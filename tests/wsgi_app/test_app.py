"""The house's application: its mount, its errors as pages and as JSON, what it counts."""

import json
from dataclasses import replace

import pytest

from tests.forms import post_form
from tests.servers import InProcessServer
from wsgi_app.access.evidence import token_key
from wsgi_app.access.roles import Role, Token
from wsgi_app.app import Application
from wsgi_app.endpoints import health
from wsgi_app.house.house import House
from wsgi_app.web.rendering import Pages
from wsgi_app.web.routing import Route, Router

TOKEN = f"front-door.{'a' * 43}"


def test_a_browser_gets_its_errors_as_a_page(server: InProcessServer) -> None:
    answer = server.ask("GET", "/nowhere", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"There is nothing at this address." in answer.body
    assert answer.headers["X-Request-Id"].encode() in answer.body


def test_a_program_gets_its_errors_as_json(server: InProcessServer) -> None:
    for accept in ("*/*", "application/json", "text/html;q=0.5, application/json", ""):
        assert json.loads(server.ask("GET", "/nowhere", headers={"Accept": accept}).body)


def test_head_has_the_headers_of_get_and_no_body(server: InProcessServer) -> None:
    head, get = server.ask("HEAD", "/people"), server.ask("GET", "/people")

    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(get.body)))


@pytest.mark.parametrize("path", ["/people/nobody", "/nowhere"])
def test_an_error_page_shows_who_has_signed_in_the_way_on(server: InProcessServer, path: str) -> None:
    assert b"<nav" in server.ask("GET", path, headers={"Accept": "text/html"}).body


def test_an_error_page_shows_nobody_else_a_way(closed_server: InProcessServer) -> None:
    assert b"<nav" not in closed_server.ask("GET", "/nowhere", headers={"Accept": "text/html"}).body


@pytest.mark.parametrize(
    ("before", "way"),
    [
        ("http://localhost/porteiro/people?q=A", 'href="/porteiro/people?q=A">Back to the page</a>'),
        ("http://elsewhere.example/porteiro/people", 'href="/porteiro/">Back to the house</a>'),
        ("http://localhost/elsewhere", 'href="/porteiro/">Back to the house</a>'),
        ("http://[", 'href="/porteiro/">Back to the house</a>'),
        ("", 'href="/porteiro/">Back to the house</a>'),
    ],
)
def test_the_page_of_a_form_that_cannot_be_used_leads_back_to_it(
    server: InProcessServer, before: str, way: str
) -> None:
    answer = post_form(server, "/people", {"name": ""}, Referer=before)

    assert answer.status == 422
    assert way in answer.body.decode()


def test_the_wrong_mount_is_404(server: InProcessServer) -> None:
    assert replace(server, prefix="").ask("GET", "/people").status == 404
    assert replace(server, prefix="/other").ask("GET", "/people").status == 404


def test_requests_are_counted_by_endpoint_and_status(server: InProcessServer, house: House) -> None:
    server.ask("GET", "/people")
    server.ask("GET", "/people")
    server.ask("GET", "/people/nobody")
    server.ask("GET", "/nowhere")

    totals = house.tally.read()
    assert totals.requests == {
        ("people.index", "200"): 2,
        ("people.show", "404"): 1,
        ("unrouted", "404"): 1,
    }
    assert {name: sum(buckets) for name, (buckets, _) in totals.latency.items()} == {
        "people.index": 2,
        "people.show": 1,
        "unrouted": 1,
    }


@pytest.mark.parametrize(
    ("token", "anonymous", "status"),
    [
        (Token.DOOR, True, 401),
        (Token.DOOR, False, 401),
        (Token.DOOR_IF_ASKED, True, 200),
        (Token.DOOR_IF_ASKED, False, 401),
    ],
)
def test_a_row_that_asks_for_a_token_is_closed_without_one_whatever_its_endpoint_does(
    house: House, token: Token, *, anonymous: bool, status: int
) -> None:
    config = replace(house.config, anonymous_doors=anonymous)
    routes = (Route("GET", "/secret", health.live, Role.ANYONE, token=token),)
    server = InProcessServer(Application(replace(house, config=config), Pages(), Router(routes)))
    house.stores.devices.add("front-door", token_key(TOKEN))

    assert server.ask("GET", "/secret").status == status
    assert server.ask("GET", "/secret", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert server.ask("GET", "/secret", headers={"Authorization": f"Bearer {TOKEN[:-1]}x"}).status == 401
