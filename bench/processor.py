"""How much of the processor other programs took meanwhile: their share shifts a ratio.

A server with more threads than the bare pipeline gets more of a busy processor than of a free one.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

PROC = Path("/proc")
IDLE = slice(3, 5)  # of the columns of /proc/stat: idle, and waiting for the disk
COUNTED = 8  # columns of /proc/stat that add up to all time; the rest is counted twice
PARENT, USED = 1, slice(11, 13)  # of /proc/PID/stat behind the name, see proc(5)


def watch_others() -> Callable[[], float]:
    """Begin to watch; gives a function that says which share of all cores' time others used since.

    Without a Linux ``/proc`` that is 0.
    """
    if not (PROC / "stat").is_file():
        return lambda: 0.0
    all_before, busy_before = _machine()
    own_before = _own()

    def share() -> float:
        every, busy = _machine()
        others = (busy - busy_before) - (_own() - own_before)
        return max(0.0, others / max(1, every - all_before))

    return share


def _machine() -> tuple[int, int]:
    columns = [int(text) for text in (PROC / "stat").read_text().split("\n")[0].split()[1:]]
    every = sum(columns[:COUNTED])
    return every, every - sum(columns[IDLE])


def _own() -> int:
    """Clock ticks used by this process, all that descend from it, and those of them that have ended."""
    parents, used = {}, {}
    for process, columns in _processes():
        parents[process] = int(columns[PARENT])
        used[process] = sum(int(ticks) for ticks in columns[USED])
    ours = found = {os.getpid()}
    while found:
        found = {process for process, parent in parents.items() if parent in ours} - ours
        ours = ours | found
    ended_s = sum(os.times()[2:4])
    return sum(used[process] for process in ours) + round(ended_s * os.sysconf("SC_CLK_TCK"))


def _processes() -> Iterator[tuple[int, list[str]]]:
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except OSError:  # it has just ended
                continue
            yield int(folder.name), text.rpartition(")")[2].split()
