"""What openapi.json promises, held against the application with made-up requests."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.accounts import add_account
from tests.doors import add_door
from tests.servers import Answer, InProcessServer, enrolled, post_photo
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.routes import ROUTES
from wsgi_app.stores.stores import Stores
from wsgi_app.web.routing import Route

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EXAMPLES = 20

# What changes each thing that If-Match guards, where a change says something.
CHANGES = {
    "people.put": {"name": "Bruno"},
    "people.patch": {"name": "Bruno"},
    "corrections.replace": {"verdict": "ignored"},
    "accounts.change": {"role": "operator"},
}
PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def mounted(application: "WSGIApplication", prefix: str) -> "WSGIApplication":
    """The application as uWSGI calls it: below its mount, and every answer read and closed."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        assert environ["PATH_INFO"].startswith(prefix)
        environ |= {"SCRIPT_NAME": prefix, "PATH_INFO": environ["PATH_INFO"].removeprefix(prefix)}
        answer = application(environ, start_response)
        try:
            return list(answer)
        finally:
            getattr(answer, "close", lambda: None)()

    return call


@pytest.fixture
def lived_in(server: InProcessServer, stores: Stores, photo: Callable[[str], bytes]) -> dict[str, str]:
    """Ids of what a house has, by the variables of paths that name them."""
    person = enrolled(server, "Ana", photo("ana-1"), photo("ana-2"))
    visit = post_photo(server, "/", photo("ana-3")).json["visit"]
    face = stores.faces.of(person)[0].id
    stores.corrections.set([visit], CorrectionVerdict.NOBODY)
    account = add_account(stores, "Vera", "viewer").id
    door = add_door(server, stores).name
    return {"person": person, "face": face, "visit": visit, "device": door, "account": account}


def cases_of(
    operation: APIOperation[Any, Any, Any, Any], known: dict[str, str]
) -> st.SearchStrategy[Case[Any]]:
    """Requests that fit what is written, those that do not, and those about what is there."""
    raw = operation.definition.raw
    fitting = operation.as_strategy(GenerationMode.POSITIVE)
    about_known = operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known) if known else fitting
    can_be_wrong = any(one["in"] != "header" for one in raw["parameters"]) or "requestBody" in raw
    wrong = operation.as_strategy(GenerationMode.NEGATIVE) if can_be_wrong else fitting
    return fitting | about_known | wrong


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_every_address_keeps_what_is_written_of_it(
    server: InProcessServer, lived_in: dict[str, str], route: Route
) -> None:
    application = mounted(server.application, server.prefix)
    schema = schemathesis.openapi.from_wsgi(f"{server.prefix}/openapi.json", application)
    known = {key: value for key, value in lived_in.items() if f"{{{key}}}" in route.pattern}
    cases = cases_of(schema[route.pattern][route.method], known)
    asked: list[int] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def ask(case: Case[Any]) -> None:
        asked.append(case.call_and_validate(checks=PROMISES).status_code)

    ask()

    assert len(asked) >= EXAMPLES or not (known or route.query or route.takes)


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if route.versioned],
    ids=lambda route: f"{route.method} {route.pattern}",
)
def test_what_changed_since_it_was_read_is_not_changed_over_that(
    server: InProcessServer, lived_in: dict[str, str], route: Route
) -> None:
    path = route.pattern.format(**lived_in)
    seen = server.ask("GET", path.removesuffix("/correction")).headers["ETag"]
    body = msgspec.json.encode(CHANGES[route.name]) if route.takes else b""

    def change(version: str) -> Answer:
        return server.ask(route.method, path, body, {"Content-Type": "application/json", "If-Match": version})

    refused = change('"another"')

    assert (refused.status, refused.error) == (412, "precondition_failed")
    assert server.ask("GET", path.removesuffix("/correction")).headers["ETag"] == seen
    assert change(seen).status == (200 if route.takes else 204)
