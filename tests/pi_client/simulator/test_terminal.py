import contextlib
import io
import logging
import os
import termios
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

import pytest

from pi_client.fakes.pins import FakePins
from pi_client.simulator.events import LogLines, Watch
from pi_client.simulator.hand import Hand
from pi_client.simulator.scene import Scene
from pi_client.simulator.terminal import Terminal
from tests.pi_client.simulator.staging import PATIENCE_S

READY = Scene("ready", "Ready.", "idle", (), relay=False, presses=0, ignored=0, chosen="a.jpg")
XTERM = {"TERM": "xterm"}


class Photos:
    """Three photos that are none."""

    is_live, chosen = False, "b"

    def __init__(self) -> None:
        self.seen = threading.Semaphore(0)

    def choices(self) -> tuple[str, ...]:
        return ("a", "b", "c")

    def choose(self, name: str) -> None:
        self.chosen = name
        self.seen.release()

    def picture(self) -> bytes:
        raise NotImplementedError

    def thumbnail(self, name: str) -> bytes:
        raise NotImplementedError


class Room:
    """A watch over a scene that the test changes, and a hand."""

    def __init__(self) -> None:
        self.scene, self.lines = READY, LogLines()
        self.watch = Watch(lambda: self.scene, self.lines)
        self.device, self.photos, self.stop = FakePins(), Photos(), threading.Event()
        self.pressed = threading.Event()
        self.hand = Hand(self.device, self.photos, self.stop, lambda _, job: self.pressed.set())

    def log(self, text: str) -> None:
        self.lines.handle(logging.makeLogRecord({"levelno": 20, "levelname": "INFO", "msg": text}))


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    room.watch.start()
    yield room
    room.watch.stop()


@pytest.fixture
def tty() -> Iterator[tuple[int, TextIO]]:
    """A terminal: the person's end, and the program's."""
    person, program = os.openpty()
    with os.fdopen(program, "r+b", buffering=0) as file, io.TextIOWrapper(file, encoding="utf-8") as text:
        yield person, text
    with contextlib.suppress(OSError):
        os.close(person)


def read_until(person: int, wanted: str) -> str:
    seen = b""
    while wanted not in (text := seen.decode(errors="replace")):
        seen += os.read(person, 4096)
    return text


def test_lamps_and_log_are_drawn_and_the_line_is_written_anew(room: Room, tty: tuple[int, TextIO]) -> None:
    person, screen = tty
    with Terminal(room.watch, room.hand, {**XTERM, "NO_COLOR": "1"}, screen, screen):
        begin = read_until(person, "a.jpg")
        room.scene = replace(READY, lamps=("green",), relay=True)
        lit = read_until(person, "● come in")
        room.log("granted")
        logged = read_until(person, "granted\r\n")

    assert begin.splitlines()[0] == "space: press    n, p: next or previous photo    q: quit"
    assert "○ come in" in begin
    assert "\r\x1b[K" in lit
    assert "\n" not in lit
    assert "INFO" in logged


def test_keys_press_choose_and_quit(room: Room, tty: tuple[int, TextIO]) -> None:
    person, screen = tty
    with Terminal(room.watch, room.hand, XTERM, screen, screen):
        read_until(person, "a.jpg")
        os.write(person, b" ")
        assert room.pressed.wait(PATIENCE_S)
        assert room.device.button_is_down()
        os.write(person, b"xn")
        assert room.photos.seen.acquire(timeout=PATIENCE_S)
        assert room.photos.chosen == "c"
        os.write(person, b"\x1b[D")
        assert room.photos.seen.acquire(timeout=PATIENCE_S)
        assert room.photos.chosen == "b"
        os.write(person, b"q")
        assert room.stop.wait(PATIENCE_S)


def test_enter_presses_too(room: Room, tty: tuple[int, TextIO]) -> None:
    person, screen = tty
    with Terminal(room.watch, room.hand, XTERM, screen, screen):
        read_until(person, "a.jpg")
        os.write(person, b"\r")
        assert room.pressed.wait(PATIENCE_S)


def test_whatever_happens_the_terminal_is_given_back(room: Room, tty: tuple[int, TextIO]) -> None:
    person, screen = tty
    before = termios.tcgetattr(screen.fileno())

    with pytest.raises(KeyboardInterrupt), Terminal(room.watch, room.hand, XTERM, screen, screen):  # noqa: PT012
        read_until(person, "a.jpg")
        within = termios.tcgetattr(screen.fileno())
        raise KeyboardInterrupt

    assert within[3] & (termios.ICANON | termios.ECHO) == 0
    assert termios.tcgetattr(screen.fileno()) == before
    assert read_until(person, "\x1b[?25h").count("\x1b[?25l") == 0  # the cursor is shown again


def test_without_a_terminal_each_change_gets_a_line(room: Room) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    with Terminal(room.watch, room.hand, XTERM, screen, io.StringIO()):
        room.log("olá")
        room.scene = replace(READY, words="Come in.", pattern="granted", relay=True)
        room.watch.stop()  # looks a last time

    lines = screen.buffer.getvalue().decode().splitlines()
    assert lines[-1] == "Come in. [granted] door OPEN"
    assert [line[9:] for line in lines if "INFO" in line] == ["INFO    ol?"]
    assert not any("\x1b" in line or "space" in line for line in lines)


def test_a_reader_of_the_lines_may_go_away(room: Room) -> None:
    read, write = os.pipe()
    os.close(read)
    screen = io.TextIOWrapper(os.fdopen(write, "wb", buffering=0), encoding="utf-8", write_through=True)
    with contextlib.suppress(BrokenPipeError), screen:
        with Terminal(room.watch, room.hand, XTERM, screen, io.StringIO()):
            room.log("nobody reads this")
        room.hand.quit()

    assert room.stop.is_set()  # nothing was raised before
