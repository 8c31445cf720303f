"""Counters that are exact over all worker processes, kept in uWSGI's cache, and their in-process twin.

This module and ``workers.py`` alone import ``uwsgi``. uWSGI's master loads this file by itself: it imports
nothing of Porteiro's.
"""

import re
import threading
from typing import Protocol

CACHE = "counters"  # the cache2 of that name in uwsgi.ini
MOST_NAMES = 4095  # that fit into it

# Upper bounds of the latency histogram, seconds; the last bucket has none.
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
MICROSECONDS = 1_000_000

# What a name is made of: a kind, and its labels.
NAME = re.compile(r"[a-z_]{1,32}(\|[A-Za-z0-9._-]{1,44}){0,2}")
LABELS = {"requests": 2, "latency": 2, "latency_us": 1, "outcomes": 1, "presses_refused": 1, "images": 1}


def is_name(name: str) -> bool:
    """Whether something may be counted under a name: one of a known kind has just its labels."""
    kind, *labels = name.split("|")
    return NAME.fullmatch(name) is not None and len(labels) == LABELS.get(kind, len(labels))


class Counters(Protocol):
    """Whole numbers by name that only grow."""

    @property
    def shared(self) -> bool:
        """Whether all of the server's processes count together."""

    def add(self, name: str, amount: int = 1) -> None:
        """Count up."""

    def value(self, name: str) -> int:
        """One of them; 0 where it was never counted up."""

    def read(self) -> dict[str, int]:
        """Every counter that was ever counted up."""


class ProcessCounters:
    """Counters of one process: for a server without workers, and for tests."""

    shared = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, int] = {}

    def add(self, name: str, amount: int = 1) -> None:
        """Count up."""
        with self._lock:
            self._values[name] = self._values.get(name, 0) + amount

    def value(self, name: str) -> int:
        """One of them; 0 where it was never counted up."""
        with self._lock:
            return self._values.get(name, 0)

    def read(self) -> dict[str, int]:
        """Every counter that was ever counted up."""
        with self._lock:
            return dict(self._values)


class UwsgiCounters:
    """Counters in uWSGI's cache: shared by all workers, for as long as the master lives.

    Whoever dies in the midst of a count leaves the cache whole: nothing is ever removed from it, and what is
    added is chained in last. Where it is full, what is new is not counted.
    """

    shared = True

    def __init__(self, cache: str = CACHE):
        import uwsgi  # noqa: PLC0415  # exists only inside a uWSGI process

        self._uwsgi, self._cache = uwsgi, cache

    def add(self, name: str, amount: int = 1) -> None:
        """Count up."""
        self._uwsgi.cache_inc(name, amount, 0, self._cache)

    def value(self, name: str) -> int:
        """One of them; 0 where it was never counted up."""
        return int(self._uwsgi.cache_num(name, self._cache))

    def read(self) -> dict[str, int]:
        """Every counter that was ever counted up."""
        names = [key.decode() for key in self._uwsgi.cache_keys(self._cache)]
        return {name: self._uwsgi.cache_num(name, self._cache) for name in names}


def shared_counters() -> Counters:
    """The uWSGI cache's counters inside uWSGI, the in-process twin under any other server."""
    try:
        return UwsgiCounters()
    except ImportError:
        return ProcessCounters()


class Tally:
    """What Porteiro counts, under names made here alone and never of what a request brings."""

    def __init__(self, counters: Counters):
        self._counters = counters

    def request(self, endpoint: str, status: int, seconds: float) -> None:
        """Count a finished request: its endpoint's name in the route table, its status and its duration."""
        bucket = sum(seconds > bound for bound in LATENCY_BUCKETS_S)
        self._counters.add(f"requests|{endpoint}|{status}")
        self._counters.add(f"latency|{endpoint}|{bucket}")
        self._counters.add(f"latency_us|{endpoint}", round(seconds * MICROSECONDS))

    def outcome(self, outcome: str) -> None:
        """Count a verdict of the door."""
        self._counters.add(f"outcomes|{outcome}")

    def press_refused(self, code: str) -> None:
        """Count a press that is not judged: too old (``clock``), seen before (``replayed``), ``too_soon``."""
        self._counters.add(f"presses_refused|{code}")

    def image(self, form: str) -> None:
        """Count an image asked about, by the form in which it came: ``base64`` or ``binary``."""
        self._counters.add(f"images|{form}")

    def read(self) -> "Totals":
        """Everything counted so far, over all processes."""
        table: dict[str, dict[tuple[str, ...], int]] = {}
        for name, value in self._counters.read().items():
            kind, *labels = name.split("|")
            table.setdefault(kind, {})[tuple(labels)] = value
        return Totals(table)


class Totals:
    """A reading of the tally."""

    def __init__(self, table: dict[str, dict[tuple[str, ...], int]]):
        self._table = table

    @property
    def requests(self) -> dict[tuple[str, str], int]:
        """Requests by (endpoint, status)."""
        rows = sorted(self._table.get("requests", {}).items())
        return {(endpoint, status): count for (endpoint, status), count in rows}

    @property
    def outcomes(self) -> dict[str, int]:
        """Verdicts by outcome."""
        return {outcome: count for (outcome,), count in sorted(self._table.get("outcomes", {}).items())}

    @property
    def presses_refused(self) -> dict[str, int]:
        """Presses refused by code."""
        return {code: count for (code,), count in sorted(self._table.get("presses_refused", {}).items())}

    @property
    def images(self) -> dict[str, int]:
        """Images by form."""
        return {form: count for (form,), count in sorted(self._table.get("images", {}).items())}

    @property
    def latency(self) -> dict[str, tuple[list[int], float]]:
        """By endpoint: requests in each bucket (not cumulative, the last without bound) and seconds."""
        buckets = self._table.get("latency", {})
        return {
            endpoint: (
                [buckets.get((endpoint, str(i)), 0) for i in range(len(LATENCY_BUCKETS_S) + 1)],
                microseconds / MICROSECONDS,
            )
            for (endpoint,), microseconds in sorted(self._table.get("latency_us", {}).items())
        }
