"""Counting may hang nobody: not where a worker dies amid it, not on a full disk, not without semaphores."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.houses import without_settings
from tests.servers import REPOSITORY, LiveServer, LocalPorts, OutputWatcher, RunningUwsgi, post_photo, uwsgi
from wsgi_app.base.semaphores import TABLE
from wsgi_app.stores.counts import read_counts

pytestmark = pytest.mark.live

NOBODY = (REPOSITORY / "tests" / "photos" / "nobody-1.jpg").read_bytes()
UWSGI = (str(Path(sys.executable).with_name("uwsgi")), "--ini", str(REPOSITORY / "uwsgi.ini"))
SOON_S = 5.0
PATIENCE_S = 20.0
PRESSES = 'porteiro_visits_total{outcome="no_face"}'
DISK = "8m"  # some times what a house takes that has one visit

Served = tuple[LiveServer, RunningUwsgi]


@contextmanager
def served(data: Path, pack_folder: Path) -> Iterator[Served]:
    """A house without sign-ins, which would be counted too."""
    ports = LocalPorts()
    with uwsgi(data, {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", **ports.settings}) as running:
        wait_for_workers(running)
        yield LiveServer(ports.http, headers={}), running


def until(is_so: Callable[[], bool], within_s: float = PATIENCE_S) -> float:
    """Wait for something that comes soon; gives the seconds that it took."""
    begin, pause = time.monotonic(), threading.Event()
    while not is_so():
        assert time.monotonic() < begin + within_s
        pause.wait(0.05)
    return time.monotonic() - begin


def sample(server: LiveServer, name: str) -> int:
    """The value of one sample of /metrics, 0 where it is not there."""
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    return next((int(float(line.split()[-1])) for line in lines if line.startswith(name + " ")), 0)


def kept(running: RunningUwsgi) -> dict[str, int]:
    """What the file says that was counted."""
    try:
        return read_counts(Path(running.environ["PORTEIRO_DATA"]) / "run" / "counters.json")
    except FileNotFoundError:
        return {}


def wait_for_workers(running: RunningUwsgi) -> None:
    """Wait until both have loaded their models after the last start: before, none would heed a stop."""

    def are_there() -> bool:
        lines = running.output.lines
        start = max(at for at, line in enumerate(lines) if "spawned uWSGI master process" in line)
        return sum(line.startswith("WSGI app 1 ") for line in lines[start:]) == 2

    until(are_there)


def killed_amid_a_count(worker: int, ring: Callable[[], object]) -> None:
    """Stop a worker where uWSGI has the lock of its cache and is about to write, and kill it there."""
    gdb = shutil.which("gdb")
    if gdb is None:
        pytest.skip("gdb is not installed")
    steps = ("break uwsgi_cache_set2", "continue", "info symbol $pc", "kill")
    with (
        subprocess.Popen(
            [gdb, "-nx", "-batch", "-iex", "set auto-solib-add off", "-p", str(worker)]
            + [part for step in steps for part in ("-ex", step)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
        ThreadPoolExecutor(4) as pool,
    ):
        output = OutputWatcher(process)
        line = output.wait_for(lambda line: "Breakpoint 1 at" in line or "ptrace:" in line)
        if "ptrace:" in line:
            pytest.skip(f"gdb may not stop a process here: {line.strip()}")
        until(lambda: pool.submit(ring).exception(SOON_S) is None and process.poll() is not None)
        assert any(line.startswith("uwsgi_cache_set2") for line in output.lines), output.lines


def test_a_worker_that_dies_while_it_counts_stops_no_other(tmp_path: Path, pack_folder: Path) -> None:
    with served(tmp_path, pack_folder) as (server, running):
        other, victim = running.workers()  # the first one takes presses alone
        killed_amid_a_count(victim, lambda: server.ask("GET", "/people"))
        begin = time.monotonic()

        for _ in range(3):
            assert server.ask("GET", "/health/live").status == 200
        assert post_photo(server, "/", NOBODY).status == 404
        assert (sample(server, PRESSES), post_photo(server, "/", NOBODY).status) == (1, 404)
        assert sample(server, PRESSES) == 2
        assert time.monotonic() - begin < SOON_S

        until(lambda: len(running.workers()) == 2)
        assert (victim in running.workers(), other in running.workers()) == (False, True)
        until(lambda: kept(running).get("outcomes|no_face") == 2)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own that is soon full."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "porteiro", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Leave no room on a disk."""
    with file.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(4096)):
                pass
        except OSError:
            return


