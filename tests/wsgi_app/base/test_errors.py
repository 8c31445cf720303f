"""What an error tells: a key and values, and to a client a status and headers."""

import pytest

from wsgi_app.base.errors import (
    Busy,
    ConfigError,
    Conflict,
    MethodNotAllowed,
    NotFound,
    PorteiroError,
    RangeNotSatisfiable,
    RequestError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unfit,
    Unprocessable,
    UpgradeRequired,
)


@pytest.mark.parametrize(("key", "code"), [("duplicate", "duplicate"), ("not_found:person", "not_found")])
def test_the_code_is_what_stands_before_the_colon(key: str, code: str) -> None:
    assert PorteiroError(key).code == code


def test_the_log_has_the_key_and_the_values() -> None:
    assert str(NotFound("not_found:person")) == "not_found:person"
    assert str(Conflict("too_many_faces", name="Ana", faces=3)) == "too_many_faces name='Ana' faces=3"


def test_a_setting_that_cannot_be_used_is_told_in_a_sentence() -> None:
    assert str(ConfigError("PORTEIRO_DATA: it cannot be used.")) == "PORTEIRO_DATA: it cannot be used."


def test_a_text_that_is_not_what_it_should_be_becomes_an_answer() -> None:
    error = Unfit("bad_name:long", name="Ana", most=2)

    answer = Unprocessable.of(error)

    assert isinstance(error, ValueError)
    assert (answer.status, answer.key, answer.values) == (422, error.key, error.values)


@pytest.mark.parametrize(
    ("error", "status", "headers", "values"),
    [
        (NotFound("not_found", headers={"X-Odd": "1"}), 404, {"X-Odd": "1"}, {}),
        (Unauthorized("bad_token"), 401, {"WWW-Authenticate": "Bearer"}, {}),
        (
            Unauthorized("role", scheme="Basic", name="Ana"),
            401,
            {"WWW-Authenticate": "Basic"},
            {"name": "Ana"},
        ),
        (
            MethodNotAllowed("method_not_allowed", method="PUT", allowed="GET, HEAD"),
            405,
            {"Allow": "GET, HEAD"},
            {"method": "PUT", "allowed": "GET, HEAD"},
        ),
        (RangeNotSatisfiable("range", size=7), 416, {"Content-Range": "bytes */7"}, {"size": 7}),
        (UpgradeRequired("upgrade", address="ws://"), 426, {"Upgrade": "websocket"}, {"address": "ws://"}),
        (TooManyRequests("too_many", wait_s=9, minutes=1), 429, {"Retry-After": "9"}, {"minutes": 1}),
        (Busy("busy", wait_s=9), 503, {"Retry-After": "9"}, {}),
        (Unavailable("unavailable"), 503, {"Retry-After": "2"}, {}),
    ],
)
def test_what_an_answer_needs_beside_its_sentence_is_in_its_headers(
    error: RequestError, status: int, headers: dict[str, str], values: dict[str, object]
) -> None:
    assert (error.status, error.headers, error.values) == (status, headers, values)
