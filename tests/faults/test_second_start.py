"""One data folder, one server: a second start, or one that could not serve, leaves the first as it is."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.houses import without_settings
from tests.servers import REPOSITORY, LiveServer, LocalPorts, RunningUwsgi, enrolled, post_photo, uwsgi
from wsgi_app.base.locks import server_of

pytestmark = pytest.mark.live

House = tuple[LiveServer, RunningUwsgi]
PHOTOS = REPOSITORY / "tests" / "photos"
UWSGI = (str(Path(sys.executable).with_name("uwsgi")), "--ini", str(REPOSITORY / "uwsgi.ini"))
MAKE = ("make", "-s", "-o", "setup", "-C", str(REPOSITORY), "run")  # what it sets up is there
PATIENCE_S = 60


def run(command: tuple[str, ...], running: RunningUwsgi, **settings: str) -> tuple[int, str]:
    """How a command in the server's settings, with some others, ends: its status, and what it says."""
    ended = subprocess.run(
        command,
        env={**running.environ, **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def porteiro(running: RunningUwsgi, *arguments: str) -> str:
    """What one of the owner's commands says, beside the server."""
    status, said = run((str(Path(sys.executable).with_name("porteiro")), *arguments), running)
    assert status == 0, said
    return said


def state_of(data: Path) -> dict[str, tuple[int, int]]:
    """What a start would touch: which file is there, and when it was written."""
    names = ("environment", "others.sock", "reload", "trouble", "wake.sock", "workers.sock")
    found = {name: (data / "run" / name).lstat() for name in names}
    return {name: (status.st_ino, status.st_mtime_ns) for name, status in found.items()}


@pytest.mark.parametrize("command", [UWSGI, MAKE], ids=["uwsgi", "make"])
@pytest.mark.parametrize(
    "settings",
    [{}, LocalPorts().settings, {"PORTEIRO_SOCKET": "{data}/other.sock"}],
    ids=["the same", "other ports", "behind nginx"],
)
def test_a_second_start_names_the_folder_and_the_first_one_and_ends(
    local_house: House, command: tuple[str, ...], settings: dict[str, str]
) -> None:
    server, running = local_house
    data = Path(running.environ["PORTEIRO_DATA"])
    before, workers = state_of(data), running.workers()

    status, said = run(command, running, **{key: text.format(data=data) for key, text in settings.items()})

    assert status != 0
    who = f"process {running.process.pid}"
    assert (
        f"porteiro: PORTEIRO_DATA={str(data)!r}: a server runs there already ({who}); stop that one first, "
        "or set another folder\n"
    ) in said
    assert (state_of(data), running.workers()) == (before, workers)
    assert server.ask("GET", "/health/ready").status == 200


def test_a_start_that_could_not_serve_leaves_the_one_that_does_as_it_is(local_house: House) -> None:
    server, running = local_house
    data = Path(running.environ["PORTEIRO_DATA"])
    before = state_of(data)

    for wrong in (
        {"PORTEIRO_PACK": "none"},
        {"PORTEIRO_PREFIX": "/static"},
        {"PORTEIRO_HTTP": "192.0.2.1:80"},
    ):
        assert run(UWSGI, running, **wrong)[0] != 0

    assert state_of(data) == before
    assert server.ask("GET", "/health/ready").status == 200


def test_commands_go_on_working_beside_the_server(local_house: House) -> None:
    server, running = local_house

    assert "2 photos" in porteiro(running, "enrol", "Ana", *(str(PHOTOS / f"ana-{n}.jpg") for n in (1, 2)))
    porteiro(running, "purge")
    porteiro(running, "models", "use", "embedded")

    ana = (PHOTOS / "ana-4.jpg").read_bytes()
    assert post_photo(server, "/", ana).json["person"]["name"] == "Ana"


@pytest.fixture
def own_house(tmp_path: Path, pack_folder: Path) -> Iterator[House]:
    """A server of this test's own."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "1", **ports.settings}
    with uwsgi(tmp_path, settings) as running:
        yield LiveServer(ports.http), running


def test_the_lock_outlives_every_renewal_and_goes_with_the_master(own_house: House, tmp_path: Path) -> None:
    _, running = own_house
    master = running.process.pid

    (tmp_path / "run" / "reload").touch()  # the workers are renewed
    running.output.wait_for(lambda line: line.startswith("WSGI app 0 "))
    assert server_of(tmp_path) == master
    for _ in range(2):
        os.kill(master, signal.SIGHUP)  # the master too
        running.output.wait_for(lambda line: line.startswith("WSGI app 0 "))
        assert server_of(tmp_path) == master
    assert run(UWSGI, running)[0] != 0

    os.kill(master, signal.SIGKILL)
    running.process.wait()
    assert server_of(tmp_path) is None


def is_alive(process: str) -> bool:
    """Whether a process runs, and is not just waited for by nobody."""
    try:
        stat = Path("/proc", process, "stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_a_server_that_is_killed_leaves_nobody_behind(own_house: House) -> None:
    _, running = own_house
    master = running.process.pid
    others = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    assert len(others) == 3  # a worker, the live feed and the front

    os.kill(master, signal.SIGKILL)
    running.process.wait()

    deadline, pause = time.monotonic() + PATIENCE_S, threading.Event()
    while any(map(is_alive, others)):
        assert time.monotonic() < deadline
        pause.wait(0.05)


def test_after_a_server_was_killed_another_starts_at_once(tmp_path: Path, pack_folder: Path) -> None:
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "1", **ports.settings}
    server = LiveServer(ports.http)
    with uwsgi(tmp_path, settings) as running:
        ana = enrolled(server, "Ana", (PHOTOS / "ana-1.jpg").read_bytes())
        os.kill(running.process.pid, signal.SIGKILL)
    with uwsgi(tmp_path, settings):
        assert [person["id"] for person in server.ask("GET", "/people").json["people"]] == [ana]


def test_a_socket_of_another_data_folder_is_left_to_its_server(
    tmp_path: Path, pack_folder: Path, own_house: House
) -> None:
    server, running = own_house
    workers = tmp_path / "run" / "workers.sock"
    settings = {"PORTEIRO_DATA": str(tmp_path / "other"), "PORTEIRO_SOCKET": str(workers)}

    ended = subprocess.run(
        UWSGI,
        env={**without_settings(os.environ), "PORTEIRO_PACK": str(pack_folder), **settings},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )

    assert ended.returncode != 0
    assert f"a server listens at {workers} already" in ended.stderr
    assert not (tmp_path / "other").exists()
    assert server.ask("GET", "/health/ready").status == 200
    assert running.workers() != []
