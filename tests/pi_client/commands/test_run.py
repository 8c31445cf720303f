import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import pytest

from pi_client.cli import main
from pi_client.commands.options import Hardware
from pi_client.commands.run import door_of, run_to_the_end
from pi_client.config import load_config
from pi_client.door import Door
from pi_client.errors import DoorConfigError
from pi_client.fakes.camera import CameraFault, FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.lamps import GREEN, NOTHING, RED, YELLOW, Lit
from pi_client.machine import State
from tests.pi_client.commands.material import HEARTBEAT, Well, settings_file
from tests.pi_client.commands.processes import (
    PHOTOS,
    door_process,
    ended,
    listing,
    until,
    watched,
    written_by,
)
from tests.pi_client.hostile_server import Behaviour, HostileServer, Talk, always
from tests.servers import STOP_S, free_port

QUICK = {"gpio": {"debounce_ms": 5}, "relay": {"pin": 17}}
NOWHERE = Path("/proc")  # where not even root can make a file


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@dataclass
class Bench:
    """A simulated door that asks a server, and a hand at its button."""

    door: Door
    pins: FakePins
    camera: FakeCamera

    def taps(self) -> None:
        """Tap until it counts: a button that was down from the beginning does not."""
        pause = threading.Event()
        while self.door.state is State.READY:
            self.pins.press()
            pause.wait(0.02)
            self.pins.release()
            pause.wait(0.02)


def bench(folder: Path, url: str) -> Bench:
    config = load_config(settings_file(folder, url, more=QUICK), {})
    pins, camera = FakePins(), FakeCamera(PHOTOS, lambda: 0.0)
    return Bench(door_of(config, Hardware(pins, camera)), pins, camera)


def status_when_told_to_stop(job: Callable[[threading.Event], None], hand: Callable[[], None]) -> int:
    """The exit status of a job that SIGTERM tells to stop, once a hand has done its part."""

    def then_stop() -> None:
        try:
            hand()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def job_with_hand(stop: threading.Event) -> None:
        thread.start()
        job(stop)

    thread = threading.Thread(target=then_stop)
    status = run_to_the_end(job_with_hand)
    thread.join(STOP_S)
    assert not thread.is_alive()
    return status


STAGES: dict[str, tuple[Behaviour, State, Lit]] = {
    "while the server is asked": (Talk.hang, State.UPLOADING, YELLOW),
    "while green is lit": (Well(), State.GRANTED, GREEN),
    "while red is lit": (Well(outcome="unknown"), State.REFUSED, RED),
    "after a press that failed": (always(500), State.FAILED, YELLOW),
}


@pytest.mark.parametrize("stage", STAGES)
def test_sigterm_ends_the_door_with_everything_off(tmp_path: Path, stage: str) -> None:
    behaviour, state, lit = STAGES[stage]
    with HostileServer((behaviour,)) as server:
        tried = bench(tmp_path, server.url)

        def hand() -> None:
            until(lambda: tried.door.state is State.READY)
            tried.taps()
            until(lambda: tried.door.state is state and tried.pins.lit >= lit)
            until(lambda: tried.pins.relay_closed is (state is State.GRANTED))

        status = status_when_told_to_stop(tried.door.run, hand)

    assert (status, tried.door.state) == (0, State.STOPPED)
    assert (tried.pins.lit, tried.pins.relay_closed, tried.pins.closed) == (NOTHING, False, True)
    assert [moment for moment in tried.pins.history if moment.lit >= lit]


def test_sigterm_does_not_wait_for_a_camera_that_hangs_before_all_is_off(tmp_path: Path) -> None:
    with HostileServer((Well(),)) as server:
        tried = bench(tmp_path, server.url)
        off = threading.Event()

        def hand() -> None:
            until(lambda: tried.door.state is State.READY)
            tried.camera.break_by(CameraFault.HANG)
            tried.taps()
            until(lambda: tried.door.state is State.CAPTURING and tried.pins.lit == YELLOW)
            threading.Thread(target=mend_once_all_is_off).start()

        def mend_once_all_is_off() -> None:
            until(lambda: tried.pins.closed)
            off.set()
            tried.camera.mend()

        status = status_when_told_to_stop(tried.door.run, hand)

    assert (status, off.is_set(), tried.pins.lit) == (0, True, NOTHING)
    assert "POST" not in {request.method for request in server.requests}


