"""Other sites' scripts: one address lets them read its answers, nothing else in lab and house does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from selenium import webdriver

from tests.browsers import severe_lines
from tests.hostile import JSON
from tests.pages import address_of
from tests.servers import LiveServer, Server
from wsgi_app import routes
from wsgi_app.lab.routes import ROUTES

ELSEWHERE = {"Origin": "https://elsewhere.example"}
ASKS = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type, x-student"}
# In a browser, on a page of another site.
FETCH = """
const [address, options, done] = arguments;
fetch(address, options).then(answer => answer.text()).then(done, error => done(error.name));
"""


def allowances(headers: Mapping[str, str]) -> dict[str, str]:
    """What an answer says of other sites."""
    small = {name.lower(): value for name, value in headers.items()}
    return {name: value for name, value in small.items() if name.startswith("access-control-")}


def test_before_it_sends_much_a_browser_is_told_that_it_may(any_lab: Server) -> None:
    answer = any_lab.ask("OPTIONS", "/cors/open", headers={**ELSEWHERE, **ASKS})

    assert (answer.status, answer.headers["X-Lab"]) == (204, "cors")
    assert allowances(answer.headers) == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET, POST, PUT",
        "access-control-allow-headers": "Content-Type, X-Student",
        "access-control-max-age": "600",
    }


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_the_answer_is_for_the_scripts_of_any_site(any_lab: Server, method: str, origin: str) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site", **JSON}
    answer = any_lab.ask(method, "/cors/open", None if method == "GET" else b"[true]", headers)

    assert (answer.status, answer.json["method"], answer.json["origin"]) == (200, method, origin)
    assert allowances(answer.headers) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "X-Lab, X-Request-Id",
    }


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/cors/closed", 200),
        ("OPTIONS", "/cors/closed", 204),
        ("GET", "/hello", 200),
        ("OPTIONS", "/json", 204),
        ("OPTIONS", "/echo", 200),
        ("POST", "/json", 403),
        ("PUT", "/cors/closed", 405),
        ("GET", "/nowhere", 404),
    ],
)
def test_nothing_else_says_a_word_of_other_sites(
    any_lab: Server, method: str, path: str, status: int
) -> None:
    answer = any_lab.ask(method, path, headers={**ELSEWHERE, **ASKS})

    assert (answer.status, allowances(answer.headers)) == (status, {})


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/people", "/visits", "/image-bin", "/health/live", "/openapi.json"])
def test_least_of_all_the_house(any_server: Server, method: str, path: str) -> None:
    answer = any_server.ask(method, path, headers={**ELSEWHERE, **ASKS})

    assert allowances(answer.headers) == {}


def test_no_other_address_takes_changes_from_the_pages_of_other_sites() -> None:
    open_rows = [route.pattern for route in (*ROUTES, *routes.ROUTES) if route.from_any_site]

    assert set(open_rows) == {"/cors/open"}


@contextmanager
def served_elsewhere(folder: Path) -> Iterator[str]:
    """The address of another site's page."""
    (folder / "page.html").write_text("<!doctype html><title>Elsewhere</title>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    with server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/page.html"
        server.shutdown()


@pytest.mark.live
@pytest.mark.parametrize("options", [{}, {"method": "PUT", "headers": JSON, "body": "[true]"}])
def test_a_browser_hands_another_sites_script_the_one_answer_and_keeps_the_other(
    browser: webdriver.Chrome, live_lab: LiveServer, tmp_path: Path, options: dict[str, object]
) -> None:
    with served_elsewhere(tmp_path) as page:
        browser.get(page)
        read = browser.execute_async_script(FETCH, address_of(live_lab, "/cors/open"), options)
        kept = browser.execute_async_script(FETCH, address_of(live_lab, "/cors/closed"), options)

    assert "Any site's script may read this" in read
    assert kept == "TypeError"
    assert any("blocked by CORS policy" in line for line in severe_lines(browser))
