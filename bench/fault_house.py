"""The shipped server on a small disk, started anew as often as it is killed."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.errors import Failure
from bench.load import Address
from bench.material import Material
from bench.serving import (
    PROGRAMS,
    REPOSITORY,
    WORKERS,
    Installation,
    Running,
    answers,
    free_address,
    furnish,
    nginx_command,
    running,
    wait_until,
)

LOOK_S = 0.2
READY_S = 60.0  # in which the server is well again after a fault
SETTINGS = {"PORTEIRO_ANONYMOUS_DOORS": "0", "PORTEIRO_LEAST_FREE_MIB": "1"}
READY_WORKER = re.compile(rb"WSGI app 0 .* pid: (\d+)")  # uWSGI's line of each that has loaded its models
UWSGI_LOG, NGINX_LOG = "../aside/uwsgi.log", "../aside/nginx.log"  # not on the disk that gets full
MIB = 1024 * 1024


@dataclass
class FaultHouse:
    """A server that faults are done to.

    Attributes:
        house: its settings and folders; the data folder is a disk of its own where that can be had.
        address: nginx's.
        aside: a folder on another disk, for backups.
        is_disk: whether the data folder is a disk of its own.
        nginx: once it runs.
    """

    house: Installation
    address: Address
    aside: Path
    is_disk: bool
    nginx: Running | None = None
    _uwsgi: ExitStack = field(default_factory=ExitStack)
    _running: Running | None = None

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.house.environment["PORTEIRO_DATA"])

    @property
    def master(self) -> int:
        """The process id of uWSGI's master."""
        assert self._running is not None
        return self._running.process.pid

    def start(self) -> None:
        """Start uWSGI, and wait until every worker has loaded its models.

        Raises:
            Failure: it ended, or is not ready in time.
        """
        self._uwsgi = ExitStack()
        command = [str(PROGRAMS / "uwsgi"), "--ini", "uwsgi.ini"]
        process = self._uwsgi.enter_context(running(command, REPOSITORY, self.house, UWSGI_LOG))
        self._running = process
        wait_until(process, self._is_complete)

    def stop(self) -> None:
        """End uWSGI; nothing where it has ended."""
        self._uwsgi.close()

    def children(self, kind: str = "") -> list[int]:
        """The living processes of uWSGI's of a kind, "worker" or "mule", in their order."""
        return children_of(self.master, kind)

    def fronts(self) -> list[int]:
        """Those of nginx that answer."""
        return children_of(self.nginx.process.pid) if self.nginx else []

    def wait_until_complete(self) -> None:
        """Wait until every worker has loaded its models: while one does, others answer.

        Raises:
            Failure: one does not in time.
        """
        end = time.monotonic() + READY_S
        while not self._is_complete():
            if time.monotonic() > end:
                raise Failure(f"Not every worker is ready {READY_S:.0f} s after a fault.")
            time.sleep(LOOK_S)

    def _is_complete(self) -> bool:
        assert self._running is not None
        ready = {int(process) for process in READY_WORKER.findall(self._running.log.read_bytes())}
        workers = self.children("worker")
        return len(workers) == WORKERS and ready.issuperset(workers)

    def command(self, *arguments: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run one of Porteiro's commands, on the house's data folder or on another one."""
        own = {"PORTEIRO_DATA": str(data)} if data else {}
        inherited = {key: text for key, text in os.environ.items() if not key.startswith("PORTEIRO_")}
        return subprocess.run(
            [str(PROGRAMS / "porteiro"), *arguments],
            env={**inherited, **self.house.environment, **own},
            cwd=REPOSITORY,
            check=False,
            capture_output=True,
            text=True,
        )

    def wait_until_ready(self) -> None:
        """Wait until it says that it is well.

        Raises:
            Failure: it does not in time.
        """
        end = time.monotonic() + READY_S
        while not answers(self.address, "/porteiro/health/ready"):
            if time.monotonic() > end:
                raise Failure(f"The server is not ready {READY_S:.0f} s after a fault.")
            time.sleep(LOOK_S)


@contextmanager
def faulty_house(material: Material, known: int, disk_mib: int) -> Iterator[FaultHouse]:
    """A house where the first so many people are known, served by nginx and uWSGI.

    Raises:
        Failure: it cannot be served.
        Missing: there is no nginx.
    """
    with tempfile.TemporaryDirectory(prefix="porteiro-faults-") as name, ExitStack() as opened:
        folder = Path(name)
        for part in ("house", "aside"):
            (folder / part).mkdir()
        is_disk = opened.enter_context(small_disk(folder / "house", disk_mib))
        enrolments = dict(list(material.enrolments.items())[:known])
        house = furnish(folder / "house", material.pack, enrolments)
        house = replace(house, environment={**house.environment, **SETTINGS})
        made = FaultHouse(house, free_address(), folder / "aside", is_disk)
        opened.callback(made.stop)
        made.start()
        front = opened.enter_context(
            running(nginx_command(house, made.address), house.folder, house, NGINX_LOG)
        )
        wait_until(front, lambda: answers(made.address, "/porteiro/health/ready"))
        yield made


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[bool]:
    """A disk of so many MiB, mounted on a folder while inside; whether that could be done."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "porteiro-faults", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


def children_of(process: int, kind: str = "") -> list[int]:
    """The living children of a process whose name has a word in it."""
    with suppress(OSError):
        listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return [int(child) for child in listed if kind in _name_of(int(child))]
    return []


def _name_of(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""