def test_on_a_full_disk_new_names_are_counted_and_kept_once_there_is_room(
    tmp_path: Path, pack_folder: Path
) -> None:
    with small_disk(tmp_path / "disk") as data, served(data, pack_folder) as (server, running):
        workers = running.workers()
        fill(data / "filler")

        asked = [
            f"/{noun}{rest}" for noun in ("people", "visits", "devices", "unknown") for rest in ("", "/1")
        ]
        for path in asked:
            for method in ("GET", "PUT", "DELETE", "OPTIONS"):
                server.ask(method, path)
        begin = time.monotonic()
        assert server.ask("GET", "/health/live").status == 200
        counted = sample(server, 'porteiro_requests_total{endpoint="devices.index",status="200"}')
        assert time.monotonic() - begin < SOON_S
        running.output.wait_for(lambda line: "what is counted cannot be kept" in line, PATIENCE_S)

        (data / "filler").unlink()
        assert server.ask("GET", "/health/live").status == 200
        until(lambda: kept(running).get("requests|devices.index|200") == counted == 1)
        assert running.workers() == workers


def test_a_reload_and_a_restart_lose_no_count_and_a_kill_those_of_the_last_seconds(
    tmp_path: Path, pack_folder: Path
) -> None:
    with served(tmp_path, pack_folder) as (server, running):
        assert [post_photo(server, "/", NOBODY).status for _ in range(2)] == [404, 404]
        os.kill(running.process.pid, signal.SIGHUP)
        running.output.wait_for(lambda line: "gracefully (RE)spawned uWSGI master" in line)
        wait_for_workers(running)
        assert sample(server, PRESSES) == 2

        assert post_photo(server, "/", NOBODY).status == 404
        until(lambda: kept(running).get("outcomes|no_face") == 3)
        running.process.kill()
        running.process.wait(PATIENCE_S)
    with served(tmp_path, pack_folder) as (server, running):
        assert sample(server, PRESSES) == 3
        assert post_photo(server, "/", NOBODY).status == 404
    with served(tmp_path, pack_folder) as (server, _):
        assert sample(server, PRESSES) == 4


def test_while_workers_are_renewed_no_total_falls(tmp_path: Path, pack_folder: Path) -> None:
    with served(tmp_path, pack_folder) as (server, running):
        before = running.workers()
        assert post_photo(server, "/", NOBODY).status == 404
        (tmp_path / "run" / "reload").touch()
        seen = []

        def is_over() -> bool:
            seen.append(sample(server, PRESSES))
            return any("chain reloading complete" in line for line in running.output.lines)

        until(is_over)
        assert (set(seen), set(before) & set(running.workers())) == ({1}, set())


needs_table = pytest.mark.skipif(not TABLE.exists(), reason=f"the system has no {TABLE}")


def modes() -> dict[str, str]:
    """The mode of each of the system's semaphores, by its id and when it was changed."""
    rows = [row.split() for row in TABLE.read_text().splitlines()[1:]]
    return {f"{row[1]} {row[-1]}": row[2] for row in rows}


@needs_table
def test_the_semaphores_are_one_users_and_none_stays_of_servers_that_were_killed(
    tmp_path: Path, pack_folder: Path
) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_PROCESSES": "1", "PORTEIRO_PACK": str(pack_folder)}
    made = list[str]()
    for _ in range(5):
        process = subprocess.Popen(
            UWSGI,
            env={**without_settings(os.environ), **settings, **LocalPorts().settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output = OutputWatcher(process)
            output.wait_for(lambda line: "spawned uWSGI mule 1" in line)
            before, made = made, (tmp_path / "run" / "semaphores").read_text().splitlines()
            there = modes()
            assert [there.get(one) for one in made] == ["600"] * len(made)
            assert (len(made) > 5, before, [one for one in before if one in there]) == (True, before, [])
        finally:
            process.kill()
            process.wait(PATIENCE_S)
    with served(tmp_path, pack_folder) as (_, running):
        last = (tmp_path / "run" / "semaphores").read_text().splitlines()
        running.process.terminate()
        running.process.wait(PATIENCE_S)
    assert [one for one in (*made, *last) if one in modes()] == []


@needs_table
def test_where_somebody_removes_the_semaphores_the_server_starts_anew(
    tmp_path: Path, pack_folder: Path
) -> None:
    with served(tmp_path, pack_folder) as (server, running):
        assert post_photo(server, "/", NOBODY).status == 404
        until(lambda: kept(running).get("outcomes|no_face") == 1)
        written = (tmp_path / "run" / "semaphores").read_text().splitlines()
        for one in written:
            subprocess.run(["ipcrm", "-s", one.split()[0]], check=True)

        running.output.wait_for(lambda line: "the semaphores of the server are gone" in line, SOON_S)
        running.output.wait_for(lambda line: "gracefully (RE)spawned uWSGI master" in line, PATIENCE_S)

        wait_for_workers(running)
        assert sample(server, PRESSES) == 1
        assert {*written} & {*(tmp_path / "run" / "semaphores").read_text().splitlines()} == set()
