import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pi_client.config import load_config
from pi_client.fakes.server import KNOWN, FakeServer, Scripted
from pi_client.faults import Fault
from pi_client.inbox import ServerSeen
from pi_client.messenger import MARGIN_S, MOST_ASKING, Messenger
from pi_client.press import ButtonPress, PressAnswer, PressResult, StatusReport
from tests.pi_client.doors import WaitingInbox

SETTINGS = replace(load_config(None, {}).server, keepalive_s=0.001, heartbeat_s=0.0)
VITALS = StatusReport("0.1.0", "boot", 1.0, "ready", camera_ok=True)


def press(name: str) -> ButtonPress:
    return ButtonPress(name, 100.0, datetime(2026, 11, 21, tzinfo=UTC), 110.0)


@pytest.fixture
def server() -> FakeServer:
    return FakeServer(KNOWN)


@pytest.fixture
def inbox() -> WaitingInbox:
    return WaitingInbox()


@pytest.fixture
def messenger(server: FakeServer, inbox: WaitingInbox) -> Iterator[Messenger]:
    ticks = iter(range(1_000_000_000))
    messenger = Messenger(server, SETTINGS, inbox, lambda: float(next(ticks)), lambda: VITALS)
    yield messenger
    messenger.stop()


def test_what_is_asked_is_answered(messenger: Messenger, server: FakeServer, inbox: WaitingInbox) -> None:
    messenger.ask(press("press-1"), (b"one", b"two"))

    assert inbox.next() == PressAnswer("press-1", PressResult.GRANTED, None, "known")
    assert [(asked.press.id, asked.photos) for asked in server.asked] == [("press-1", (b"one", b"two"))]


def test_an_error_of_any_kind_is_no_answer_to_open_a_door_for(
    messenger: Messenger, server: FakeServer, inbox: WaitingInbox
) -> None:
    server.follow(Scripted(PressResult.GRANTED, error=RuntimeError("a secret")))
    messenger.ask(press("press-1"), ())

    assert inbox.next() == PressAnswer("press-1", PressResult.FAILED, Fault.SERVER_ERROR, "RuntimeError")


def test_point_10_what_the_network_does_not_let_go_is_left_behind_but_not_without_end(
    messenger: Messenger, server: FakeServer, inbox: WaitingInbox
) -> None:
    let_go = threading.Event()
    server.follow(Scripted(PressResult.GRANTED, after=let_go))
    for number in range(MOST_ASKING):
        messenger.ask(press(f"press-{number}"), ())
    messenger.ask(press("one more"), ())
    refused = inbox.next()
    let_go.set()
    late = {answer.press for _ in range(MOST_ASKING) if isinstance(answer := inbox.next(), PressAnswer)}

    assert refused == PressAnswer(
        "one more", PressResult.FAILED, Fault.UNREACHABLE, "3 earlier uploads still hang"
    )
    assert late == {"press-0", "press-1", "press-2"}


def test_point_17_a_look_that_does_not_come_back_is_noticed(
    server: FakeServer, inbox: WaitingInbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s, looking, let_go = [100.0], threading.Event(), threading.Event()

    def hang() -> bool:
        looking.set()
        return let_go.wait(10)

    monkeypatch.setattr(server, "is_reachable", hang)
    messenger = Messenger(server, SETTINGS, inbox, lambda: now_s[0], lambda: VITALS)
    messenger.start()
    assert looking.wait(10)
    before = messenger.hangs()
    now_s[0] += SETTINGS.connect_timeout_s + SETTINGS.read_timeout_s + MARGIN_S + 0.1
    late = messenger.hangs()
    let_go.set()
    seen = inbox.next()
    messenger.stop()

    assert (before, late, seen) == (False, True, ServerSeen(reachable=True))


def test_in_idle_times_the_server_is_looked_at_and_told_how_the_device_is(
    messenger: Messenger, server: FakeServer, inbox: WaitingInbox
) -> None:
    server.go(reachable=False)
    messenger.start()
    lost = inbox.next()
    server.go(reachable=True)
    while inbox.next() != ServerSeen(reachable=True):
        pass

    assert lost == ServerSeen(reachable=False)
    assert server.wait_for_reports(1, 10)
    assert server.reports[0] == VITALS
