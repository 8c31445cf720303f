import dataclasses
import threading
import time
from datetime import datetime, timedelta, timezone

import pytest

from pi_client import __version__
from pi_client.faults import Fault
from pi_client.press import ButtonPress, Clock, PressResult, StatusReport
from tests.pi_client.asking import (
    AT,
    BOOT,
    KNOWN,
    NOW,
    PATIENT_S,
    PHOTO,
    TOKEN,
    UNKNOWN,
    Sleeps,
    asking,
    plain,
    press_now,
)
from tests.pi_client.hostile_server import (
    Behaviour,
    HostileServer,
    Porteiro,
    Talk,
    always,
    drip_continues,
    garbage,
)

# 5 and 6: green and red only for what is expected.


@pytest.mark.parametrize(
    ("behaviour", "result"),
    [
        (KNOWN, PressResult.GRANTED),
        (UNKNOWN, PressResult.REFUSED),
        (Porteiro("on_holiday", AT, TOKEN), PressResult.REFUSED),
    ],
)
def test_point_5_porteiros_answers_are_granted_and_refused(behaviour: Porteiro, result: PressResult) -> None:
    press = press_now()
    with HostileServer((behaviour,)) as hostile, asking(hostile.url) as server:
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, result, None)
    assert answer.detail == behaviour.outcome
    assert 0 < answer.server_ms < 1000 * PATIENT_S


@pytest.mark.parametrize("outcome", ["known", "unknown"])
def test_a_door_without_a_token_needs_its_press_id_back(outcome: str) -> None:
    press, expected = press_now(), {"known": PressResult.GRANTED, "unknown": PressResult.REFUSED}[outcome]
    behaviours = (Porteiro(outcome, AT), Porteiro(outcome, AT, press="another"))
    with HostileServer(behaviours) as hostile, asking(hostile.url, token="") as server:
        answers = [server.ask(press, (PHOTO,)) for _ in behaviours]

    assert [plain(answer) for answer in answers] == [
        (press.id, expected, None),
        (press.id, PressResult.FAILED, Fault.UNPROVEN),
    ]
    assert "authorization" not in hostile.requests[0].headers


def test_point_6_a_redirect_is_not_followed() -> None:
    press = press_now()
    with HostileServer((KNOWN,)) as friendly:
        moved = always(301, b"", f"Location: {friendly.url}/")
        with HostileServer((moved,)) as hostile, asking(hostile.url) as server:
            answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.WRONG_SERVER)
    assert (len(hostile.requests), friendly.requests) == (1, [])


# 7: late, or another's.


def test_point_7_an_answer_after_the_deadline_is_too_late() -> None:
    press = press_now()
    late = threading.Event()

    def monotonic() -> float:
        return press.deadline_s + 0.001 if late.is_set() else press.at_s

    def wall() -> datetime:
        raise AssertionError("an answer that is too late is not looked at")

    def behave(talk: Talk) -> None:
        late.set()
        KNOWN(talk)

    with HostileServer((behave,)) as hostile, asking(hostile.url, clock=Clock(monotonic, wall)) as server:
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.TOO_LATE)


def test_point_7_nothing_is_sent_after_the_deadline() -> None:
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url) as server:
        press = press_now(within_s=0.0)
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.TOO_LATE)
    assert hostile.requests == []


# 8: what is sent.


def test_point_8_a_press_is_a_form_with_the_photo_and_headers_that_tell_which_press_it_is() -> None:
    at = datetime(2026, 11, 21, 9, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
    press = ButtonPress("press-1", 1234.5678, at, time.monotonic() + PATIENT_S, agreeing=2)
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url) as server:
        server.ask(press, (PHOTO,))

    [request] = hostile.requests
    assert (request.method, request.path) == ("POST", "/porteiro/")
    assert request.parts() == {"file": ("door.jpg", "image/jpeg", PHOTO)}
    assert {name: text for name, text in request.headers.items() if name[0] != "c"} == {
        "host": f"127.0.0.1:{hostile.port}",
        "user-agent": f"porteiro-door/{__version__}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "authorization": f"Bearer {TOKEN}",
        "idempotency-key": "press-1",
        "porteiro-boot": BOOT,
        "porteiro-pressed-at": "2026-11-21T12:00:00.123456+00:00",
        "porteiro-pressed-monotonic-ms": "1234567",
        "porteiro-agreeing-faces": "2",
    }


