"""A simulated device whose door does what a test says, and its page."""

import contextlib
import http.client
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pi_client import lamps
from pi_client.door import PressCounts
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.lamps import Pattern
from pi_client.machine import State
from pi_client.simulator.events import LogLines, Watch
from pi_client.simulator.page import Page
from pi_client.simulator.scene import scene_of
from pi_client.simulator.stage import PhotoStage

PHOTOS = Path(__file__).parents[2] / "photos"
PATIENCE_S = 10.0


@dataclass
class ScriptedDoor:
    """A door that is as it is told."""

    state: State = State.READY
    pattern: Pattern = lamps.IDLE
    counts: PressCounts = field(default_factory=PressCounts)


def photo_folder(folder: Path, *names: str) -> Path:
    """A folder with some of the test photos."""
    folder.mkdir()
    for name in names:
        shutil.copy(PHOTOS / name, folder)
    return folder


@dataclass
class Play:
    """Everything before and behind a page."""

    door: ScriptedDoor
    device: FakePins
    stage: PhotoStage
    lines: LogLines
    watch: Watch
    page: Page

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send a request as a program would; gives status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=PATIENCE_S)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def post(self, path: str, value: Any, **headers: str) -> int:
        """Send JSON as the page does; gives the status."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        sent = {"Content-Type": "application/json", **named}
        return self.ask("POST", path, json.dumps(value).encode(), sent)[0]

    @contextlib.contextmanager
    def reader(self) -> Iterator["Reader"]:
        """A page that listens to what happens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=PATIENCE_S)
        connection.request("GET", "/events")
        answer = connection.getresponse()
        with contextlib.closing(connection), contextlib.closing(answer):
            yield Reader(answer)


@dataclass
class Reader:
    """The events as they come."""

    answer: http.client.HTTPResponse

    def next(self) -> dict[str, Any] | None:
        """The next event; ``None`` at the end."""
        for line in iter(self.answer.readline, b""):
            if line.startswith(b"data: "):
                told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return told
        return None


@contextlib.contextmanager
def play(photos: Path) -> Iterator[Play]:
    """Serve a page on a free port."""
    door, device, lines = ScriptedDoor(), FakePins(), LogLines()
    stage = PhotoStage(photos, FakeCamera(photos, lambda: 0.0))
    watch = Watch(lambda: scene_of(door, device, stage), lines)
    with Page(device, stage, watch, port=0) as page:
        watch.start()
        try:
            yield Play(door, device, stage, lines, watch, page)
        finally:
            watch.stop()
