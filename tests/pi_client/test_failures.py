"""What can go wrong, which fault it is, and how often it is asked: acceptance point 9."""

import socket
import time
from typing import Any

import pytest

from pi_client.faults import Fault
from pi_client.press import PressResult
from tests.pi_client.asking import (
    AT,
    KNOWN,
    PATIENT_S,
    PHOTO,
    TOKEN,
    Sleeps,
    asking,
    plain,
    press_now,
)
from tests.pi_client.hostile_server import Behaviour, HostileServer, Porteiro, Talk, always, garbage

HTML = b"<html><h1>Welcome to our Wi-Fi</h1></html>"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# 9: how often each failure is asked.


def half_an_answer(talk: Talk) -> None:
    talk.send(KNOWN.response_to(talk.request)[:-10])
    talk.hang_up()


def reset_in_the_answer(talk: Talk) -> None:
    talk.send(KNOWN.response_to(talk.request)[:-10])
    talk.reset()


def cut_in_the_headers(talk: Talk) -> None:
    talk.send(KNOWN.response_to(talk.request)[:40])
    talk.hang_up()


OWN_ERROR = b'{"error": {"code": "overloaded", "message": "Come back later."}}'
CLOCK_ERROR = b'{"error": {"code": "clock", "message": "The clocks differ."}}'

ROWS: dict[str, tuple[Behaviour, Fault, int]] = {
    "200 of HTML": (always(200, HTML, kind="text/html"), Fault.WRONG_SERVER, 1),
    "200 of HTML said to be JSON": (always(200, HTML), Fault.WRONG_SERVER, 1),
    "404 of HTML": (always(404, HTML, kind="text/html"), Fault.WRONG_SERVER, 1),
    "404 of an API": (always(404, b'{"error": {"code": "not_found"}}'), Fault.WRONG_SERVER, 1),
    "known with 404": (Porteiro("known", AT, TOKEN, status=404), Fault.WRONG_SERVER, 1),
    "unknown with 200": (Porteiro("unknown", AT, TOKEN, status=200), Fault.WRONG_SERVER, 1),
    "an outcome of tomorrow with 200": (Porteiro("on_holiday", AT, TOKEN, status=200), Fault.WRONG_SERVER, 1),
    "no outcome": (Porteiro("", AT, TOKEN), Fault.WRONG_SERVER, 1),
    **{
        f"{status}": (always(status, b"", "Location: /elsewhere"), Fault.WRONG_SERVER, 1)
        for status in (301, 302, 303, 307, 308)
    },
    "401": (always(401), Fault.TOKEN, 1),
    "403": (always(403, OWN_ERROR), Fault.TOKEN, 1),
    "413": (always(413, HTML, kind="text/html"), Fault.PHOTO_REJECTED, 1),
    "415": (always(415), Fault.PHOTO_REJECTED, 1),
    "422": (always(422), Fault.PHOTO_REJECTED, 1),
    "400": (always(400), Fault.SERVER_ERROR, 1),
    "409": (always(409, OWN_ERROR), Fault.SERVER_ERROR, 1),
    "409 for the clock": (always(409, CLOCK_ERROR), Fault.CLOCK, 1),
    "429": (always(429), Fault.SERVER_ERROR, 1),
    "500": (always(500), Fault.SERVER_ERROR, 1),
    "502": (always(502, HTML, kind="text/html"), Fault.UNREACHABLE, 3),
    "503": (always(503), Fault.UNREACHABLE, 3),
    "503 of ours": (always(503, OWN_ERROR), Fault.UNREACHABLE, 3),
    "504": (always(504), Fault.UNREACHABLE, 3),
    "hung up before an answer": (Talk.hang_up, Fault.UNREACHABLE, 3),
    "reset before an answer": (Talk.reset, Fault.UNREACHABLE, 3),
    "reset in the answer": (reset_in_the_answer, Fault.CUT_OFF, 1),
    "half an answer": (half_an_answer, Fault.CUT_OFF, 1),
    "cut in the headers": (cut_in_the_headers, Fault.WRONG_SERVER, 1),
    "no HTTP": (garbage, Fault.WRONG_SERVER, 1),
    "another's signature": (Porteiro("known", AT, "front-door.another"), Fault.UNPROVEN, 1),
    "no signature": (Porteiro("known", AT), Fault.UNPROVEN, 1),
    "a refusal without signature": (Porteiro("unknown", AT), Fault.UNPROVEN, 1),
    "an outcome of tomorrow without signature": (Porteiro("on_holiday", AT), Fault.UNPROVEN, 1),
    "another's answer": (Porteiro("known", AT, TOKEN, press="press-of-yesterday"), Fault.UNPROVEN, 1),
    "a server in 1970": (Porteiro("known", "1970-01-01T00:00:00+00:00", TOKEN), Fault.CLOCK, 1),
}


