"""The simulated device in one line of text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from pi_client.lamps import Lamp
from pi_client.simulator.events import LogLine
from pi_client.simulator.scene import Scene

HELP = "space: press    n, p: next or previous photo    q: quit"
DIM, BOLD = "2", "1"


@dataclass(frozen=True)
class Style:
    """What a screen can show.

    Attributes:
        rewrites: a line can be written anew; otherwise each change gets a line of its own.
        colours: and brightness.
        shapes: letters beyond ASCII.
    """

    rewrites: bool
    colours: bool
    shapes: bool


# By place, from left to right: the lamp, its letter, what it says, its colour.
LAMPS = (
    (Lamp.YELLOW, "Y", "wait", "1;33"),
    (Lamp.GREEN, "G", "come in", "1;32"),
    (Lamp.RED, "R", "no entry", "1;31"),
)
LEVEL_COLOURS = {"warning": "33", "error": "31", "critical": "1;31"}


def style_of(screen: TextIO, environ: Mapping[str, str]) -> Style:
    """What this screen can show; ``NO_COLOR`` is obeyed (no-color.org)."""
    rewrites = screen.isatty() and environ.get("TERM", "") not in ("", "dumb")
    try:
        "●○♪".encode(screen.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        shapes = False
    else:
        shapes = True
    return Style(rewrites, colours=rewrites and not environ.get("NO_COLOR"), shapes=shapes)


def status_line(scene: Scene, style: Style, width: int) -> str:
    """Lamps, door, photo and words, cut to the screen's width."""
    parts = [(f"{_lamp(scene, style, *lamp[:3])}  ", _colour(scene, lamp)) for lamp in LAMPS]
    sound = "♪" if style.shapes else "!"
    parts.append((f"{sound if Lamp.BUZZER.value in scene.lamps else ' '}  ", ""))
    parts.append((f"door {'OPEN' if scene.relay else 'shut'}  ", BOLD if scene.relay else DIM))
    parts.append((scene.words, BOLD))
    parts.append((f"  {scene.chosen}", DIM))
    return _cut(parts, width, colours=style.colours)


def change_line(scene: Scene) -> str:
    """A line of its own for a change, where no line can be written anew."""
    return f"{scene.words} [{scene.pattern}] door {'OPEN' if scene.relay else 'shut'}"


def log_line(line: LogLine, style: Style) -> str:
    """A line of the log."""
    text = f"{line.clock} {line.level.upper():7} {line.text}"
    colour = LEVEL_COLOURS.get(line.level, "")
    return _painted(text, colour if style.colours else "")


def _lamp(scene: Scene, style: Style, lamp: Lamp, letter: str, word: str) -> str:
    lit = lamp.value in scene.lamps
    if style.shapes:
        return f"{'●' if lit else '○'} {word}"
    return f"({letter if lit else ' '}) {word}"


def _colour(scene: Scene, lamp: tuple[Lamp, str, str, str]) -> str:
    return lamp[3] if lamp[0].value in scene.lamps else DIM


def _cut(parts: list[tuple[str, str]], width: int, *, colours: bool) -> str:
    # One column less: a letter in the last one would begin a new line on some terminals.
    left, shown = max(0, width - 1), []
    for text, colour in parts:
        shown.append(_painted(text[:left], colour if colours else ""))
        left -= len(text[:left])
    return "".join(shown)


def _painted(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour and text else text
