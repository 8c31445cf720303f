"""A program of its own: ten thousand presses of one door, and what it holds; what it prints is JSON."""

import gc
import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from pi_client.assembly import Outside, assemble
from pi_client.door import Door
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.fakes.server import KNOWN, UNKNOWN, UNREACHABLE, FakeServer
from pi_client.machine import State
from pi_client.notify import Notifier
from pi_client.press import Clock
from tests.pi_client.doors import TURN_S, configured

PHOTOS = Path(__file__).parents[1] / "photos"
PRESSES, WARM = 10_000, 1_000
ANSWERS = (KNOWN, UNKNOWN, UNREACHABLE)
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


class Visitors:
    """Press a real door with all its threads, in a time of their own that only waiting takes."""

    def __init__(self, server: FakeServer):
        self.now_s = 1000.0
        self.pins = FakePins(lambda: self.now_s)
        clock = Clock(lambda: self.now_s, lambda: datetime.fromtimestamp(self.now_s, UTC))
        numbers = count(1)
        outside = Outside(
            pins=self.pins,
            camera=FakeCamera(PHOTOS, clock.monotonic),
            server=server,
            notifier=Notifier({}),
            clock=clock,
            new_id=lambda: f"press-{next(numbers)}",
            boot="boot",
        )
        self.door: Door = assemble(configured(), outside)

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
        self.turn_until(State.CAPTURING)
        self.pins.release()
        # The camera and the server are threads: they are given turns, and next to no time goes by.
        self.turn_until(State.GRANTED, State.REFUSED, State.FAILED, step_s=1e-6)
        seen = self.door.state
        self.turn_until(State.READY, step_s=1.0)
        return seen


def main() -> None:
    """Press, and print what was seen and held, after the first thousand and at the end."""
    logging.disable(logging.CRITICAL)
    server = FakeServer()
    visitors = Visitors(server)
    visitors.door.start()
    visitors.turn_until(State.READY)
    seen: Counter[str] = Counter()
    for number in range(PRESSES):
        if number == WARM:
            before = use_now()
        server.follow(ANSWERS[number % len(ANSWERS)])
        seen[visitors.come().value] += 1
    after = use_now()
    visitors.door.stop()
    sys.stdout.write(json.dumps({"seen": seen, "before": asdict(before), "after": asdict(after)}))


if __name__ == "__main__":
    main()
