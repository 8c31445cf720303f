"""What came of many requests: how many were answered, and how soon."""

import math
import statistics
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TypedDict

from wsgi_app.commands import counted
from wsgi_app.commands.folders import printable
from wsgi_app.commands.nose_server import ImageKind
from wsgi_app.commands.sending import SentImage


class KindSummary(TypedDict):
    """The requests of one kind; without an answer there are no times."""

    answered: int
    failed: int
    median_ms: float | None
    p95_ms: float | None


class SendingSummary(TypedDict):
    """All requests, as JSON; what is left out is counted by its ending."""

    requests: int
    failed: int
    seconds: float
    interrupted: bool
    kinds: dict[str, KindSummary]
    left_out: dict[str, int]
    unreadable_folders: list[str]


@dataclass
class KindTally:
    """The requests of one kind: the milliseconds of each answer, 8 bytes for each, and how many failed."""

    answers_ms: "array[float]" = field(default_factory=lambda: array("d"))
    failed: int = 0

    @property
    def summary(self) -> KindSummary:
        """The same in figures."""
        times = sorted(self.answers_ms)
        return KindSummary(
            answered=len(times),
            failed=self.failed,
            median_ms=round(statistics.median(times), 1) if times else None,
            p95_ms=round(times[math.ceil(0.95 * len(times)) - 1], 1) if times else None,
        )


class SendingTally:
    """Counts what comes of requests, by their kinds."""

    def __init__(self, kinds: tuple[ImageKind, ...]):
        self._kinds = {kind: KindTally() for kind in kinds}

    def add(self, sent: SentImage) -> None:
        """Count one."""
        tally = self._kinds[sent.kind]
        if sent.point is None:
            tally.failed += 1
        else:
            tally.answers_ms.append(sent.ms)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(tally.failed for tally in self._kinds.values())

    @property
    def requests(self) -> int:
        """How many there were."""
        return self.failed + sum(len(tally.answers_ms) for tally in self._kinds.values())

    def summary(
        self, seconds: float, left_out: Counter[str], unreadable: list[str], *, interrupted: bool
    ) -> SendingSummary:
        """All in figures.

        Args:
            seconds: that it took.
            left_out: how many files were no pictures, by their endings.
            unreadable: folders.
            interrupted: whether it was ended early.
        """
        return SendingSummary(
            requests=self.requests,
            failed=self.failed,
            seconds=round(seconds, 3),
            interrupted=interrupted,
            kinds={str(kind): tally.summary for kind, tally in self._kinds.items()},
            left_out=dict(left_out.most_common()),
            unreadable_folders=unreadable,
        )


def in_words(summary: SendingSummary) -> str:
    """A summary for people: a line for all, one for each kind, and one for what was left out."""
    lines = [
        f"{counted(summary['requests'], 'request')}, {summary['failed']} failed, {summary['seconds']:.1f} s"
    ]
    for name, kind in summary["kinds"].items():
        times = (
            "" if kind["median_ms"] is None else f", median {kind['median_ms']} ms, p95 {kind['p95_ms']} ms"
        )
        lines.append(f"{name}: {kind['answered']} answered, {kind['failed']} failed{times}")
    if summary["left_out"]:
        each = ", ".join(f"{count} {printable(ending)}" for ending, count in summary["left_out"].items())
        lines.append(f"left out, as no pictures by their names: {each}")
    return "\n".join(lines)
