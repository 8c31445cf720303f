"""The lab's application: where it answers and where not, and what all of its answers have."""

from pathlib import Path

import pytest

from tests.servers import Server, lab_of
from wsgi_app.config import load_config


@pytest.mark.parametrize(
    "settings", [{"PORTEIRO_LAB": "0"}, {"PORTEIRO_HTTP": "192.0.2.1:80"}, {"PORTEIRO_SOCKET": "/run/p.sock"}]
)
def test_where_it_is_off_it_says_which_setting_turns_it_on(tmp_path: Path, settings: dict[str, str]) -> None:
    lab = lab_of(load_config({"PORTEIRO_DATA": str(tmp_path), **settings}))

    for method, path in (
        ("GET", ""),
        ("GET", "/"),
        ("GET", "/hello"),
        ("POST", "/notes"),
        ("GET", "/nowhere"),
    ):
        answer = lab.ask(method, path)
        assert (answer.status, answer.error) == (404, "lab_off")
        assert "PORTEIRO_LAB=1" in answer.json["error"]["message"]
    assert list(tmp_path.iterdir()) == []


def test_where_others_reach_the_server_it_can_be_turned_on(tmp_path: Path) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_SOCKET": "/run/p.sock", "PORTEIRO_LAB": "1"}

    assert lab_of(load_config(settings)).ask("GET", "/hello").status == 200


@pytest.mark.parametrize(
    ("path", "status", "file"),
    [
        ("/hello", 200, "hello"),
        ("/status/404", 404, "status"),
        ("/greeting?lang=xx", 400, "greeting"),
        ("/notes/none", 404, "notes"),
        ("/nowhere", 404, "unrouted"),
    ],
)
def test_every_answer_names_the_file_that_it_comes_from(
    any_lab: Server, path: str, status: int, file: str
) -> None:
    answer = any_lab.ask("GET", path)

    assert (answer.status, answer.headers["X-Lab"]) == (status, file)


def test_a_browser_gets_its_errors_as_a_page_of_the_lab(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/nowhere", headers={"Accept": "text/html"})

    assert (answer.status, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert f'href="{any_lab.prefix}/">Back to the lab</a>' in answer.body.decode()


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_another_site_s_page_changes_nothing(any_lab: Server, method: str) -> None:
    answer = any_lab.ask(method, "/notes/welcome", b"{}", {"Origin": "http://elsewhere.example"})

    assert (answer.status, answer.error) == (403, "other_site")