@pytest.mark.parametrize("row", ROWS)
def test_point_9_each_failure_is_what_it_is_and_asked_as_often_as_it_may_be(row: str) -> None:
    behaviour, fault, asked = ROWS[row]
    press, sleep = press_now(), Sleeps()
    with HostileServer((behaviour,)) as hostile, asking(hostile.url, sleep=sleep) as server:
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, fault)
    assert answer.detail
    assert len(hostile.requests) == asked
    assert sleep == [0.3, 0.6][: asked - 1]


def test_point_9_nobody_there_is_asked_again() -> None:
    press, sleep = press_now(), Sleeps()
    with asking(f"http://127.0.0.1:{free_port()}", sleep=sleep) as server:
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.UNREACHABLE)
    assert "refused" in answer.detail
    assert sleep == [0.3, 0.6]


def test_point_9_a_name_that_nobody_has_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown_name(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown_name)
    press, sleep = press_now(), Sleeps()
    with asking("http://porteiro.invalid", sleep=sleep) as server:
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.UNREACHABLE)
    assert "Name or service not known" in answer.detail
    assert sleep == [0.3, 0.6]


@pytest.mark.parametrize("behaviour", [half_an_answer, reset_in_the_answer])
def test_the_log_says_that_an_answer_broke_off(behaviour: Behaviour) -> None:
    with HostileServer((behaviour,)) as hostile, asking(hostile.url) as server:
        answer = server.ask(press_now(), (PHOTO,))

    assert answer.detail.startswith(("the answer broke off: ConnectionResetError", "IncompleteRead"))


def test_point_9_a_handshake_that_is_hung_up_is_asked_again() -> None:
    press, sleep = press_now(), Sleeps()
    with (
        HostileServer((KNOWN,), to_tls=b"") as hostile,
        asking(hostile.url.replace("http", "https"), sleep=sleep) as server,
    ):
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.UNREACHABLE)
    assert sleep == [0.3, 0.6]


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_point_9_it_is_asked_again_as_often_as_is_set(retries: int) -> None:
    with HostileServer((always(503),)) as hostile, asking(hostile.url, retries=retries) as server:
        server.ask(press_now(), (PHOTO,))

    assert len(hostile.requests) == 1 + retries


def test_point_9_it_is_not_asked_again_where_the_deadline_would_pass_meanwhile() -> None:
    sleep = Sleeps()
    with (
        HostileServer((always(503),)) as hostile,
        asking(hostile.url, sleep=sleep, backoff_s=PATIENT_S * 0.9) as server,
    ):
        answer = server.ask(press_now(), (PHOTO,))

    # The first pause fits before the deadline, the second, twice as long, does not.
    assert answer.fault is Fault.UNREACHABLE
    assert (len(hostile.requests), sleep) == (2, [PATIENT_S * 0.9])


def test_point_9_a_server_that_says_nothing_is_asked_once() -> None:
    press, sleep = press_now(), Sleeps()
    with (
        HostileServer((Talk.hang,)) as hostile,
        asking(hostile.url, sleep=sleep, read_timeout_s=0.1) as server,
    ):
        answer = server.ask(press, (PHOTO,))
        left_s = press.deadline_s - time.monotonic()

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.TOO_LATE)
    assert (len(hostile.requests), sleep) == (1, [])
    assert left_s > PATIENT_S / 2
