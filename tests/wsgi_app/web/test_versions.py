"""Versions: what If-Match lets through."""

import pytest
from webob import Request, Response

from wsgi_app.access.roles import Role
from wsgi_app.base.steps import Steps
from wsgi_app.house.house import House
from wsgi_app.web.call import Call
from wsgi_app.web.rendering import Pages
from wsgi_app.web.routing import Route
from wsgi_app.web.versions import etag, expected

ROUTE = Route("PUT", "/things/{thing}", Response, Role.OPERATOR, versioned=True)


@pytest.mark.parametrize(
    ("headers", "is_expected"),
    [
        ({}, True),
        ({"If-Match": "*"}, True),
        ({"If-Match": '"3"'}, True),
        ({"If-Match": '"2", "3"'}, True),
        ({"If-Match": '"2"'}, False),
        ({"If-Match": "nonsense"}, False),
        ({"If-Match": ""}, False),
        ({"If-Match": 'W/"3"'}, True),
    ],
)
def test_a_thing_is_expected_by_its_version(
    house: House, steps: Steps, headers: dict[str, str], is_expected: bool
) -> None:
    call = Call(Request.blank("/things/1", headers=headers), house, Pages(), steps, "0" * 32, ROUTE)

    assert expected(call, str)(3) is is_expected


def test_a_version_is_made_only_where_somebody_asks(house: House, steps: Steps) -> None:
    def never(_thing: int) -> str:
        raise AssertionError

    assert expected(Call(Request.blank("/"), house, Pages(), steps, "0" * 32, ROUTE), never)(3)


def test_a_version_is_told_in_quotes() -> None:
    assert etag("1-2") == {"ETag": '"1-2"'}
