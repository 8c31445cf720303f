"""What changes, and waking those who look: the latest log lines, and the scene."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pi_client.simulator.scene import Scene

KEPT_LINES = 200
LONGEST_LINE = 1000
LOOK_S = 0.01


@dataclass(frozen=True)
class LogLine:
    """One line of the log.

    Attributes:
        number: 1 for the first ever.
        clock: hours, minutes and seconds of the local time.
        level: such as ``warning``.
        text: in one line, without control characters.
    """

    number: int
    clock: str
    level: str
    text: str


class LogLines(logging.Handler):
    """Keeps the latest lines of the log, and wakes those who wait on ``changed``."""

    def __init__(self, level: int | str = logging.NOTSET, kept: int = KEPT_LINES):
        super().__init__(level)
        self.setFormatter(logging.Formatter("%(message)s"))
        self.changed = threading.Condition()
        self.last = 0
        self._lines: deque[LogLine] = deque(maxlen=kept)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; a traceback's lines are joined to it."""
        try:
            text = _harmless(self.format(record))
        except Exception:  # noqa: BLE001 - what a log call gets wrong is logging's own to report
            self.handleError(record)
            return
        clock = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        with self.changed:
            self.last += 1
            self._lines.append(LogLine(self.last, clock, record.levelname.lower(), text))
            self.changed.notify_all()

    def after(self, number: int) -> tuple[LogLine, ...]:
        """The lines after the one of this number, as far as they are kept."""
        with self.changed:
            return tuple(line for line in self._lines if line.number > number)


@dataclass(frozen=True)
class NewsCursor:
    """How far somebody has seen: the number of the scene, and of the last line."""

    scene: int = 0
    line: int = 0


@dataclass(frozen=True)
class News:
    """What somebody has not seen yet.

    Attributes:
        scene: now.
        lines: of the log, new ones.
        cursor: to be given the next time.
    """

    scene: Scene
    lines: tuple[LogLine, ...]
    cursor: NewsCursor


class Watch:
    """Looks at the device a hundred times a second, in a thread of its own, and tells what has changed."""

    def __init__(self, look: Callable[[], Scene], lines: LogLines, look_s: float = LOOK_S):
        self._look, self._lines, self._look_s = look, lines, look_s
        self._scene, self._number = look(), 1
        self._stopping = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self._ended

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look a last time and wake everybody, for good."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._see()
        with self._lines.changed:
            self._ended = True
            self._lines.changed.notify_all()

    def news(self, cursor: NewsCursor, timeout_s: float) -> News | None:
        """What has changed since; ``None`` where nothing did, for so long or until the end."""
        changed = self._lines.changed
        with changed:
            changed.wait_for(lambda: self._ended or self._cursor() != cursor, timeout_s)
            if self._cursor() == cursor:
                return None
            return News(self._scene, self._lines.after(cursor.line), self._cursor())

    def _cursor(self) -> NewsCursor:
        return NewsCursor(self._number, self._lines.last)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_s):
            self._see()

    def _see(self) -> None:
        scene = self._look()
        with self._lines.changed:
            if scene != self._scene:
                self._scene, self._number = scene, self._number + 1
                self._lines.changed.notify_all()


def _harmless(text: str) -> str:
    # The server's words are among it: they must not move a terminal's cursor.
    line = " | ".join(text.splitlines())[:LONGEST_LINE]
    return "".join(letter if letter.isprintable() else "?" for letter in line)
