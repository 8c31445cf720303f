"""A program of its own: ten thousand presses of one door, and what it holds; what it prints is JSON.

Each tenth press goes over HTTP, to a server in another process that answers, refuses, or fails half-way.
"""

import gc
import json
import logging
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from pi_client.assembly import Outside, assemble
from pi_client.door import Door
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.fakes.server import KNOWN, UNKNOWN, UNREACHABLE, FakeServer
from pi_client.faults import Fault
from pi_client.machine import State
from pi_client.notify import Notifier
from pi_client.ports import RemoteServer
from pi_client.press import ButtonPress, Clock, PressAnswer, StatusReport
from pi_client.uploader import HttpServer
from tests.pi_client.asking import BOOT, PATIENT_S, TOKEN
from tests.pi_client.doors import TURN_S, configured
from tests.pi_client.hostile_server import HostileServer, Porteiro, Talk, response

PHOTOS = Path(__file__).parents[1] / "photos"
PRESSES, WARM = 10_000, 1_000
ANSWERS = (KNOWN, UNKNOWN, UNREACHABLE)
OVER_HTTP = 10  # each press whose number this divides
ENDS = (State.GRANTED, State.REFUSED, State.FAILED)
UNDER_WAY = (State.CAPTURING, State.UPLOADING, *ENDS)
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Use:
    """What the process holds."""

    threads: int
    descriptors: int
    memory_bytes: int


def use_now() -> Use:
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    return Use(threading.active_count(), len(list(Path("/proc/self/fd").iterdir())), resident)


def _signed(talk: Talk, outcome: str) -> bytes:
    # By the time of the door, whose clock is not this machine's.
    return Porteiro(outcome, talk.request.headers["porteiro-pressed-at"], TOKEN).response_to(talk.request)


def _hang_up(talk: Talk) -> None:
    talk.hang_up()


def _have_trouble(talk: Talk) -> None:
    talk.send(response(503, b"busy"))


def _break_off(talk: Talk) -> None:
    answer = _signed(talk, "known")
    talk.send(answer[: len(answer) - 20])
    talk.hang_up()


def _refuse(talk: Talk) -> None:
    talk.send(_signed(talk, "unknown"))


def _grant(talk: Talk) -> None:
    talk.send(_signed(talk, "known"))


BEHAVIOURS = (_hang_up, _have_trouble, _break_off, _refuse, _grant)  # in turn, press by press


def _behave(talk: Talk) -> None:
    """Behave in the same way to a press that is sent again."""
    number = int(talk.request.headers["idempotency-key"].removeprefix("press-"))
    BEHAVIOURS[number // OVER_HTTP % len(BEHAVIOURS)](talk)


def _serve(pipe: Connection) -> None:
    with HostileServer((_behave,)) as server:
        pipe.send(server.url)
        pipe.recv()
        pipe.send(len(server.requests))


@contextmanager
def served() -> Iterator[tuple[str, Connection]]:
    """A server in a process of its own: its address, and a pipe that ends it and tells of its requests."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    process.start()
    there.close()
    try:
        yield here.recv(), here
    finally:
        here.close()  # which ends it too
        process.join(PATIENT_S)


class SomeOverHttp:
    """A server that sends each tenth press over HTTP, and answers the others itself."""

    def __init__(self, fake: FakeServer, real: RemoteServer):
        self._fake, self._real = fake, real
        self.over_http: Counter[str] = Counter()

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        number = int(press.id.removeprefix("press-"))
        if number % OVER_HTTP:
            return self._fake.ask(press, photos)
        answer = self._real.ask(press, photos)
        self.over_http[(answer.fault or answer.result).value] += 1
        return answer

    def is_reachable(self) -> bool:
        return self._fake.is_reachable()

    def report(self, report: StatusReport) -> Fault | None:
        return self._fake.report(report)


class Visitors:
    """Press a real door with all its threads, in a time of their own that only waiting takes."""

    def __init__(self, fake: FakeServer, url: str):
        self.now_s = 1000.0
        self.pins = FakePins(lambda: self.now_s)
        clock = Clock(lambda: self.now_s, lambda: datetime.fromtimestamp(self.now_s, UTC))
        config = configured(url=url)
        self.http = HttpServer(config.server, TOKEN, BOOT, clock, sleep=lambda _: None)
        self.server = SomeOverHttp(fake, self.http)
        numbers = count(1)
        outside = Outside(
            pins=self.pins,
            camera=FakeCamera(PHOTOS, clock.monotonic),
            server=self.server,
            notifier=Notifier({}),
            clock=clock,
            new_id=lambda: f"press-{next(numbers)}",
            boot="boot",
        )
        self.door: Door = assemble(config, outside)

    def turn_until(self, *states: State, step_s: float = TURN_S) -> None:
        """Let time go by until the door is in one of these states."""
        end_s = self.now_s + 60
        while self.door.state not in states:
            assert self.now_s < end_s, self.door.state
            self.now_s += step_s
            self.door.turn()
            time.sleep(0)  # lets the other threads run

    def come(self) -> State:
        """One visitor; gives what they saw."""
        for _ in range(10):  # the button is up for long enough
            self.now_s += TURN_S
            self.door.turn()
        self.pins.press()
        # Where the threads are quick, one turn sees the press, the photo and the answer.
        self.turn_until(*UNDER_WAY)
        self.pins.release()
        # The camera and the server are threads: they are given turns, and next to no time goes by.
        self.turn_until(*ENDS, step_s=1e-6)
        seen = self.door.state
        self.turn_until(State.READY, step_s=1.0)
        return seen


def use_at_rest() -> Use:
    """What is held once the last upload has ended."""
    for thread in threading.enumerate():
        if thread.name == "upload":
            thread.join(PATIENT_S)
    return use_now()


def press_all(fake: FakeServer, url: str) -> dict[str, object]:
    """Press; gives what was seen and held, after the first thousand and at the end."""
    visitors = Visitors(fake, url)
    with closing(visitors.http):
        visitors.door.start()
        visitors.turn_until(State.READY)
        seen: Counter[str] = Counter()
        for number in range(PRESSES):
            if number == WARM:
                before = use_at_rest()
            fake.follow(ANSWERS[number % len(ANSWERS)])
            seen[visitors.come().value] += 1
        after = use_at_rest()
        visitors.door.stop()
    return {
        "seen": seen,
        "over_http": visitors.server.over_http,
        "before": asdict(before),
        "after": asdict(after),
    }


def main() -> None:
    """Press, and print what came of it."""
    logging.disable(logging.CRITICAL)
    with served() as (url, pipe):
        told = press_all(FakeServer(), url)
        pipe.send("end")
        told["requests"] = pipe.recv()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
