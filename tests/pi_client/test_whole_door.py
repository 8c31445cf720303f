"""The door as it is put together: its loop in a thread, a Raspberry Pi's pins, a server over HTTP."""

import contextlib
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from pi_client.assembly import Outside, assemble
from pi_client.config import DoorConfig, load_config
from pi_client.door import Door
from pi_client.fakes.camera import CameraFault, FakeCamera
from pi_client.gpio import open_pins
from pi_client.machine import State
from pi_client.notify import Notifier
from pi_client.press import ButtonPress, Clock
from pi_client.uploader import HttpServer
from tests.pi_client.asking import BOOT, PATIENT_S
from tests.pi_client.commands.material import TOKEN, Well
from tests.pi_client.commands.processes import PHOTOS
from tests.pi_client.fake_lgpio.chip import HIGH, LOW, Chip
from tests.pi_client.fake_lgpio.rigs import rpi_lgpio
from tests.pi_client.hostile_server import HostileServer, Talk

BUTTON, YELLOW, GREEN, RED, RELAY = 18, 23, 24, 25, 17
LAMPS = (YELLOW, GREEN, RED)
PHOTO = "ana-1.jpg"
DEBOUNCE_S, AT_ONCE_S = 0.02, 0.05
CLOCK = Clock(time.monotonic, lambda: datetime.now(UTC))
ARMED_READS = 20  # of the button, 5 ms apart: it has been up for longer than its debounce time
NAMED = "http://porteiro.invalid/porteiro"


class TimedChip(Chip):
    """Says when each level was written, and how often the button was read."""

    def __init__(self) -> None:
        super().__init__()
        self.changed = threading.Condition()
        self.at_s: list[float] = []  # of each of ``writes``
        self.reads = 0

    def drive(self, number: int, level: int) -> None:
        with self.changed:
            super().drive(number, level)
            self.at_s.append(time.monotonic())
            self.changed.notify_all()

    def read(self, number: int) -> int:
        with self.changed:
            self.reads += 1
            self.changed.notify_all()
            return super().read(number)

    def timed(self) -> list[tuple[tuple[int, int], float]]:
        """What was written so far, and when."""
        with self.changed:
            return list(zip(self.writes, self.at_s, strict=True))

    def wait_for_reads(self, more: int) -> None:
        """Wait until the button was read so many times from now on."""
        with self.changed:
            until = self.reads + more
            assert self.changed.wait_for(lambda: self.reads >= until, PATIENT_S)

    def wait_for_level(self, number: int, level: int) -> None:
        """Wait until a line has this level."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.level(number) == level, PATIENT_S)


class States(Notifier):
    """Notes each state of the door that systemd would be told of, when, and the turns until then."""

    def __init__(self, chip: TimedChip):
        super().__init__({})
        self._chip, self._changed = chip, threading.Condition()
        self._seen: list[tuple[str, float, int]] = []

    def status(self, text: str) -> None:
        with self._changed:
            self._seen.append((text, time.monotonic(), self._chip.reads))
            self._changed.notify_all()

    def wait_for(self, state: State) -> tuple[float, int]:
        """Wait until the door is in a state for the first time; gives the time, and the turns until then."""
        with self._changed:
            assert self._changed.wait_for(lambda: state.value in [text for text, *_ in self._seen], PATIENT_S)
            return next((at_s, turns) for text, at_s, turns in self._seen if text == state.value)


@dataclass(frozen=True)
class Whole:
    """A door that runs, and what can be seen of it."""

    door: Door
    chip: TimedChip
    camera: FakeCamera
    states: States

    def press(self) -> float:
        """Put a finger on the button, once the door is ready for it; gives when."""
        self.states.wait_for(State.READY)
        self.chip.wait_for_reads(ARMED_READS)
        at_s = time.monotonic()
        self.chip.lines[BUTTON].grounded = True
        return at_s

    def accepted(self) -> ButtonPress:
        """The press as the door took it: when the button had been down for its debounce time."""
        self.states.wait_for(State.UPLOADING)  # systemd hears of "capturing" before the press has its id
        press = self.door.counts.last_press
        assert press is not None
        return press

    def lamps_since(self, at_s: float) -> list[tuple[int, int]]:
        """What was switched at the lamps since then."""
        return [write for write, written_s in self.chip.timed() if written_s >= at_s and write[0] in LAMPS]

    def first_s(self, number: int, level: int, since_s: float) -> float:
        """When a line was first given a level, after that."""
        timed = self.chip.timed()
        return next(at_s for write, at_s in timed if write == (number, level) and at_s >= since_s)


def settings(url: str, **changed: object) -> DoorConfig:
    """The settings that a file would give, with a relay where the server is on this machine."""
    given = {
        "SERVER_URL": url,
        "SERVER_TOKEN_FILE": "/run/token",
        "LEDS_RESULT_S": 1,
        **({} if url == NAMED else {"RELAY_PIN": RELAY}),
        **changed,
    }
    return load_config(None, {f"PORTEIRO_DOOR_{name}": str(value) for name, value in given.items()})


@contextlib.contextmanager
def running(config: DoorConfig) -> Iterator[Whole]:
    """Run a door in a thread until the context ends."""
    chip = TimedChip()
    states, camera = States(chip), FakeCamera(PHOTOS, time.monotonic)
    camera.choose(PHOTO)
    server = HttpServer(config.server, TOKEN, BOOT, CLOCK)
    stop = threading.Event()
    with rpi_lgpio(chip), contextlib.closing(server):
        door = assemble(
            config,
            Outside(
                pins=open_pins(config.gpio, config.relay),
                camera=camera,
                server=server,
                notifier=states,
                clock=CLOCK,
                new_id=lambda: str(uuid.uuid4()),
                boot=BOOT,
            ),
        )
        thread = threading.Thread(target=door.run, args=(stop,))
        thread.start()
        try:
            yield Whole(door, chip, camera, states)
        finally:
            stop.set()
            thread.join(PATIENT_S)
            assert not thread.is_alive()


@pytest.mark.parametrize(
    ("outcome", "lamp", "opened"),
    [("known", GREEN, [(RELAY, HIGH)]), ("unknown", RED, [])],
    ids=["200 and JSON", "404 and JSON"],
)
def test_point_5_from_the_finger_over_http_to_the_lamp(
    outcome: str, lamp: int, opened: list[tuple[int, int]]
) -> None:
    with (
        HostileServer((Well(outcome=outcome),)) as server,
        running(settings(server.url)) as whole,
    ):
        whole.camera.break_by(CameraFault.HANG)  # no photo comes before the yellow lamp
        finger_s = whole.press()
        whole.chip.wait_for_level(YELLOW, HIGH)
        whole.camera.mend()
        for line, level in [(lamp, HIGH), *opened]:
            whole.chip.wait_for_level(line, level)
        accepted_s, lamps = whole.accepted().at_s, whole.lamps_since(finger_s)
        yellow_s = whole.first_s(YELLOW, HIGH, finger_s)
        relay = [write for write in whole.chip.writes if write == (RELAY, HIGH)]
        (asked,) = [request for request in server.requests if request.method == "POST"]

    # The 50 ms begin with the accepted press; before it the button must have been down for 20 ms.
    assert finger_s + DEBOUNCE_S <= accepted_s <= yellow_s <= accepted_s + AT_ONCE_S
    assert yellow_s <= finger_s + DEBOUNCE_S + AT_ONCE_S
    assert (lamps, relay) == ([(YELLOW, HIGH), (YELLOW, LOW), (lamp, HIGH)], opened)
    assert asked.parts()["file"] == ("door.jpg", "image/jpeg", (PHOTOS / PHOTO).read_bytes())
    assert [whole.chip.level(pin) for pin in (*LAMPS, RELAY)] == [LOW] * 4


def drips(talk: Talk) -> None:
    """Answers as it should, at a byte every now and then."""
    if talk.request.method == "POST":
        talk.drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", 0.1)
    else:
        Well()(talk)


@contextlib.contextmanager
def no_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it lasts no look-up of a name ends; gives what is set once one has begun."""
    begun, ended = threading.Event(), threading.Event()

    def hanging(*_: object, **__: object) -> Any:
        begun.set()
        ended.wait()
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    try:
        yield begun
    finally:
        ended.set()
        for thread in threading.enumerate():
            if thread.name in ("upload", "server"):
                thread.join(PATIENT_S)


