"""The simulated device in a terminal: its lamps in a line, the log above it, keys for fingers."""

import contextlib
import importlib
import os
import select
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TextIO

from pi_client.simulator.drawing import HELP, Style, change_line, log_line, status_line, style_of
from pi_client.simulator.events import News, NewsCursor, Watch
from pi_client.simulator.hand import Hand

LISTENING_S = 0.1
MOST_AT_ONCE = 64
HIDE_CURSOR, SHOW_CURSOR, CLEAR_LINE = "\x1b[?25l", "\x1b[?25h", "\r\x1b[K"

Key = Callable[[Hand], None]

KEYS: dict[bytes, Key] = {
    b" ": Hand.press,
    b"\r": Hand.press,
    b"\n": Hand.press,
    b"n": Hand.next,
    b"p": Hand.previous,
    b"q": Hand.quit,
}
ARROWS: dict[bytes, Key] = {b"\x1b[C": Hand.next, b"\x1b[D": Hand.previous}


class Screen:
    """Draws what changes."""

    def __init__(self, stream: TextIO, style: Style, width: Callable[[], int]):
        self._stream, self._style, self._width = stream, style, width
        self._shown = ""

    def begin(self, *, with_keys: bool) -> None:
        """Say which keys there are, and hide the cursor where a line is written anew."""
        help_line = f"{HELP}\n" if with_keys else ""
        self._write(help_line + (HIDE_CURSOR if self._style.rewrites else ""))

    def show(self, news: News) -> None:
        """Draw the scene, and the new lines of the log above it."""
        log = "".join(f"{log_line(line, self._style)}\n" for line in news.lines)
        if self._style.rewrites:
            self._write(CLEAR_LINE + log + status_line(news.scene, self._style, self._width()))
            return
        change = change_line(news.scene)
        self._write(log + (f"{change}\n" if change != self._shown else ""))
        self._shown = change

    def end(self) -> None:
        """Leave the terminal as it was found."""
        self._write(f"\n{SHOW_CURSOR}" if self._style.rewrites else "")

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "ascii"
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more, or it was closed
            self._stream.write(text.encode(encoding, "replace").decode(encoding))
            self._stream.flush()


class Terminal:
    """A context in which the terminal is the device's; whatever happens, it is given back as it was."""

    def __init__(
        self,
        watch: Watch,
        hand: Hand,
        environ: Mapping[str, str],
        screen: TextIO = sys.stdout,
        keyboard: TextIO = sys.stdin,
    ):
        """Nothing is drawn yet.

        Args:
            watch: tells what changes; started and stopped by others.
            hand: does what the keys say.
            environ: such as ``os.environ``, of which ``TERM`` and ``NO_COLOR`` count.
            screen: is drawn on.
            keyboard: is read where it is a terminal.
        """
        self._watch, self._hand, self._keyboard = watch, hand, keyboard
        self._screen = Screen(screen, style_of(screen, environ), lambda: _columns(screen))
        self._leaving = threading.Event()
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> "Terminal":
        with contextlib.ExitStack() as undo:
            file = undo.enter_context(_keys_at_once(self._keyboard))
            undo.callback(self._screen.end)
            self._screen.begin(with_keys=file is not None)
            undo.callback(self._start(self._draw))
            if file is not None:
                undo.callback(self._start(lambda: self._read(file)))
            undo.callback(self._leaving.set)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    def _start(self, job: Callable[[], None]) -> Callable[[], None]:
        thread = threading.Thread(target=job, name="terminal", daemon=True)
        thread.start()
        return thread.join

    def _draw(self) -> None:
        seen = NewsCursor()
        while True:
            leaving = self._leaving.is_set()
            news = self._watch.news(seen, 0.0 if leaving else LISTENING_S)
            if news:
                seen = news.cursor
                self._screen.show(news)
            elif leaving or self._watch.ended:
                return

    def _read(self, file: int) -> None:
        while not self._leaving.is_set():
            try:
                if not select.select([file], [], [], LISTENING_S)[0]:
                    continue
                typed = os.read(file, MOST_AT_ONCE)
            except (OSError, ValueError):
                return
            if not typed:
                return
            for key in _keys(typed):
                key(self._hand)


def _keys(typed: bytes) -> list[Key]:
    if typed.startswith(b"\x1b"):  # an arrow, or a key whose letters are none of ours
        return [ARROWS[typed]] if typed in ARROWS else []
    letters = (typed[index : index + 1] for index in range(len(typed)))
    return [KEYS[letter] for letter in letters if letter in KEYS]


@contextlib.contextmanager
def _keys_at_once(keyboard: TextIO) -> Iterator[int | None]:
    """The keyboard's file, giving each key as it is typed; ``None`` where there is no terminal."""
    modes = _terminal_modes(keyboard)
    if modes is None:
        yield None
        return
    termios, file = modes, keyboard.fileno()
    before = termios.tcgetattr(file)
    try:
        importlib.import_module("tty").setcbreak(file)
        yield file
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def _terminal_modes(keyboard: TextIO) -> Any:
    # Windows has no such module: there the page is enough.
    try:
        return importlib.import_module("termios") if keyboard.isatty() else None
    except (ImportError, ValueError):
        return None


def _columns(screen: TextIO) -> int:
    try:
        return os.get_terminal_size(screen.fileno()).columns or 80
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns
