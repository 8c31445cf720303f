"""A door with a password, in this process and under every server."""

from pathlib import Path

import pytest
from argon2 import extract_parameters
from structlog.testing import capture_logs

from tests.accounts import basic
from tests.servers import InProcessServer, Server
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.lab.endpoints.secure import KEPT
from wsgi_app.lab.services import open_services

ASKS = 'Basic realm="Porteiro\'s lab", charset="UTF-8"'
RIGHT = basic("student", "open sesame")
WRONG = basic("student", "let me in")


def test_the_right_password_is_greeted(any_lab: Server) -> None:
    answer = any_lab.ask("GET", "/secure", headers=RIGHT)

    assert (answer.status, answer.body) == (200, b"Come in, student!\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Lab"] == "secure"
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer front-door.x"}])
def test_without_a_password_one_is_asked_for_and_told(any_lab: Server, headers: dict[str, str]) -> None:
    answer = any_lab.ask("GET", "/secure", headers=headers)

    assert (answer.status, answer.error) == (401, "sign_in_needed")
    assert answer.headers["WWW-Authenticate"] == ASKS
    assert answer.json["error"]["message"].endswith("The name is student, and the password is open sesame.")


@pytest.mark.parametrize(
    ("name", "password"),
    [("student", "let me in"), ("teacher", "open sesame"), ("student", ""), ("", ""), ("Student", "é")],
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(
    any_lab: Server, name: str, password: str
) -> None:
    answer = any_lab.ask("GET", "/secure", headers=basic(name, password))

    assert (answer.status, answer.error) == (401, "wrong_password")
    assert answer.headers["WWW-Authenticate"] == ASKS
    assert answer.json["error"]["message"].startswith("The name or the password is wrong. ")
    assert any_lab.ask("GET", "/secure", headers=RIGHT).status == 200  # nothing is left to count


@pytest.mark.parametrize("given", ["", "x", "====", "c3R1ZGVudA==", "/zr+", "é"])
def test_what_is_no_name_and_password_is_asked_for_again(any_lab: Server, given: str) -> None:
    answer = any_lab.ask("GET", "/secure", headers={"Authorization": f"Basic {given}"})

    assert (answer.status, answer.error) == (401, "bad_basic")
    assert answer.headers["WWW-Authenticate"] == ASKS


def test_after_too_many_wrong_passwords_even_the_right_one_has_to_wait(lab: InProcessServer) -> None:
    wrong = [lab.ask("GET", "/secure", headers=WRONG).status for _ in range(5)]
    answer = lab.ask("GET", "/secure", headers=RIGHT)

    assert wrong == [401] * 5
    assert (answer.status, answer.error) == (429, "too_many")
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert lab.ask("GET", "/secure").status == 401  # nothing was tried
    lab.client = "192.0.2.8"
    assert lab.ask("GET", "/secure", headers=RIGHT).status == 200


def test_a_right_password_makes_the_wrong_ones_forgotten(lab: InProcessServer) -> None:
    answers = [lab.ask("GET", "/secure", headers=headers).status for headers in (*4 * (WRONG,), RIGHT, WRONG)]

    assert answers == [401, 401, 401, 401, 200, 401]


def test_a_name_that_nobody_has_costs_as_much_as_one_that_is_kept(tmp_path: Path) -> None:
    services = open_services(load_config({"PORTEIRO_DATA": str(tmp_path)}), ProcessCounters(), worker=None)
    costs = [extract_parameters(kept) for kept in (*KEPT.values(), services.passwords.hash("anything"))]

    assert costs == [costs[0]] * 2
    assert (costs[0].time_cost, costs[0].memory_cost) == (1, 64)  # a KiB each: no work for a door's workers


def test_neither_name_nor_password_is_logged(lab: InProcessServer) -> None:
    brought = basic("somebody", "their own")
    with capture_logs() as lines:
        lab.ask("GET", "/secure", headers=brought)

    assert [(line["event"], line["path"], line["status"]) for line in lines] == [("request", "/secure", 401)]
    for secret in ("somebody", "their own", brought["Authorization"].removeprefix("Basic ")):
        assert secret not in repr(lines)
