"""Turns at what keeps a worker from the door: one at a time, and after each a rest for as long as it took.

However often somebody asks, and however many requests queue, half of one worker's time stays for others.
"""

import fcntl
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from wsgi_app.base.errors import Busy, Unavailable, is_full

LONGEST_S = 3.0  # of a turn, and so of a rest: one that lasts longer is of a clock that was changed since


@dataclass(frozen=True)
class Turn:
    """Somebody's turn, until they give it back.

    Attributes:
        file: its lock is the turn, over all processes and threads; the time that it was changed, as files
            say, is when the rest after the last turn ends.
        now: the time of day, which unlike monotonic seconds is one for all processes and after a reboot.
        since: when the turn began.
    """

    file: BinaryIO
    now: Callable[[], datetime]
    since: datetime

    def give_back(self) -> None:
        """Begin the rest and let others ask; once given back, it stays so."""
        if self.file.closed:
            return
        now = self.now()
        rest_s = min((now - self.since).total_seconds(), LONGEST_S)
        rested = now.timestamp() + rest_s
        os.utime(self.file.fileno(), (rested, rested))
        self.file.close()


def take_turn(path: Path, now: Callable[[], datetime]) -> Turn:
    """The turn that goes with a file; the end of the process gives it back too.

    Raises:
        Busy: it is somebody else's, or rests.
        Unavailable: there can be no such file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")  # which leaves the file's time as it is
    except OSError as error:
        if is_full(error):
            raise
        raise Unavailable("unavailable:turns") from error
    since = now()
    wait_s = _wait_s(file, since)
    if wait_s:
        file.close()
        raise Busy("busy", wait_s=wait_s)
    return Turn(file, now, since)


def _wait_s(file: BinaryIO, now: datetime) -> int:
    """Lock the file and give 0, or the seconds after which somebody may have the turn."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return math.ceil(2 * LONGEST_S)  # the turn, and the rest after it
    rest_s = os.fstat(file.fileno()).st_mtime - now.timestamp()
    return math.ceil(rest_s) if 0 < rest_s <= LONGEST_S else 0
