"""The way to the lab's rooms, in this process and through nginx and uWSGI."""

import re
from pathlib import Path

import pytest

from tests.servers import InProcessServer, LiveServer, Server
from wsgi_app.config import load_config
from wsgi_app.counters import ProcessCounters
from wsgi_app.lab.app import build_lab


def place_of(lab: Server) -> str:
    """An expression for the host and port of the rooms.

    Behind nginx they are the pages' own; elsewhere the rooms have a port for themselves.
    """
    if isinstance(lab, InProcessServer):
        return "localhost:8766"
    assert isinstance(lab, LiveServer)
    return f"127.0.0.1:{lab.port}" if lab.prefix else "127.0.0.1:[0-9]{4,5}"


def test_a_browser_gets_the_page_with_the_address_of_the_rooms(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/ws", headers={"Accept": "text/html"})
    page = answer.body.decode()
    origin = f"ws://{place_of(any_lab)}"

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["X-Lab"] == "ws"
    assert re.search(f'data-live="{origin}{any_lab.prefix}/ws"', page)
    assert re.search(f"connect-src 'self' {origin};", answer.headers["Content-Security-Policy"])
    assert f'<script type="module" src="{any_lab.prefix}/static/lab-ws.js"></script>' in page


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_a_program_is_told_which_addresses_to_open(any_lab: Server, headers: dict[str, str]) -> None:
    answer = any_lab.ask("GET", "/ws?room=all", headers=headers)
    address = f"ws://{place_of(any_lab)}{any_lab.prefix}/ws"

    assert (answer.status, answer.error, answer.headers["X-Lab"]) == (426, "upgrade_required", "ws")
    assert re.fullmatch(
        rf"The rooms are WebSockets: open {address}\?room=echo or {address}\?room=all\.",
        answer.json["error"]["message"],
    )


@pytest.mark.parametrize(("worker", "upgrade"), [(1, "websocket"), (None, None)])
def test_only_uwsgi_lets_an_application_say_what_to_upgrade_to(
    tmp_path: Path, worker: int | None, upgrade: str | None
) -> None:
    config = load_config({"PORTEIRO_DATA": str(tmp_path)})
    lab = InProcessServer(build_lab(config, ProcessCounters(), worker), "/porteiro/lab")

    answer = lab.ask("GET", "/ws")

    assert (answer.status, answer.headers.get("Upgrade")) == (426, upgrade)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_rooms_take_nothing_but_a_connection(any_lab: Server, method: str) -> None:
    answer = any_lab.ask(method, "/ws", b"{}")

    assert (answer.status, answer.error, answer.headers["Allow"]) == (
        405,
        "method_not_allowed",
        "GET, HEAD, OPTIONS",
    )
