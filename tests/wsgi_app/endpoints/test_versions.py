"""Versions: what If-Match lets through."""

import pytest
from webob import Request

from wsgi_app.endpoints.versions import etag, expected
from wsgi_app.services import Call, Services
from wsgi_app.steps import Steps


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
    services: Services, steps: Steps, headers: dict[str, str], is_expected: bool
) -> None:
    call = Call(Request.blank("/things/1", headers=headers), services, steps, "0" * 32)

    assert expected(call, str)(3) is is_expected


def test_a_version_is_made_only_where_somebody_asks(services: Services, steps: Steps) -> None:
    def never(_thing: int) -> str:
        raise AssertionError

    assert expected(Call(Request.blank("/"), services, steps, "0" * 32), never)(3)


def test_a_version_is_told_in_quotes() -> None:
    assert etag("1-2") == {"ETag": '"1-2"'}
