"""What counters promise, held against the in-process ones and uWSGI's cache over several processes."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wsgi_app.base.counters import LATENCY_BUCKETS_S, MOST_NAMES, ProcessCounters, Tally, is_name
from wsgi_app.base.errors import RequestError
from wsgi_app.base.outcomes import Outcome
from wsgi_app.lab.endpoints import increase
from wsgi_app.lab.routes import ROUTES as LAB_ROUTES
from wsgi_app.routes import ROUTES
from wsgi_app.web.routing import UNROUTED

SHIPPED_INI = Path(__file__).parents[2] / "uwsgi.ini"
UWSGI = Path(sys.executable).with_name("uwsgi")
PROCESSES, THREADS = 4, 2
PATIENCE_S = 60

INI = """[uwsgi]
strict = true
home = {home}
http-socket = fd://{listener}
wsgi-file = {folder}/counting.py
{cache}
master = true
processes = {processes}
threads = {threads}
enable-threads = true
need-app = true
lazy-apps = true
die-on-term = true
disable-logging = true
"""

APPLICATION = """
import json
import os
from urllib.parse import parse_qs

import uwsgi

from wsgi_app.base.counters import UwsgiCounters, shared_counters

counters = shared_counters()
assert isinstance(counters, UwsgiCounters)


def application(environ, start_response):
    asked = parse_qs(environ["QUERY_STRING"])
    if environ["PATH_INFO"] == "/add":
        for _ in range(int(asked["times"][0])):
            counters.add(asked["name"][0], int(asked["amount"][0]))
    if environ["PATH_INFO"] == "/clear":
        uwsgi.cache_clear("counters")
    answer = {"process": os.getpid(), "counted": counters.read(), "shared": counters.shared}
    if environ["PATH_INFO"] == "/value":
        answer["value"] = counters.value(asked["name"][0])
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
"""


class Counting(Protocol):
    """Counters of either kind, seen from outside."""

    processes: int

    def add(self, name: str, amount: int, times: int = 1) -> int:
        """Count up so many times; gives the id of the process that did it."""

    def value(self, name: str) -> int:
        """One counter."""

    def read(self) -> dict[str, int]:
        """Every counter."""

    def shared(self) -> bool:
        """Whether they say that all processes share them."""

    def clear(self) -> None:
        """Start anew."""


class InProcess:
    """The in-process counters, called here."""

    processes = 1

    def __init__(self) -> None:
        self.clear()

    def add(self, name: str, amount: int, times: int = 1) -> int:
        for _ in range(times):
            self._counters.add(name, amount)
        return 0

    def value(self, name: str) -> int:
        return self._counters.value(name)

    def read(self) -> dict[str, int]:
        return self._counters.read()

    def shared(self) -> bool:
        return self._counters.shared

    def clear(self) -> None:
        self._counters = ProcessCounters()


class InUwsgi:
    """The counters of a running uWSGI, called over HTTP: any of its processes answers."""

    processes = PROCESSES

    def __init__(self, port: int) -> None:
        self._port = port

    def add(self, name: str, amount: int, times: int = 1) -> int:
        return int(self._ask("/add", name=name, amount=amount, times=times)["process"])

    def value(self, name: str) -> int:
        return int(self._ask("/value", name=name)["value"])

    def read(self) -> dict[str, int]:
        counted: dict[str, int] = self._ask("/read")["counted"]
        return counted

    def shared(self) -> bool:
        return bool(self._ask("/read")["shared"])

    def clear(self) -> None:
        self._ask("/clear")

    def _ask(self, path: str, **asked: str | int) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        try:
            connection.request("GET", f"{path}?{urlencode(asked)}")
            response = connection.getresponse()
            assert response.status == 200
            return json.loads(response.read())
        finally:
            connection.close()


def shipped_cache() -> str:
    """The counters' cache, and what its lock is, as uwsgi.ini has them."""
    lines = re.findall(r"(?m)^(?:lock-engine|cache2) = .*$", SHIPPED_INI.read_text())
    assert len(lines) == 2
    return "\n".join(lines)


