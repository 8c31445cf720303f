"""Headers of the client's choice: nothing that means something, nothing that ends a header."""

import pytest

from tests.servers import Server
from wsgi_app.lab.own_headers import MEANT

NOT_SAFE = [
    "X-Accel-Redirect",
    "X-Accel-Buffering",
    "X-Accel-Charset",
    "X-Accel-Expires",
    "X-Accel-Limit-Rate",
    "x-accel-redirect",
    "X-Sendfile",
    "X-SENDFILE",
    "X-LIGHTTPD-send-file",
    "X-LiteSpeed-Location",
    "X-Reproxy-URL",
    "X-Offload-Bypass",
    "X-Forwarded-For",
    "X-Forwarded-Prefix",
    "X-Real-IP",
    "X-Client-IP",
    "X-Remote-User",
    "X-Host",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Proxy-User",
    "X-ProxyUser-IP",
    "X-HTTP-Method-Override",
    "X-Method-Override",
    "X-Cache",
    "X-Cacheable",
    "X-Varnish",
    "X-Purge",
    "X-Surrogate-Key",
    "X-Vary-Options",
    "X-Frame-Options",
    "X-Content-Type-Options",
    "X-Content-Security-Policy",
    "X-WebKit-CSP",
    "X-XSS-Protection",
    "X-DNS-Prefetch-Control",
    "X-UA-Compatible",
    "X-Permitted-Cross-Domain-Policies",
    "X-Download-Options",
    "X-SourceMap",
    "X-Chrome-Connected",
    "X-Firefox-Spdy",
    "X-Auto-Login",
    "X-Pingback",
    "X-Robots-Tag",
    "X-Auth-Token",
    "X-CSRF-Token",
    "X-XSRF-Token",
    "X-Request-Id",
    "X-Requested-With",
    "X-Correlation-Id",
    "X-Powered-By",
    "X-Lab",
]
NO_NAME = [
    "Set-Cookie",
    "Location",
    "Content-Type",
    "Content-Length",
    "Content-Security-Policy",
    "Transfer-Encoding",
    "Access-Control-Allow-Origin",
    "Refresh",
    "Status",
    "uWSGI-Encoding",
    "Lesson",
    "X",
    "X-",
    "X-Lesson-",
    "X--Lesson",
    "X_Lesson",
    "X-Le_sson",
    "X-Lesson%20",
    "%20X-Lesson",
    "X-Lesson:",
    "X-Les:son",
    "X-Lesson%0D%0ASet-Cookie",
    "X-Lesson%0A",
    "X-Lesson%00",
    "X-Li%C3%A7%C3%A3o",
    "X-Lesson%FF",
    "X-" + "L" * 63,
    "format",
    "",
]
NO_VALUE = [
    "",
    "%20",
    "%20WSGI",
    "WSGI%20",
    "WSGI%09",
    "WSGI%0D%0ASet-Cookie:%20a=b",
    "WSGI%0D%0A%0D%0A%3Cscript%3Ealert(1)%3C/script%3E",
    "WSGI%0ASet-Cookie:%20a=b",
    "WSGI%0D",
    "WSGI%0A",
    "WSGI%0A%20folded",
    "WSGI%0B",
    "WSGI%00",
    "WSGI%7F",
    "WSGI%C2%85",
    "WSGI%E2%80%A8",
    "WSGI%C4%8D%C4%8A",  # whose lower bytes are a line's end
    "WSGI%FF",
    "x" * 201,
]


def test_named_headers_come_back_and_are_listed(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/headers?X-Lesson=WSGI&x-note-2=a%20%22b%22;%20c=%3Cd%3E")

    assert (answer.status, answer.body) == (200, b'X-Lesson: WSGI\nx-note-2: a "b"; c=<d>\n')
    assert answer.headers["X-Lesson"] == "WSGI"
    assert answer.headers["x-note-2"] == 'a "b"; c=<d>'
    assert "X-INE-Student" not in answer.headers
    assert answer.headers["X-Lab"] == "headers"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_without_a_name_it_says_how_to_give_one(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/headers")

    assert (answer.status, answer.body) == (200, b"Name one: /headers?X-Lesson=WSGI\n")
    assert (answer.headers["X-INE-Student"], answer.headers["X-INE-Course"]) == ("student", "WSGI")


def test_names_and_values_may_be_as_long_as_their_limits(any_lab: Server) -> None:
    wanted = {f"X-{number}{'L' * 61}": "v" * 200 for number in range(8)}
    answer = any_lab.ask("GET", "/headers?" + "&".join(f"{name}={text}" for name, text in wanted.items()))

    assert answer.status == 200
    assert {name: answer.headers[name] for name in wanted} == wanted


@pytest.mark.parametrize("name", NOT_SAFE)
def test_a_name_that_means_something_is_refused(shipped_lab: Server, name: str) -> None:
    answer = shipped_lab.ask("GET", f"/headers?{name}=owned")

    assert (answer.status, answer.error) == (400, "bad_header_name")
    assert answer.json["error"]["message"].startswith("Names that begin so mean something")
    assert "owned" not in answer.headers.values()


@pytest.mark.parametrize("begin", MEANT)
def test_each_begin_of_such_a_name_is_tried_above(begin: str) -> None:
    assert [name for name in NOT_SAFE if name.lower().startswith(begin)]


@pytest.mark.parametrize("name", NO_NAME)
def test_what_is_no_name_of_an_extra_header_is_refused(shipped_lab: Server, name: str) -> None:
    answer = shipped_lab.ask("GET", f"/headers?{name}=owned")

    assert (answer.status, answer.error) == (400, "bad_header_name")
    assert answer.json["error"]["message"].startswith("A header's name is X- and words")
    assert "owned" not in answer.headers.values()


@pytest.mark.parametrize("value", NO_VALUE)
def test_what_could_end_a_header_is_refused(any_lab: Server, value: str) -> None:
    answer = any_lab.ask("GET", f"/headers?X-Lesson={value}")

    assert (answer.status, answer.error) == (400, "bad_header_value")
    assert not {"X-Lesson", "Set-Cookie"} & set(answer.headers)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "query", ["&".join(f"X-{number}=v" for number in range(9)), "&" * 8, "X-Lesson=WSGI" + "&" * 2000]
)
def test_too_many_are_refused(any_lab: Server, query: str) -> None:
    answer = any_lab.ask("GET", f"/headers?{query}")

    assert (answer.status, answer.json) == (
        400,
        {"error": {"code": "too_many_headers", "message": "At most 8 headers are sent."}},
    )
