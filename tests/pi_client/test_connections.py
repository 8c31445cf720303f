"""Connections are shared and replaced: acceptance point 13."""

import threading
from concurrent.futures import ThreadPoolExecutor

from pi_client.faults import Fault
from pi_client.press import PressResult, StatusReport
from tests.pi_client.asking import (
    KNOWN,
    PATIENT_S,
    PHOTO,
    UNKNOWN,
    asking,
    plain,
    press_now,
)
from tests.pi_client.hostile_server import HEARD, HostileServer, Talk, always

# 13: connections.

VITALS = StatusReport("0.1.0", "boot", 1.0, "ready", camera_ok=True)


def test_point_13_presses_and_health_checks_of_several_threads_share_one_connection() -> None:
    with (
        HostileServer((KNOWN, always(200), UNKNOWN)) as hostile,
        asking(hostile.url) as server,
        ThreadPoolExecutor(1) as one,
        ThreadPoolExecutor(1) as other,
    ):
        first = one.submit(server.ask, press_now(), (PHOTO,)).result(PATIENT_S)
        well = other.submit(server.is_reachable).result(PATIENT_S)
        second = other.submit(server.ask, press_now(), (PHOTO,)).result(PATIENT_S)

    assert (first.result, well, second.result) == (PressResult.GRANTED, True, PressResult.REFUSED)
    assert (len(hostile.requests), hostile.connections) == (3, 1)


def test_point_13_the_server_may_start_anew_between_two_presses() -> None:
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url) as server:
        first = server.ask(press_now(), (PHOTO,))
        hostile.__exit__(None, None, None)
        between = server.ask(press_now(), (PHOTO,))
        with HostileServer((KNOWN,), port=hostile.port):
            second = server.ask(press_now(), (PHOTO,))
        hostile.__enter__()

    assert (first.result, second.result) == (PressResult.GRANTED, PressResult.GRANTED)
    assert between.fault is Fault.UNREACHABLE


def test_point_13_a_kept_connection_that_the_server_drops_at_the_next_request_is_replaced() -> None:
    with HostileServer((KNOWN, Talk.hang_up, KNOWN)) as hostile, asking(hostile.url) as server:
        answers = [server.ask(press_now(), (PHOTO,)) for _ in range(2)]

    assert [answer.result for answer in answers] == [PressResult.GRANTED] * 2
    assert [request.connection for request in hostile.requests] == [1, 1, 2]


def test_point_13_a_look_and_a_report_outlive_a_connection_that_is_dropped_at_them() -> None:
    behaviours = (always(200), Talk.hang_up, always(200), Talk.hang_up, HEARD)
    with HostileServer(behaviours) as hostile, asking(hostile.url) as server:
        seen = (server.is_reachable(), server.is_reachable(), server.report(VITALS) is None)

    assert seen == (True, True, True)
    assert [request.connection for request in hostile.requests] == [1, 1, 2, 2, 3]


def test_point_13_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_press() -> None:
    def twice(talk: Talk) -> None:
        talk.send(KNOWN.response_to(talk.request) * 2)

    with HostileServer((twice, UNKNOWN)) as hostile, asking(hostile.url, token="") as server:
        first = server.ask(press_now(), (PHOTO,))
        second = server.ask(press_now(), (PHOTO,))

    assert (first.result, second.result) == (PressResult.GRANTED, PressResult.REFUSED)


def test_point_13_several_threads_ask_at_once_and_each_gets_its_own_answer() -> None:
    together = threading.Barrier(4)

    def behave(talk: Talk) -> None:
        together.wait(PATIENT_S)
        KNOWN(talk)

    presses = [press_now() for _ in range(4)]
    with HostileServer((behave,)) as hostile, asking(hostile.url) as server, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda press: server.ask(press, (PHOTO,)), presses))

    assert [plain(answer) for answer in answers] == [
        (press.id, PressResult.GRANTED, None) for press in presses
    ]
    assert len(hostile.requests) == 4
