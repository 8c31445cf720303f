"""Every status, in this process and under every server."""

from http import HTTPStatus

import pytest

from tests.servers import Server

ALL = [status for status in HTTPStatus if status >= HTTPStatus.OK]
BODILESS = (204, 205, 304)


@pytest.mark.parametrize("status", ALL, ids=lambda status: str(status.value))
def test_every_status_comes_with_what_it_means(any_lab: Server, status: HTTPStatus) -> None:
    answer = any_lab.ask("GET", f"/status/{status.value}")

    first_line = answer.body.decode().partition("\n")[0]
    assert answer.status == status
    assert first_line == ("" if status in BODILESS else f"{status.value} {status.phrase}")
    assert (answer.headers["X-Lab"], answer.headers["Cache-Control"]) == ("status", "no-store")
    assert "Location" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (404, "404 Not Found\nNothing matches the given URI\n"),
        (418, "418 I'm a Teapot\nServer refuses to brew coffee because it is a teapot.\n"),
        (
            302,
            "302 Found\nObject moved temporarily -- see URI list\n"
            "It has no Location, so no client goes anywhere; /redirect sends one.\n",
        ),
        (
            401,
            "401 Unauthorized\nNo permission -- see authorization schemes\n"
            "It asks for a scheme that no browser knows, so none asks for a password.\n",
        ),
        (
            426,
            "426 Upgrade Required\n"
            "WSGI keeps the header of one connection that goes with it to the server, so it is not here.\n",
        ),
    ],
)
def test_the_text_says_what_there_is_to_say(any_lab: Server, code: int, text: str) -> None:
    answer = any_lab.ask("GET", f"/status/{code}")

    assert (answer.status, answer.body.decode()) == (code, text)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        (401, "WWW-Authenticate", 'Lab realm="nobody"'),
        (405, "Allow", "GET, HEAD, OPTIONS"),
        (429, "Retry-After", "2"),
        (503, "Retry-After", "2"),
    ],
)
def test_what_http_wants_beside_a_status_is_there(any_lab: Server, code: int, name: str, value: str) -> None:
    answer = any_lab.ask("GET", f"/status/{code}")

    assert (answer.status, answer.headers[name]) == (code, value)


@pytest.mark.parametrize("code", [201, 204, 301, 404, 503])
def test_headers_that_the_query_names_come_with_the_status(any_lab: Server, code: int) -> None:
    answer = any_lab.ask("GET", f"/status/{code}?X-Lesson=WSGI&X-Student=Ana")

    assert (answer.status, answer.headers["X-Lesson"], answer.headers["X-Student"]) == (code, "WSGI", "Ana")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("X-Frame-Options=DENY", "bad_header_name"),
        ("Location=/hello", "bad_header_name"),
        ("X-Lesson=WSGI%0D%0ASet-Cookie:%20a=b", "bad_header_value"),
    ],
)
def test_headers_that_could_do_something_come_with_no_status(any_lab: Server, query: str, code: str) -> None:
    answer = any_lab.ask("GET", f"/status/302?{query}")

    assert (answer.status, answer.error) == (400, code)
    assert not {"Location", "Set-Cookie", "X-Frame-Options"} & set(answer.headers)


@pytest.mark.parametrize("code", BODILESS)
def test_a_status_that_has_no_body_comes_without_one(any_lab: Server, code: int) -> None:
    answer = any_lab.ask("GET", f"/status/{code}")

    assert (answer.status, answer.body) == (code, b"")


def test_head_gets_the_status_alone(any_lab: Server) -> None:
    answer = any_lab.ask("HEAD", "/status/418")

    assert (answer.status, answer.body) == (418, b"")


@pytest.mark.parametrize(
    "code", ["100", "101", "199", "299", "600", "999", "0", "-1", "2e2", "0200", "x", "%C2%B2"]
)
def test_an_unknown_status_is_refused_with_those_that_are_known(shipped_lab: Server, code: str) -> None:
    answer = shipped_lab.ask("GET", f"/status/{code}")

    known = ", ".join(str(status.value) for status in ALL)
    assert (answer.status, answer.json) == (
        400,
        {"error": {"code": "unknown_status", "message": f"The statuses known here are {known}."}},
    )


def test_what_is_not_found_is_told_to_a_program_in_json(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/notfound")

    assert (answer.status, answer.json) == (
        404,
        {"error": {"code": "not_found", "message": "There is never anything at this address."}},
    )
    assert answer.headers["X-Lab"] == "status"


def test_what_is_not_found_is_told_to_a_browser_in_a_page(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/notfound", headers={"Accept": "text/html"})

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is never anything at this address." in answer.body.decode()
