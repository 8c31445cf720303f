"""uWSGI's master runs this file before its workers start: it keeps what is its own, and counts on.

What it takes of Porteiro's stays in no process: workers have it as it is when they are renewed.
"""

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from runpy import run_path
from typing import Any

BASE = Path(__file__).parent.parent / "base"


def taken(module: str, name: str) -> Any:
    """Something of a module below, which is not imported."""
    return run_path(str(BASE / f"{module}.py"))[name]


# The lock of uwsgi.ini, once more: where the master starts itself anew (SIGHUP) it closes what it had open.
# Never closed: with any file number of the lock's file, a process lets go the lock itself.
NUMBER = os.open("run/lock", os.O_RDWR | os.O_CLOEXEC)
fcntl.lockf(NUMBER, fcntl.LOCK_EX | fcntl.LOCK_NB)

taken("semaphores", "keep_own")(Path("run/semaphores"))

with suppress(FileNotFoundError):  # front/start.py has looked at what is in it
    counters = taken("counters", "UwsgiCounters")()
    for counted, count in json.loads(Path("run/counters.json").read_bytes())["counts"].items():
        counters.add(counted, count)
