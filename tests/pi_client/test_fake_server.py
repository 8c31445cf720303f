"""The fake server, held to what the real one does; and its script."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from pi_client.fakes.server import KNOWN, UNKNOWN, UNREACHABLE, FakeServer, ReceivedPress, Scripted
from pi_client.faults import Fault
from pi_client.ports import RemoteServer
from pi_client.press import PressResult, StatusReport
from tests.pi_client import asking
from tests.pi_client.asking import PATIENT_S, PHOTO, plain, press_now
from tests.pi_client.hostile_server import HEARD, Behaviour, HostileServer, Talk, always

VITALS = StatusReport("0.1.0", "boot", 1.0, "ready", camera_ok=True)


@contextmanager
def real(behaviour: Behaviour, others: Behaviour) -> Iterator[RemoteServer]:
    """The real client of a server that answers presses one way, and health checks and reports another."""

    def behave(talk: Talk) -> None:
        (behaviour if talk.request.method == "POST" else others)(talk)

    with HostileServer((behave,)) as hostile, asking.asking(hostile.url) as server:
        yield server


def well_but_for_reports(talk: Talk) -> None:
    always(401 if talk.request.method == "PUT" else 200)(talk)


@contextmanager
def fake(line: Scripted, *, reachable: bool, registered: bool) -> Iterator[RemoteServer]:
    server = FakeServer(line)
    server.go(reachable=reachable, registered=registered)
    yield server


@dataclass(frozen=True)
class Case:
    """A server as it is, once real and once faked, and what is to be told of it."""

    real: Callable[[], AbstractContextManager[RemoteServer]]
    fake: Callable[[], AbstractContextManager[RemoteServer]]
    told: tuple[PressResult, Fault | None, str]
    reachable: bool = True
    heard: bool = True

    def opened(self, kind: str) -> AbstractContextManager[RemoteServer]:
        return (self.real if kind == "real" else self.fake)()


NO_TOKEN = Scripted(PressResult.FAILED, Fault.TOKEN, "status 401")
AWAY = Scripted(PressResult.FAILED, Fault.UNREACHABLE, "status 503")

CASES = {
    "known": Case(
        real=lambda: real(asking.KNOWN, others=HEARD),
        fake=lambda: fake(KNOWN, reachable=True, registered=True),
        told=(PressResult.GRANTED, None, "known"),
    ),
    "unknown": Case(
        real=lambda: real(asking.UNKNOWN, others=HEARD),
        fake=lambda: fake(UNKNOWN, reachable=True, registered=True),
        told=(PressResult.REFUSED, None, "unknown"),
    ),
    "a device that is not registered": Case(
        real=lambda: real(always(401), others=well_but_for_reports),
        fake=lambda: fake(NO_TOKEN, reachable=True, registered=False),
        told=(PressResult.FAILED, Fault.TOKEN, "status 401"),
        heard=False,
    ),
    "away": Case(
        real=lambda: real(always(503), others=always(503)),
        fake=lambda: fake(AWAY, reachable=False, registered=True),
        told=(PressResult.FAILED, Fault.UNREACHABLE, "status 503"),
        reachable=False,
        heard=False,
    ),
}


@pytest.mark.parametrize("kind", ["real", "fake"])
@pytest.mark.parametrize("name", CASES)
def test_the_fake_server_does_what_the_real_one_does(name: str, kind: str) -> None:
    case = CASES[name]
    result, fault, detail = case.told
    press = press_now()
    with case.opened(kind) as server:
        for _ in range(2):
            answer = server.ask(press, (PHOTO,))

            assert plain(answer) == (press.id, result, fault)
            assert answer.detail == detail
        assert server.is_reachable() is case.reachable
        assert (server.report(VITALS) is None) is case.heard


@pytest.mark.parametrize("kind", ["real", "fake"])
def test_each_thread_gets_the_answer_to_its_own_press(kind: str) -> None:
    presses = [press_now() for _ in range(8)]
    with CASES["known"].opened(kind) as server, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda press: server.ask(press, (PHOTO,)), presses))

    assert [plain(answer) for answer in answers] == [
        (press.id, PressResult.GRANTED, None) for press in presses
    ]


def test_without_a_script_it_opens_no_door() -> None:
    press = press_now()

    assert plain(FakeServer().ask(press, (PHOTO,))) == (press.id, PressResult.FAILED, Fault.UNREACHABLE)


def test_it_answers_line_by_line_and_by_its_last_line_from_then_on() -> None:
    server = FakeServer(UNREACHABLE, KNOWN, UNKNOWN)
    presses = [press_now() for _ in range(4)]

    answers = [server.ask(press, (PHOTO,)) for press in presses]

    refused = (PressResult.REFUSED, None)
    expected = [(PressResult.FAILED, Fault.UNREACHABLE), (PressResult.GRANTED, None), refused, refused]
    assert [(answer.result, answer.fault) for answer in answers] == expected
    assert server.asked == tuple(ReceivedPress(press, (PHOTO,)) for press in presses)
    server.follow(KNOWN)
    assert server.ask(press_now(), (PHOTO,)).result is PressResult.GRANTED


def test_an_answer_comes_when_the_test_lets_it() -> None:
    go = threading.Event()
    server = FakeServer(Scripted(PressResult.GRANTED, after=go), UNKNOWN)
    slow, quick = press_now(), press_now()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(server.ask, slow, (PHOTO,))
        assert server.wait_for_asked(1, PATIENT_S)
        assert server.ask(quick, (PHOTO,)).result is PressResult.REFUSED
        assert not asked.done()
        go.set()
        assert plain(asked.result(PATIENT_S)) == (slow.id, PressResult.GRANTED, None)


def test_it_can_answer_for_another_press_and_break_its_promise_not_to_raise() -> None:
    server = FakeServer(
        Scripted(PressResult.GRANTED, press="another"), Scripted(PressResult.FAILED, error=OSError())
    )

    assert server.ask(press_now(), (PHOTO,)).press == "another"
    with pytest.raises(OSError, match=r"^$"):
        server.ask(press_now(), (PHOTO,))


def test_it_keeps_what_it_is_told_while_it_is_there_and_knows_the_device() -> None:
    server = FakeServer()

    assert not server.wait_for_reports(1, 0.0)
    assert server.report(VITALS) is None
    server.go(reachable=False)
    assert server.report(VITALS) is Fault.UNREACHABLE
    assert server.wait_for_reports(1, 0.0)
    assert server.reports == (VITALS,)
