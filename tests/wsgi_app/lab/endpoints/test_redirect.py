"""The way on, which never leads away from the lab."""

from urllib.parse import quote, urlsplit

import pytest

from tests.servers import InProcessServer, Server

# Every trick by which a target has been made to leave its host; {root} is the lab's mount.
TRICKS = [
    "https://evil.example/",
    "HTTPS://evil.example/",
    "https:evil.example",
    "https:/evil.example",
    "http:///evil.example",
    "ftp://evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "//evil.example/..",
    "/%2fevil.example",
    "%2f%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/%0d%0aSet-Cookie:a=b",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/hello\\..\\evil",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/hello\r\nSet-Cookie: a=b",
    "/hello\r\n\r\n<script>alert(1)</script>",
    "/hello\n",
    "/hello?a=\r\nSet-Cookie: a=b",
    "/hello\0",
    "/hello\x7f",
    "/hello\x85",
    "/hello\u2028",
    " //evil.example",
    " /hello",
    "@evil.example",
    "/@evil.example",
    ":80@evil.example",
    ".evil.example",
    ".evil.example/",
    "-evil/",
    "hello",
    "/..",
    "/../people",
    "/../../evil",
    "/hello/../../people",
    "/./../people",
    "/%2e%2e/people",
    "/.%2e/people",
    "/;/evil.example",
    "/hello;@evil.example",
    "/hello//evil.example",
    "/hello#//evil.example",
    "/olá",
    "/\uff0fevil.example",
    "/\u3002evil.example",
    "?a=b",
    "#",
    "/" + "x" * 1000,
    "/hello?" + "x" * 1000,
]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_way_on_is_told_with_each_status(any_lab: Server, status: int) -> None:
    answer = any_lab.ask("GET", f"/redirect?to=/greet/Hello/world&status={status}")

    assert (answer.status, urlsplit(answer.headers["Location"]).path) == (
        status,
        f"{any_lab.prefix}/greet/Hello/world",
    )
    assert answer.body.decode().startswith(f"{any_lab.prefix}/greet/Hello/world ")
    assert answer.headers["X-Lab"] == "redirect"
    assert answer.headers["Cache-Control"] == "no-store"


def test_without_a_wish_it_is_hello_for_ever(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/redirect")

    assert (answer.status, answer.body.decode()) == (
        301,
        f"{any_lab.prefix}/hello for ever; a POST may come as a GET\n",
    )
    assert urlsplit(answer.headers["Location"]).path == f"{any_lab.prefix}/hello"


@pytest.mark.parametrize("target", ["/", "/greeting?lang=ko&x=//y", "/status/204"])
def test_any_plain_address_of_the_lab_can_be_gone_on_to(any_lab: Server, target: str) -> None:
    answer = any_lab.ask("GET", f"/redirect?to={quote(target, safe='')}")

    found = urlsplit(answer.headers["Location"])
    assert answer.status == 301
    assert found.path + (f"?{found.query}" if found.query else "") == any_lab.prefix + target
    assert found.hostname in {"127.0.0.1", "localhost"}


@pytest.mark.parametrize("target", TRICKS)
def test_nothing_leads_away(shipped_lab: Server, target: str) -> None:
    answer = shipped_lab.ask("GET", f"/redirect?to={quote(target, safe='')}")

    assert (answer.status, answer.error) == (400, "bad_target")
    assert not {"Location", "Set-Cookie", "Refresh"} & set(answer.headers)


@pytest.mark.parametrize("target", TRICKS)
def test_nothing_leads_away_from_a_lab_that_has_its_host_for_itself(
    lab: InProcessServer, target: str
) -> None:
    lab.prefix = ""

    answer = lab.ask("GET", f"/redirect?to={quote(target, safe='')}")

    assert (answer.status, answer.error) == (400, "bad_target")


@pytest.mark.parametrize("status", ["200", "300", "304", "306", "3o1", "301 ", "99", "9" * 500, "%C2%B2"])
def test_a_status_that_is_no_redirect_is_refused(shipped_lab: Server, status: str) -> None:
    answer = shipped_lab.ask("GET", f"/redirect?status={quote(status, safe='%')}")

    assert (answer.status, answer.json) == (
        400,
        {
            "error": {
                "code": "bad_status",
                "message": "A redirect has one of 301, 302, 303, 307, 308 for its status.",
            }
        },
    )


def test_a_target_that_is_not_utf_8_is_refused(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/redirect?to=/%ff")

    assert (answer.status, answer.error) == (400, "bad_query")