def test_point_8_a_burst_is_sent_as_further_files() -> None:
    photos = (PHOTO, PHOTO + b"2", PHOTO + b"3")
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url) as server:
        server.ask(press_now(), photos)

    assert hostile.requests[0].parts() == {
        "file": ("door.jpg", "image/jpeg", photos[0]),
        "file2": ("door2.jpg", "image/jpeg", photos[1]),
        "file3": ("door3.jpg", "image/jpeg", photos[2]),
    }


def test_point_8_what_is_sent_again_is_the_same_to_the_last_byte() -> None:
    sleep = Sleeps()
    with (
        HostileServer((always(503), Talk.hang_up, KNOWN)) as hostile,
        asking(hostile.url, sleep=sleep) as server,
    ):
        answer = server.ask(press_now(), (PHOTO,))

    first, second, third = (dataclasses.replace(request, connection=0) for request in hostile.requests)
    assert answer.result is PressResult.GRANTED
    assert first == second == third
    assert sleep == [0.3, 0.6]


# Whatever else happens.


def test_an_error_that_nobody_thought_of_is_a_fault_and_does_not_tell_the_token() -> None:
    press = press_now()
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url, token="front-door.a\nsecret") as server:
        answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.SERVER_ERROR)
    assert answer.detail == "InvalidHeader"
    assert hostile.requests == []


@pytest.mark.parametrize("url", ["", "porteiro.example", "http://", "http://[::1", "ftp://127.0.0.1"])
def test_an_address_that_is_none_is_a_fault(url: str) -> None:
    press = press_now()
    with asking(url) as server:
        answer = server.ask(press, (PHOTO,))

        assert plain(answer)[:2] == (press.id, PressResult.FAILED)
        assert not server.is_reachable()
        assert not server.report(VITALS)


# Health and heartbeat.

VITALS = StatusReport(
    version="0.1.0",
    boot=BOOT,
    uptime_s=61.5,
    state="ready",
    camera_ok=True,
    presses=7,
    ignored=2,
    last_press_at=NOW,
    temperature_c=48.3,
)


@pytest.mark.parametrize(
    ("status", "reachable"),
    [(200, True), (204, True), (301, False), (404, False), (503, False), (999, False)],
)
def test_the_server_is_reachable_if_it_says_that_it_is_well(status: int, *, reachable: bool) -> None:
    with HostileServer((always(status),)) as hostile, asking(hostile.url) as server:
        assert server.is_reachable() is reachable

    assert [(request.method, request.path) for request in hostile.requests] == [
        ("GET", "/porteiro/health/live")
    ]


def test_a_report_is_the_vitals_as_json_for_the_device_of_the_token() -> None:
    with HostileServer((always(204),)) as hostile, asking(hostile.url) as server:
        assert server.report(VITALS)

    [request] = hostile.requests
    assert (request.method, request.path) == ("PUT", "/porteiro/devices/front-door/heartbeat")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "version": "0.1.0",
        "boot": BOOT,
        "uptime_s": 61.5,
        "state": "ready",
        "camera_ok": True,
        "presses": 7,
        "ignored": 2,
        "queue": 0,
        "last_press_at": AT,
        "temperature_c": 48.3,
        "signal_dbm": None,
    }


@pytest.mark.parametrize("status", [200, 301, 401, 403, 404, 503])
def test_a_report_that_is_not_taken_is_not_heard(status: int) -> None:
    with HostileServer((always(status),)) as hostile, asking(hostile.url) as server:
        assert not server.report(VITALS)

    assert len(hostile.requests) == 1


@pytest.mark.parametrize("token", ["", "a-secret-without-a-name", "a-name-without-a-secret."])
def test_without_a_token_there_is_nobody_to_report(token: str) -> None:
    with HostileServer((always(204),)) as hostile, asking(hostile.url, token=token) as server:
        assert not server.report(VITALS)

    assert hostile.requests == []


@pytest.mark.parametrize("behaviour", [Talk.hang, Talk.hang_up, drip_continues, garbage])
def test_neither_look_nor_report_is_kept_by_a_hostile_server(behaviour: Behaviour) -> None:
    with HostileServer((behaviour,)) as hostile, asking(hostile.url, read_timeout_s=0.3) as server:
        began_s = time.monotonic()
        assert not server.is_reachable()
        assert not server.report(VITALS)
        took_s = time.monotonic() - began_s

    assert took_s < 2 * 0.3 + 0.5
    assert 2 <= len(hostile.requests) <= 4