@pytest.fixture(scope="module")
def running_uwsgi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InUwsgi]:
    if not UWSGI.is_file():
        pytest.skip(f"uWSGI is not installed beside {Path(sys.executable).name}")
    folder = tmp_path_factory.mktemp("counting")
    (folder / "counting.py").write_text(APPLICATION)
    # Already listening when uWSGI starts: whoever asks early waits in the queue, so nothing has to be polled.
    with (
        socket.create_server(("127.0.0.1", 0), backlog=64) as listener,
        (folder / "output").open("w") as output,
    ):
        port = int(listener.getsockname()[1])
        (folder / "uwsgi.ini").write_text(
            INI.format(
                home=sys.prefix,
                listener=listener.fileno(),
                folder=folder,
                cache=shipped_cache(),
                processes=PROCESSES,
                threads=THREADS,
            )
        )
        process = subprocess.Popen(
            [UWSGI, "--ini", folder / "uwsgi.ini"],
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield InUwsgi(port)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


@pytest.fixture(params=["in process", "in uWSGI"])
def counters(request: pytest.FixtureRequest) -> Counting:
    counting: Counting = (
        InProcess() if request.param == "in process" else request.getfixturevalue("running_uwsgi")
    )
    counting.clear()
    return counting


def test_nothing_is_there_before_the_first_count(counters: Counting) -> None:
    assert counters.read() == {}


def test_a_counter_begins_at_its_first_amount_and_grows_by_the_next(counters: Counting) -> None:
    counters.add("visits", 1)
    assert counters.read() == {"visits": 1}
    counters.add("visits", 41)
    assert counters.read() == {"visits": 42}


def test_one_counter_is_read_alone_and_is_nothing_before_its_first_count(counters: Counting) -> None:
    counters.add("increase", 2)
    counters.add("increase", 2**40)
    counters.add("increases", 1)
    assert [counters.value(name) for name in ("increase", "increases", "never")] == [2**40 + 2, 1, 0]
    assert counters.read() == {"increase": 2**40 + 2, "increases": 1}


def test_counters_say_whether_several_processes_share_them(counters: Counting) -> None:
    assert counters.shared() == (counters.processes > 1)


def test_counters_of_different_names_do_not_meet(counters: Counting) -> None:
    counters.add("requests|door.answer|200", 1)
    counters.add("requests|door.answer|404", 2)
    counters.add("requests|door.answer|20", 3)
    assert counters.read() == {
        "requests|door.answer|200": 1,
        "requests|door.answer|404": 2,
        "requests|door.answer|20": 3,
    }


def test_an_amount_of_nothing_counts_as_counted(counters: Counting) -> None:
    counters.add("latency_us|health.live", 0)
    assert counters.read() == {"latency_us|health.live": 0}
    counters.add("latency_us|health.live", 5)
    counters.add("latency_us|health.live", 0)
    assert counters.read() == {"latency_us|health.live": 5}


@pytest.mark.parametrize("edge", [2**31, 2**32, 2**53, 2**62])
def test_a_counter_passes_the_edges_of_smaller_numbers(counters: Counting, edge: int) -> None:
    counters.add("latency_us|door.answer", edge - 1)
    counters.add("latency_us|door.answer", 2)
    assert counters.read() == {"latency_us|door.answer": edge + 1}


def test_a_long_name_is_kept_whole(counters: Counting) -> None:
    names = [f"requests|{'e' * 90}.{last}|200" for last in "ab"]
    for name in names:
        counters.add(name, 1)
    assert counters.read() == dict.fromkeys(names, 1)


@pytest.fixture
def _hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_hasty_threads")
def test_no_count_is_lost_when_many_count_at_once(counters: Counting) -> None:
    callers, calls, times = 8, 10, 2000
    begin = threading.Barrier(callers)

    def count(caller: int) -> set[int]:
        begin.wait(PATIENCE_S)
        return {
            process
            for _ in range(calls)
            for process in (counters.add("all", 1, times), counters.add(f"caller {caller % 2}", 3, times))
        }

    with ThreadPoolExecutor(callers) as pool:
        processes = set.union(*pool.map(count, range(callers)))
    total = callers * calls * times
    assert counters.read() == {"all": total, "caller 0": total // 2 * 3, "caller 1": total // 2 * 3}
    assert min(2, counters.processes) <= len(processes) <= counters.processes


def test_in_a_full_cache_what_is_known_is_counted_on_and_what_is_new_is_not(running_uwsgi: InUwsgi) -> None:
    running_uwsgi.clear()
    for number in range(MOST_NAMES):
        running_uwsgi.add(f"requests|{number}|200", 1)
    running_uwsgi.add("one too many", 1)
    running_uwsgi.add("requests|0|200", 1)

    counted = running_uwsgi.read()
    assert (len(counted), counted["requests|0|200"], "one too many" in counted) == (MOST_NAMES, 2, False)


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2**40)), max_size=12))
def test_a_counter_is_the_sum_of_its_amounts_and_never_falls(
    counters: Counting, amounts: list[tuple[str, int]]
) -> None:
    counters.clear()
    expected = Counter[str]()
    before: dict[str, int] = {}
    for name, amount in amounts:
        counters.add(name, amount)
        expected[name] += amount
        now = counters.read()
        assert all(now[known] >= value >= 0 for known, value in before.items())
        before = now
    assert before == dict(expected)


def statuses_of(error: type[RequestError]) -> set[int]:
    """The status of an error and of every one below it."""
    return {error.status}.union(*map(statuses_of, error.__subclasses__()))


def test_house_and_lab_have_no_endpoint_name_in_common_under_which_both_would_count() -> None:
    assert {route.name for route in ROUTES} & {route.name for route in LAB_ROUTES} == set()


def test_everything_that_may_be_counted_fits_the_shipped_cache() -> None:
    counters = ProcessCounters()
    counters.add(increase.NAME)
    tally = Tally(counters)
    for known in HTTPStatus:
        tally.request("status.show", known, 0.0)
    for endpoint in {UNROUTED, "options", *(route.name for route in ROUTES + LAB_ROUTES)}:
        for status in {200, 201, 202, 204, 206, 303, 304, 308, 416, 426, 500} | statuses_of(RequestError):
            tally.request(endpoint, status, 0.0)
        for bound in LATENCY_BUCKETS_S:
            tally.request(endpoint, 200, bound * 1.01)
    for outcome in Outcome:
        tally.outcome(outcome)
    for form in ("base64", "binary"):
        tally.image(form)
    for code in ("clock", "replayed"):
        tally.press_refused(code)
    _, _, cache = shipped_cache().partition("cache2 = ")
    sizes = dict(pair.split("=") for pair in cache.split(","))
    assert int(sizes["items"]) - 1 == MOST_NAMES > len(counters.read())
    assert max(len(name) for name in counters.read()) < int(sizes["keysize"])
    assert [name for name in counters.read() if not is_name(name)] == []
