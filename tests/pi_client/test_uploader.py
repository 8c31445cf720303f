import dataclasses
import threading
import time
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest

from pi_client import __version__
from pi_client.evidence import SIGNED_HEADERS, request_signature, signing_key
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
    HEARD,
    Behaviour,
    HostileServer,
    Porteiro,
    Talk,
    always,
    drip_continues,
    garbage,
    heard,
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
        "porteiro-evidence": "2",
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
        assert server.report(VITALS) is Fault.UNREACHABLE


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
    assert "authorization" not in hostile.requests[0].headers  # who asks is nobody's business there


def test_a_report_is_the_vitals_as_json_for_the_device_of_the_token() -> None:
    with HostileServer((HEARD,)) as hostile, asking(hostile.url) as server:
        assert server.report(VITALS) is None

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
        "evidence": 2,
    }


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, Fault.WRONG_SERVER),
        (301, Fault.WRONG_SERVER),
        (401, Fault.TOKEN),
        (403, Fault.TOKEN),
        (404, Fault.SERVER_ERROR),
        (503, Fault.UNREACHABLE),
    ],
)
def test_a_report_that_is_not_taken_is_not_heard(status: int, fault: Fault) -> None:
    with HostileServer((heard(status),)) as hostile, asking(hostile.url) as server:
        assert server.report(VITALS) is fault

    assert len(hostile.requests) == 1


@pytest.mark.parametrize("token", ["", "a-secret-without-a-name", "a-name-without-a-secret."])
def test_without_a_token_there_is_nobody_to_report(token: str) -> None:
    with HostileServer((always(204),)) as hostile, asking(hostile.url, token=token) as server:
        assert server.report(VITALS) is Fault.TOKEN

    assert hostile.requests == []


@pytest.mark.parametrize("behaviour", [Talk.hang, Talk.hang_up, drip_continues, garbage])
def test_neither_look_nor_report_is_kept_by_a_hostile_server(behaviour: Behaviour) -> None:
    with HostileServer((behaviour,)) as hostile, asking(hostile.url, read_timeout_s=0.3) as server:
        began_s = time.monotonic()
        assert not server.is_reachable()
        assert server.report(VITALS) is Fault.UNREACHABLE
        took_s = time.monotonic() - began_s

    assert took_s < 2 * 0.3 + 0.5
    assert 2 <= len(hostile.requests) <= 4


# Where others can read along.


def in_the_open(hostile: HostileServer) -> str:
    """The address of a server on this machine, written so that the device does not take it for that."""
    return hostile.url.replace("127.0.0.1", "127.1")


def test_the_token_never_goes_over_plain_http_to_another_machine() -> None:
    press = press_now()
    with HostileServer((KNOWN, HEARD, always(200))) as hostile, asking(in_the_open(hostile)) as server:
        assert server.ask(press, (PHOTO,)).result is PressResult.GRANTED
        assert server.report(VITALS) is None
        assert server.is_reachable()

    sent = [f"{request.headers} {request.body!r}" for request in hostile.requests]
    assert not [text for text in sent if "a-secret" in text or "Bearer" in text]
    proofs = [request.headers.get("authorization", "") for request in hostile.requests]
    signed = 'Porteiro device="front-door",'
    assert [proof.partition(" at=")[0] for proof in proofs] == [signed, signed, ""]


@pytest.mark.parametrize("path", ["/", "/devices/front-door/heartbeat"])
def test_what_is_signed_is_the_request_as_the_server_gets_it(path: str) -> None:
    with HostileServer((KNOWN if path == "/" else HEARD,)) as hostile, asking(in_the_open(hostile)) as server:
        server.ask(press_now(), (PHOTO,)) if path == "/" else server.report(VITALS)

    [request] = hostile.requests
    stated = {name: request.headers.get(name.lower(), "") for name in SIGNED_HEADERS}
    stated |= {"method": request.method, "target": path, "device": "front-door", "at": AT}
    digest = f"sha-256=:{b64encode(sha256(request.body).digest()).decode()}:"
    signature = request_signature(signing_key(TOKEN), stated)
    assert request.path == f"/porteiro{path}"
    assert stated["Content-Digest"] == digest
    assert request.headers["authorization"] == (
        f'Porteiro device="front-door", at="{AT}", signature="{signature}"'
    )


def test_a_press_that_is_sent_again_is_the_same_and_a_heartbeat_is_signed_anew() -> None:
    times = iter(NOW + timedelta(seconds=number) for number in range(10))
    clock = Clock(time.monotonic, lambda: next(times))
    script = (always(503), KNOWN, Talk.hang_up, HEARD)
    with HostileServer(script) as hostile, asking(in_the_open(hostile), clock=clock) as server:
        server.ask(press_now(), (PHOTO,))
        server.report(VITALS)

    first, second, lost, heard_again = (request.headers["authorization"] for request in hostile.requests)
    assert first == second
    assert lost != heard_again
