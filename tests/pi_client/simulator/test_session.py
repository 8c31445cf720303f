import contextlib
import io
import json
import logging
import re
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from time import monotonic

import pytest

from pi_client.assembly import Outside, assemble
from pi_client.config import load_config
from pi_client.errors import CameraWedged
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.notify import Notifier
from pi_client.press import ButtonPress, Clock, PressAnswer, PressResult, StatusReport
from pi_client.simulator.events import LogLines
from pi_client.simulator.session import Cast, log_to_page, play
from pi_client.simulator.stage import PhotoStage
from tests.pi_client.simulator.staging import PATIENCE_S, photo_folder

MOST_EVENTS = 200


class Granting:
    """A server that knows everybody."""

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        return PressAnswer(press.id, PressResult.GRANTED, detail=f"{len(photos)} photo")

    def is_reachable(self) -> bool:
        return True

    def report(self, report: StatusReport) -> None:
        pass


@pytest.fixture
def lines() -> Iterator[LogLines]:
    """The log, put back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = []  # so that setting up the log closes none of them
    yield log_to_page("INFO")
    root.handlers = before
    root.setLevel(level)


def cast(folder: Path, lines: LogLines) -> Cast:
    camera, device, ids = FakeCamera(folder, monotonic), FakePins(), count(1)
    config = load_config(None, {})
    config = replace(
        config, gpio=replace(config.gpio, debounce_ms=5), relay=replace(config.relay, pin=17, pulse_s=0.1)
    )
    clock = Clock(monotonic, lambda: datetime.now(UTC))
    outside = Outside(
        device, camera, Granting(), Notifier({}), clock, lambda: f"press-{next(ids)}", boot="boot"
    )
    return Cast(assemble(config, outside), device, PhotoStage(folder, camera), lines)


def test_a_press_on_the_page_reaches_the_real_door(tmp_path: Path, lines: LogLines) -> None:
    played = cast(photo_folder(tmp_path / "photos", "ana-1.jpg"), lines)
    stop, screen = threading.Event(), io.StringIO()
    thread = threading.Thread(target=play, args=(played, stop, {}, 0, screen, io.StringIO()))
    thread.start()
    try:
        with lines.changed:
            lines.changed.wait_for(lambda: lines.after(0) != (), PATIENCE_S)
        address = re.search(r"http://[0-9.:]+/", lines.after(0)[0].text)
        assert address is not None
        states = press_until_granted(address[0])
    finally:
        stop.set()
        thread.join(PATIENCE_S)

    assert not thread.is_alive()
    assert states["state"] == "granted"
    assert [line.text for line in lines.after(1)] == ["granted press=press-1 server_ms=0 1 photo"]
    assert any(moment.relay_closed for moment in played.device.history)  # type: ignore[attr-defined]
    assert "Come in. [granted]" in screen.getvalue()
    assert screen.getvalue().splitlines()[-1].startswith("Switched off.")


def test_why_the_door_ends_is_told(tmp_path: Path, lines: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    def wedge(stop: threading.Event) -> None:
        raise CameraWedged("The camera is stuck.")

    played, screen = cast(photo_folder(tmp_path / "photos", "ana-1.jpg"), lines), io.StringIO()
    monkeypatch.setattr(played.door, "run", wedge)

    with pytest.raises(CameraWedged):
        play(played, threading.Event(), {}, 0, screen, io.StringIO())

    assert "CRITICAL the door ends: The camera is stuck." in screen.getvalue()


def press_until_granted(address: str) -> dict[str, object]:
    granted = threading.Event()
    finger = threading.Thread(target=tap, args=(address, granted))
    with contextlib.closing(urllib.request.urlopen(f"{address}events", timeout=PATIENCE_S)) as events:
        finger.start()
        try:
            for line in islice(events, MOST_EVENTS):
                scene: dict[str, object] = json.loads(line.partition(b"data: ")[2] or b"{}")
                if scene.get("state") == "granted":
                    return scene
        finally:
            granted.set()
            finger.join()
    raise AssertionError("nobody was let in")


def tap(address: str, granted: threading.Event) -> None:
    # Again and again: a door that has just started does not count a button that was down from the beginning.
    while not granted.wait(0.01):
        press(address, down=True)
        granted.wait(0.01)
        press(address, down=False)


def press(address: str, *, down: bool) -> None:
    body = json.dumps({"down": down}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}button", body, headers, method="POST")
    urllib.request.urlopen(request, timeout=PATIENCE_S).close()