def test_a_door_that_is_told_to_stop_before_it_has_begun_ends_as_well(tmp_path: Path) -> None:
    tried = bench(tmp_path, f"http://127.0.0.1:{free_port()}")

    assert status_when_told_to_stop(tried.door.run, lambda: None) == 0
    assert (tried.pins.closed, tried.pins.lit) == (True, NOTHING)


def test_what_nobody_expected_is_logged_and_ends_with_70(caplog: pytest.LogCaptureFixture) -> None:
    def breaks(stop: threading.Event) -> Never:
        raise RuntimeError("a bug")

    assert run_to_the_end(breaks) == 70
    assert [(record.message, str(record.exc_info and record.exc_info[1])) for record in caplog.records] == [
        ("the door failed", "a bug")
    ]


def test_what_a_person_has_to_mend_is_passed_on() -> None:
    def breaks(stop: threading.Event) -> Never:
        raise DoorConfigError("server.url is not set.")

    with pytest.raises(DoorConfigError, match=r"server\.url is not set\."):
        run_to_the_end(breaks)


# A camera's thread that never ends, as those of a library may.
WEDGED = """
import threading
from pi_client.commands.run import run_to_the_end
from pi_client.errors import CameraWedged
def job(stop):
    threading.Thread(target=threading.Event().wait).start()
    raise CameraWedged("The camera neither answers nor closes; starting anew.")
run_to_the_end(job)
"""


def test_point_15_a_camera_that_is_stuck_ends_the_process_with_70_whatever_its_threads_do() -> None:
    done = ended(program=(sys.executable, "-c", WEDGED))

    assert (done.returncode, done.stderr) == (70, "The camera neither answers nor closes; starting anew.\n")


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """systemd's end, at the address ``tmp_path``/notify."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(STOP_S)
        listener.bind(str(tmp_path / "notify"))
        yield listener


def messages(listener: socket.socket, last: bytes) -> list[bytes]:
    """What systemd hears until it hears this."""
    heard = [listener.recv(1000)]
    while heard[-1] != last:
        heard.append(listener.recv(1000))
    return heard


def simulated(folder: Path, url: str) -> tuple[str, ...]:
    """The command line of a simulated door."""
    return ("run", "--sim", "--photos", str(PHOTOS), "--config", str(settings_file(folder, url)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_simulated_door_is_ready_for_systemd_and_ends_with_0_when_it_is_told_to(
    tmp_path: Path, systemd: socket.socket, number: signal.Signals
) -> None:
    arguments = simulated(tmp_path, f"http://127.0.0.1:{free_port()}")
    with door_process(*arguments, NOTIFY_SOCKET=str(tmp_path / "notify")) as door:
        begun = messages(systemd, b"READY=1")
        door.process.send_signal(number)
        status = door.process.wait(STOP_S)
        over = messages(systemd, b"STOPPING=1")

    assert status == 0
    assert [told for told in begun if told != b"WATCHDOG=1"] == [b"STATUS=ready", b"READY=1"]
    assert b"STATUS=stopped" in over
    assert "".join(door.output.lines) == ""


def test_the_log_is_written_for_the_journal_where_that_listens(tmp_path: Path) -> None:
    arguments = simulated(tmp_path, f"http://127.0.0.1:{free_port()}")
    with door_process(*arguments, JOURNAL_STREAM="8:12345") as door:
        line = door.output.wait_for(lambda line: "the server is" in line)

    assert line == "<4>the server is not reachable\n"


def test_point_20_where_nothing_can_be_written_it_runs_and_writes_nothing(tmp_path: Path) -> None:
    canary, home = tmp_path / "canary", str(NOWHERE)
    before = listing(PHOTOS)
    with HostileServer((Well(),)) as server:
        arguments = simulated(tmp_path, server.url)
        files = set(listing(tmp_path))
        places = {"HOME": home, "TMPDIR": home, "CANARY": str(canary)}
        with door_process(*arguments, program=watched(), folder=NOWHERE, **places) as door:
            until(lambda: HEARTBEAT in {request.path for request in server.requests})
            status = door.stop()
            written = written_by(door)

    assert (status, written) == (0, [str(canary)])
    assert set(listing(tmp_path)) - files == {"canary"}
    assert listing(PHOTOS) == before


def test_a_door_without_a_server_says_what_to_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["run", "--sim", "--config", str(settings_file(tmp_path, "", token=""))])

    assert status == 78
    assert capsys.readouterr().err.startswith("porteiro-door: server.url is not set: ")
