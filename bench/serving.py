"""The shipped server on free addresses in a temporary folder, and the end of every process it took."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import Failure, Missing
from bench.load import OK, Address, Connection

REPOSITORY = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
PROCESSES = 2
WORKERS = PROCESSES + 1  # and one for presses alone, as it is by default on so many cores
START_S = 60.0
STOP_S = 20.0
POLL_S = 0.1
LOG_TAIL_BYTES = 2000
WORKER_IS_READY = b"WSGI app 0 "  # what uWSGI logs when a worker has loaded the models

# The only places where nginx.conf is changed: where it listens, and how fast one client may ask and watch.
LISTEN = "listen 127.0.0.1:8080;"
RATES = ("rate=50r/s;", "rate=20r/s;")
NO_RATE = "rate=100000r/s;"


@dataclass(frozen=True)
class Installation:
    """A data folder with people enrolled.

    Attributes:
        folder: of everything that a run leaves behind.
        environment: the settings, ``PORTEIRO_*``.
    """

    folder: Path
    environment: dict[str, str]


def furnish(folder: Path, pack: Path, enrolments: dict[str, bytes]) -> Installation:
    """Enrol people from one photo each, by the shipped command.

    Raises:
        Failure: not all of them could be enrolled.
    """
    environment = {
        "PORTEIRO_DATA": str(folder / "data"),
        "PORTEIRO_PACK": str(pack),
        "PORTEIRO_PROCESSES": str(WORKERS),
        "PORTEIRO_SOCKET": str(folder / "porteiro.sock"),
        "PORTEIRO_ANONYMOUS_DOORS": "1",  # the load generator has no token
        "PORTEIRO_TRIES": "0",  # and whoever is on its photos is refused as often as it asks
        "PORTEIRO_MIB_PER_DOOR_AND_DAY": "0",  # and each press keeps its photo
    }
    for name, photo in enrolments.items():
        person = folder / "people" / name
        person.mkdir(parents=True)
        (person / "photo.jpg").write_bytes(photo)
    command = [str(PROGRAMS / "porteiro"), "enrol", "--folder", str(folder / "people")]
    done = subprocess.run(
        command, env=_environment(environment), cwd=REPOSITORY, check=False, capture_output=True
    )
    if done.returncode:
        raise Failure(f"porteiro enrol failed: {done.stderr.decode(errors='replace')}")
    return Installation(folder, environment)


@contextmanager
def served(house: Installation) -> Iterator[Address]:
    """The shipped nginx and uWSGI; gives nginx's address once it answers.

    Raises:
        Missing: there is no nginx.
        Failure: one of the two ended.
    """
    address = free_address()
    front = nginx_command(house, address)
    uwsgi = [str(PROGRAMS / "uwsgi"), "--ini", "uwsgi.ini"]
    with running(uwsgi, REPOSITORY, house, "uwsgi.log") as workers:
        wait_until(workers, lambda: workers.log.read_bytes().count(WORKER_IS_READY) == WORKERS)
        with running(front, house.folder, house, "nginx.log") as door:
            wait_until(door, lambda: answers(address, "/porteiro/health/ready"))
            yield address


def nginx_command(house: Installation, address: Address) -> list[str]:
    """What starts the shipped nginx on an address, in front of a house.

    Raises:
        Missing: there is no nginx.
    """
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise Missing("nginx is not installed; on Debian: sudo apt install nginx-light")
    configuration = house.folder / "nginx.conf"
    configuration.write_text(nginx_configuration(address), encoding="utf-8")
    return [nginx, "-e", "stderr", "-p", str(house.folder), "-c", str(configuration), *_nginx_user()]


@contextmanager
def served_locally(house: Installation) -> Iterator[Address]:
    """The shipped local run; gives its address once it answers.

    Raises:
        Failure: it ended.
    """
    address, feed = free_address(), free_address()
    own = {"PORTEIRO_HTTP": f"{address[0]}:{address[1]}", "PORTEIRO_LIVE": f"{feed[0]}:{feed[1]}"}
    local = {name: text for name, text in house.environment.items() if name != "PORTEIRO_SOCKET"}
    uwsgi = [str(PROGRAMS / "uwsgi"), "--ini", "uwsgi.ini"]
    with running(uwsgi, REPOSITORY, replace(house, environment={**local, **own}), "uwsgi.log") as workers:
        wait_until(workers, lambda: workers.log.read_bytes().count(WORKER_IS_READY) == WORKERS)
        wait_until(workers, lambda: answers(address, "/porteiro/health/ready"))
        yield address


@dataclass(frozen=True)
class Running:
    """A process and the file that its output goes to."""

    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running(command: list[str], folder: Path, house: Installation, log_name: str) -> Iterator[Running]:
    """A process that ends with the block: asked first, killed with its children if it does not listen."""
    log = house.folder / log_name
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(house.environment),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Running(process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(running: Running, ready: Callable[[], bool]) -> None:
    """Wait for a process to be ready.

    Raises:
        Failure: it ended, or was not ready in time.
    """
    end = time.monotonic() + START_S
    while not ready():
        if running.process.poll() is not None or time.monotonic() > end:
            tail = running.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
            raise Failure(f"{running.process.args!r} does not serve. Its last words:\n{tail}")
        time.sleep(POLL_S)


def answers(address: Address, path: str) -> bool:
    """Whether a GET is answered with 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    try:
        with closing(Connection(address)) as connection:
            return connection.ask(request).status == OK
    except OSError:
        return False


def free_address() -> Address:
    """A loopback address that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return "127.0.0.1", int(listener.getsockname()[1])


def nginx_configuration(address: Address) -> str:
    """The shipped nginx.conf on another address and without its limit for one client."""
    text = (REPOSITORY / "nginx.conf").read_text(encoding="utf-8")
    rates = ((rate, NO_RATE) for rate in RATES)
    for shipped, wanted in ((LISTEN, f"listen {address[0]}:{address[1]};"), *rates):
        if text.count(shipped) != 1:
            raise Failure(f"nginx.conf should say {shipped!r} exactly once.")
        text = text.replace(shipped, wanted)
    return text


def _nginx_user() -> list[str]:
    # Started by root, nginx's workers become somebody who may not open the workers' socket.
    return ["-g", "user root;"] if os.geteuid() == 0 else []


def _environment(settings: dict[str, str]) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PORTEIRO_")}
    return {**inherited, **settings}
