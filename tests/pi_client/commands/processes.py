"""``porteiro-door`` as a process of its own, as people and systemd start it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.houses import without_settings
from tests.servers import STOP_S, OutputWatcher

PROGRAM = (str(Path(sys.executable).with_name("porteiro-door")),)
PHOTOS = Path(__file__).parents[2] / "photos"


def environ_with(**more: str) -> dict[str, str]:
    """This process's environment without settings of Porteiro, and with some more."""
    return {**without_settings(os.environ), "PYTHONDONTWRITEBYTECODE": "1", **more}


def ended(*arguments: str, program: Sequence[str] = PROGRAM, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    command = [*program, *arguments]
    return subprocess.run(
        command,
        env=environ_with(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=STOP_S,
        check=False,
    )


@dataclass(frozen=True)
class DoorProcess:
    """One that runs."""

    process: subprocess.Popen[str]
    output: OutputWatcher

    def page(self) -> str:
        """The address of a simulator's page."""
        line = self.output.wait_for(lambda line: "the door is at http" in line)
        return line.partition("the door is at ")[2].strip()

    def stop(self) -> int:
        """Tell it to end, as systemd does; gives its exit status."""
        os.killpg(self.process.pid, signal.SIGTERM)
        return self.process.wait(STOP_S)


@contextlib.contextmanager
def door_process(
    *arguments: str, program: Sequence[str] = PROGRAM, folder: Path | None = None, **more: str
) -> Iterator[DoorProcess]:
    """Start it; whatever happens, it has ended with the context."""
    process = subprocess.Popen(
        [*program, *arguments],
        cwd=folder,
        env=environ_with(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield DoorProcess(process, OutputWatcher(process))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_S)


# Notes whatever would change a disk, from before the program is imported until it has ended.
WATCHED = """
import json, os, sys
CHANGES = {f"os.{name}" for name in (
    "chmod", "chown", "link", "mkdir", "remove", "rename", "rmdir", "symlink", "truncate", "utime")}
written = []
def note(event, arguments):
    if event == "open":
        path, _, flags = arguments
        if not isinstance(path, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.append(str(path))
    elif event in CHANGES:
        written.append(f"{event} {arguments[0]}")
sys.addaudithook(note)
open(os.environ["CANARY"], "w").close()
from pi_client.cli import main
try:
    status = main()
finally:
    print("written: " + json.dumps(written), flush=True)
sys.exit(status)
"""


def watched() -> Sequence[str]:
    """The program, telling at its end what it has written; the file ``CANARY`` is the first."""
    return (sys.executable, "-c", WATCHED)


def written_by(door: DoorProcess) -> list[str]:
    """What one that was watched has written, once it has ended."""
    line = door.output.wait_for(lambda line: line.startswith("written: "))
    return [str(path) for path in json.loads(line.removeprefix("written: "))]


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of everything in a folder."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in (folder, *folder.rglob("*"))
    }


def until(reached: Callable[[], object], most_s: float = STOP_S) -> None:
    """Wait until something is so."""
    pause, end_s = threading.Event(), time.monotonic() + most_s
    while not reached():
        assert time.monotonic() < end_s, "it never was"
        pause.wait(0.005)


def press(page: str) -> Iterator[dict[str, Any]]:
    """Press the button of a simulator's page; gives each scene until the door is ready again."""
    with contextlib.closing(urllib.request.urlopen(f"{page}events", timeout=STOP_S)) as events:
        _hold(page, down=True)
        for line in events:
            if line.startswith(b"data: "):
                scene: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                yield scene
                if scene["state"] in ("granted", "refused", "failed"):
                    _hold(page, down=False)
                if scene["state"] == "ready" and scene["presses"]:
                    return


def _hold(page: str, *, down: bool) -> None:
    headers, body = {"Content-Type": "application/json"}, json.dumps({"down": down}).encode()
    request = urllib.request.Request(f"{page}button", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=STOP_S).close()
