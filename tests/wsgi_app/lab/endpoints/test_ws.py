"""The way to the lab's rooms, in this process and under every server."""

from pathlib import Path

import pytest

from tests.servers import Answer, InProcessServer, LiveServer, Server, lab_of
from wsgi_app.base.config import load_config


@pytest.fixture
def worker(tmp_path: Path) -> InProcessServer:
    """The lab as one of uWSGI's workers has it in the local run, in this process."""
    return lab_of(load_config({"PORTEIRO_DATA": str(tmp_path)}), worker=1)


def assert_page(answer: Answer, address: str) -> None:
    page = answer.body.decode()
    origin = address.removesuffix("/porteiro/lab/ws")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["X-Lab"] == "ws"
    assert f'data-live="{address}"' in page
    assert f"connect-src 'self' {origin};" in answer.headers["Content-Security-Policy"]
    assert "A message has at most 4096 bytes; 10 may be\n    sent within 10 seconds." in page
    assert '<script type="module" src="/porteiro/lab/static/lab-ws.js"></script>' in page


def assert_way(answer: Answer, address: str) -> None:
    assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
    assert answer.json == {
        "error": {
            "code": "upgrade_required",
            "message": f"The rooms are WebSockets: open {address}?room=echo or {address}?room=all.",
        }
    }


def test_in_the_local_run_the_rooms_have_a_port_of_their_own(worker: InProcessServer) -> None:
    address = "ws://localhost:8766/porteiro/lab/ws"

    assert_page(worker.ask("GET", "/ws", headers={"Accept": "text/html"}), address)
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        assert_way(worker.ask("GET", "/ws?room=all", headers=headers), address)


@pytest.mark.live
def test_behind_nginx_the_rooms_are_where_the_pages_are(live_lab: LiveServer) -> None:
    address = f"ws://127.0.0.1:{live_lab.port}/porteiro/lab/ws"

    assert_page(live_lab.ask("GET", "/ws", headers={"Accept": "text/html"}), address)
    assert_way(live_lab.ask("GET", "/ws"), address)


def test_another_server_than_uwsgi_says_that_it_has_no_rooms(lab: InProcessServer) -> None:
    answer = lab.ask("GET", "/ws")

    assert (answer.status, answer.error) == (404, "no_rooms")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_the_rooms_take_nothing_but_a_connection(any_lab: Server, method: str) -> None:
    answer = any_lab.ask(method, "/ws", b"{}")

    assert (answer.status, answer.error, answer.headers["Allow"]) == (
        405,
        "method_not_allowed",
        "GET, HEAD, OPTIONS",
    )
