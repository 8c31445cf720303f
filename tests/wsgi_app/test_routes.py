"""The route table: who may ask for what, and that each row answers where it says."""

import re

from wsgi_app.access.roles import Role
from wsgi_app.routes import ROUTES
from wsgi_app.web.origins import SAFE_METHODS
from wsgi_app.web.routing import Router

AN_ID = "0123456789abcdef0123456789abcdef"


def test_every_row_has_its_own_place_and_name() -> None:
    assert len({(route.method, route.pattern) for route in ROUTES}) == len(ROUTES)
    assert len({route.name for route in ROUTES}) == len(ROUTES)


# Whoever reaches the server may ask here: it shows no face, or the endpoint asks for a door's token itself.
FOR_ANYONE = {
    ("POST", "/"),
    ("POST", "/image-64"),
    ("POST", "/image-bin"),
    ("POST", "/faces"),
    ("POST", "/compare"),
    ("PUT", "/devices/{device}/heartbeat"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/welcome"),
    ("POST", "/welcome"),
}


def test_these_addresses_and_no_others_are_for_anyone() -> None:
    found = {(route.method, route.pattern) for route in ROUTES if route.role is Role.ANYONE}

    assert found == FOR_ANYONE


def test_whoever_only_looks_can_change_nothing_but_sign_out() -> None:
    changes = {route.name: route.role for route in ROUTES if route.method not in SAFE_METHODS}

    assert {name for name, role in changes.items() if role is Role.VIEWER} == {"sign_in.leave"}


def test_doors_and_accounts_and_whether_much_is_purged_are_the_owners_alone() -> None:
    owners = {(route.method, route.pattern) for route in ROUTES if route.role is Role.OWNER}

    assert {("POST", "/devices"), ("DELETE", "/devices/{device}"), ("POST", "/purge")} <= owners


def test_a_request_of_a_row_is_answered_by_that_row() -> None:
    router = Router(ROUTES)
    for route in ROUTES:
        path = re.sub(r"{\w+}", AN_ID, route.pattern)
        found = router.find(route.method, path)
        assert (found.route, found.name) == (route, route.name)


def test_every_endpoint_says_what_it_does() -> None:
    for route in ROUTES:
        words = route.endpoint.__doc__ or ""
        assert re.match(re.escape(f"``{route.method} {route.pattern}``") + "[:.]", words), route.name