def fails_at_its_deadline(whole: Whole) -> None:
    """Press, and see the press fail one second later, after many turns of the loop."""
    finger_s = whole.press()
    press = whole.accepted()
    _, turns_before = whole.states.wait_for(State.CAPTURING)
    failed_s, turns = whole.states.wait_for(State.FAILED)
    whole.chip.wait_for_reads(ARMED_READS)  # the loop goes on

    assert failed_s - press.at_s == pytest.approx(1.0, abs=0.3)
    assert turns - turns_before >= 50
    assert (YELLOW, HIGH) in whole.lamps_since(finger_s)
    assert not {(GREEN, HIGH), (RED, HIGH), (RELAY, HIGH)} & set(whole.chip.writes)


BRIEF = {"SERVER_DEADLINE_S": 1, "CAMERA_CAPTURE_TIMEOUT_S": 0.5}


def test_point_10_a_name_that_is_looked_up_without_end_fails_at_the_deadline_while_the_loop_turns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with no_names(monkeypatch) as begun, running(settings(NAMED, **BRIEF)) as whole:
        fails_at_its_deadline(whole)
        press, looked_up = whole.accepted(), begun.is_set()

    assert looked_up
    assert f"too_late press={press.id}: no answer in time." in caplog.text


def test_point_10_a_server_that_drips_fails_at_the_deadline_while_the_loop_turns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with HostileServer((drips,)) as server, running(settings(server.url, **BRIEF)) as whole:
        fails_at_its_deadline(whole)
        press = whole.accepted()
        asked = [request.method for request in server.requests].count("POST")

    assert asked == 1
    assert f"too_late press={press.id}: " in caplog.text
