"""A server that answers what it is told to, when it is told to; for tests and for doors without a network."""

import threading
from collections import deque
from dataclasses import dataclass

from pi_client.faults import Fault
from pi_client.press import ButtonPress, PressAnswer, PressResult, StatusReport

KEPT = 100  # of what was asked and reported: a door may run for months


@dataclass(frozen=True)
class Scripted:
    """What comes of one press.

    Attributes:
        result: of the answer.
        fault: where it failed.
        detail: for the log.
        after: the answer comes once this is set; ``None`` for at once.
        press: whose answer it is; ``""`` for that of the press itself.
        error: raised in place of an answer, as no server should.
    """

    result: PressResult
    fault: Fault | None = None
    detail: str = ""
    after: threading.Event | None = None
    press: str = ""
    error: Exception | None = None


KNOWN = Scripted(PressResult.GRANTED, detail="known")
UNKNOWN = Scripted(PressResult.REFUSED, detail="unknown")
UNREACHABLE = Scripted(PressResult.FAILED, Fault.UNREACHABLE, "nobody is there")


@dataclass(frozen=True)
class ReceivedPress:
    """What came with one press."""

    press: ButtonPress
    photos: tuple[bytes, ...]


class FakeServer:
    """Answers by a script, a line for each press and its last line for all that follow.

    Safe to use from any thread. Without a script it cannot be reached.
    """

    def __init__(self, *script: Scripted):
        self._script = deque(script or (UNREACHABLE,))
        self._changed = threading.Condition()
        self._reachable, self._registered = True, True
        self._asked: deque[ReceivedPress] = deque(maxlen=KEPT)
        self._reports: deque[StatusReport] = deque(maxlen=KEPT)

    @property
    def asked(self) -> tuple[ReceivedPress, ...]:
        """What came, the latest last."""
        with self._changed:
            return tuple(self._asked)

    @property
    def reports(self) -> tuple[StatusReport, ...]:
        """What the device told of itself, the latest last."""
        with self._changed:
            return tuple(self._reports)

    def follow(self, *script: Scripted) -> None:
        """Answer by another script from now on."""
        with self._changed:
            self._script = deque(script or (UNREACHABLE,))

    def go(self, *, reachable: bool = True, registered: bool = True) -> None:
        """Be there or not, and know the device or not, for health checks and reports."""
        with self._changed:
            self._reachable, self._registered = reachable, registered

    def wait_for_asked(self, count: int, timeout_s: float) -> bool:
        """Wait until so many presses have come; whether they did."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._asked) >= count, timeout_s)

    def wait_for_reports(self, count: int, timeout_s: float) -> bool:
        """Wait until so many reports have come; whether they did."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._reports) >= count, timeout_s)

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        """Who is it? As the script says."""
        with self._changed:
            self._asked.append(ReceivedPress(press, photos))
            self._changed.notify_all()
            line = self._script.popleft() if len(self._script) > 1 else self._script[0]
        if line.after is not None:
            line.after.wait()
        if line.error is not None:
            raise line.error
        return PressAnswer(line.press or press.id, line.result, line.fault, line.detail)

    def is_reachable(self) -> bool:
        """Whether it was told to be."""
        with self._changed:
            return self._reachable

    def report(self, report: StatusReport) -> Fault | None:
        """Take note, where it was told to be there, and to know the device."""
        with self._changed:
            if not self._reachable:
                return Fault.UNREACHABLE
            if not self._registered:
                return Fault.TOKEN
            self._reports.append(report)
            self._changed.notify_all()
            return None
