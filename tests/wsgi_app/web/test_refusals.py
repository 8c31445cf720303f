"""Which refusals an address can answer with, told by its row of the route table."""

import pytest
from webob import Response

from wsgi_app.access.roles import Role
from wsgi_app.web.refusals import REFUSALS
from wsgi_app.web.routing import Multipart, Route


def answer() -> Response:
    return Response()


EVERYWHERE = [400, 421, 503]
GUARDED = [401, 403, 429]
CHANGED = [409, 422]
SENT = [411, 413, 415]
NAMED = [404, 414]


@pytest.mark.parametrize(
    ("route", "statuses"),
    [
        (Route("GET", "/health", answer, Role.ANYONE), EVERYWHERE),
        (Route("GET", "/health", answer, Role.ANYONE, formats=("json", "html")), [*EVERYWHERE, 406]),
        (Route("GET", "/things", answer, Role.VIEWER), [*EVERYWHERE, *GUARDED]),
        (Route("GET", "/things", answer, Role.VIEWER, paged="after"), [*EVERYWHERE, *GUARDED, 404]),
        (Route("GET", "/things/{thing}", answer, Role.VIEWER), [*EVERYWHERE, *GUARDED, *NAMED]),
        (
            Route("POST", "/things", answer, Role.ANYONE, takes=Multipart(("photo",))),
            [*EVERYWHERE, *GUARDED, *CHANGED, *SENT, 404],
        ),
        (
            Route("PATCH", "/things/{thing}", answer, Role.OPERATOR, takes=dict, versioned=True),
            [*EVERYWHERE, *GUARDED, *CHANGED, *SENT, *NAMED, 412],
        ),
        (
            Route("DELETE", "/things/{thing}", answer, Role.OPERATOR, versioned=True),
            [*EVERYWHERE, *GUARDED, *CHANGED, *NAMED, 412],
        ),
    ],
    ids=lambda value: f"{value.method} {value.pattern}" if isinstance(value, Route) else "",
)
def test_a_row_tells_what_it_can_be_refused_with(route: Route, statuses: list[int]) -> None:
    assert [status for status, can_happen, _ in REFUSALS if can_happen(route)] == sorted(statuses)


def test_each_refusal_stands_once_in_order_with_a_sentence() -> None:
    statuses = [status for status, _, _ in REFUSALS]

    assert statuses == sorted(set(statuses))
    assert all(meaning.endswith(".") for _, _, meaning in REFUSALS)
