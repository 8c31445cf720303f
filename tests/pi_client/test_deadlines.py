"""Whatever a server does, asking it ends at the deadline: acceptance point 10."""

import contextlib
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pi_client.faults import Fault
from pi_client.press import PressResult
from tests.pi_client.asking import (
    KNOWN,
    PATIENT_S,
    PHOTO,
    Sleeps,
    asking,
    plain,
    press_now,
)
from tests.pi_client.hostile_server import Behaviour, HostileServer, Talk, drip_continues

# 10: the deadline.


def drip_body(talk: Talk) -> None:
    answer = KNOWN.response_to(talk.request)
    head = answer.index(b"\r\n\r\n") + 4
    talk.send(answer[:head])
    talk.drip(answer[head:], 0.4)


def drip_all(talk: Talk) -> None:
    talk.drip(KNOWN.response_to(talk.request), 0.4)


def drip_chunks(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.drip(b"1\r\n \r\n" * 1000, 0.1)


@pytest.mark.parametrize("drip", [drip_body, drip_all, drip_chunks, drip_continues, Talk.hang])
def test_point_10_whoever_drips_is_waited_for_until_the_deadline_and_no_longer(drip: Behaviour) -> None:
    with HostileServer((drip,)) as hostile, asking(hostile.url, read_timeout_s=0.5) as server:
        press = press_now(within_s=0.45 if drip is Talk.hang else 1.0)
        answer = server.ask(press, (PHOTO,))
        ended_s = time.monotonic()

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.TOO_LATE)
    assert ended_s == pytest.approx(press.deadline_s, abs=0.3)
    assert answer.server_ms == pytest.approx(1000 * (press.deadline_s - press.at_s), abs=300)
    assert len(hostile.requests) == 1


def test_point_10_a_server_that_does_not_take_the_photo_is_waited_for_until_the_deadline() -> None:
    # the kernel accepts, and nobody ever reads
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        asking(f"http://127.0.0.1:{deaf.getsockname()[1]}") as server,
    ):
        press = press_now(within_s=0.5)
        answer = server.ask(press, (bytes(8_000_000),))
        ended_s = time.monotonic()

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.TOO_LATE)
    assert answer.detail == "the photo could not be sent in time"
    assert ended_s == pytest.approx(press.deadline_s, abs=0.3)


def test_point_10_a_handshake_that_hangs_ends_at_the_deadline() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        asking(f"https://127.0.0.1:{deaf.getsockname()[1]}") as server,
    ):
        press = press_now(within_s=0.5)
        answer = server.ask(press, (PHOTO,))
        ended_s = time.monotonic()

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.UNREACHABLE)
    assert ended_s == pytest.approx(press.deadline_s, abs=0.3)


def test_point_10_a_name_whose_look_up_hangs_keeps_the_asking_thread_and_nothing_is_sent_once_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looking_up, found = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def hanging(*arguments: Any, **options: Any) -> Any:
        looking_up.set()
        found.wait()
        return look_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    with HostileServer((KNOWN,)) as hostile, asking(hostile.url) as server, ThreadPoolExecutor() as threads:
        press = press_now(within_s=0.05)
        asked = threads.submit(server.ask, press, (PHOTO,))
        assert looking_up.wait(PATIENT_S)
        with pytest.raises(TimeoutError):
            asked.result(press.deadline_s - time.monotonic() + 0.05)
        found.set()
        answer = asked.result(PATIENT_S)

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.TOO_LATE)
    assert hostile.requests == []


def test_a_host_that_does_not_answer_the_knock_is_unreachable_and_asked_again() -> None:
    sleep = Sleeps()
    # Of a listener whose queue is full, Linux drops further knocks.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as queue:
        for _ in range(2):
            knock = queue.enter_context(socket.socket())
            knock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                knock.connect(full.getsockname())
        address = f"http://127.0.0.1:{full.getsockname()[1]}"
        with asking(address, connect_timeout_s=0.05, sleep=sleep) as server:
            press = press_now()
            answer = server.ask(press, (PHOTO,))

    assert plain(answer) == (press.id, PressResult.FAILED, Fault.UNREACHABLE)
    assert answer.detail == "TimeoutError: timed out"
    assert sleep == [0.3, 0.6]
