import io
from dataclasses import replace

import pytest

from pi_client.simulator.drawing import Style, change_line, log_line, status_line, style_of
from pi_client.simulator.events import LogLine
from pi_client.simulator.scene import Scene

READY = Scene(
    "ready", "Ready. Press the button.", "idle", (), relay=False, presses=0, ignored=0, chosen="ana.jpg"
)
GRANTED = replace(READY, words="Come in.", pattern="granted", lamps=("buzzer", "green"), relay=True)
PLAIN, SHAPES, COLOURS = Style(True, False, False), Style(True, False, True), Style(True, True, True)


class Screen(io.TextIOWrapper):
    """A screen of an encoding, a terminal or none."""

    def __init__(self, encoding: str, *, terminal: bool):
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("encoding", "terminal", "environ", "style"),
    [
        ("utf-8", True, {"TERM": "xterm"}, Style(rewrites=True, colours=True, shapes=True)),
        ("ascii", True, {"TERM": "xterm"}, Style(rewrites=True, colours=True, shapes=False)),
        ("utf-8", True, {"TERM": "xterm", "NO_COLOR": "1"}, Style(rewrites=True, colours=False, shapes=True)),
        ("utf-8", True, {"TERM": "xterm", "NO_COLOR": ""}, Style(rewrites=True, colours=True, shapes=True)),
        ("utf-8", True, {"TERM": "dumb"}, Style(rewrites=False, colours=False, shapes=True)),
        ("utf-8", True, {}, Style(rewrites=False, colours=False, shapes=True)),
        ("utf-8", False, {"TERM": "xterm"}, Style(rewrites=False, colours=False, shapes=True)),
    ],
)
def test_a_screen_is_asked_for_no_more_than_it_can(
    encoding: str, terminal: bool, environ: dict[str, str], style: Style
) -> None:
    assert style_of(Screen(encoding, terminal=terminal), environ) == style


@pytest.mark.parametrize(
    ("scene", "style", "line"),
    [
        (READY, SHAPES, "○ wait  ○ come in  ○ no entry     door shut  Ready. Press the button.  ana.jpg"),
        (GRANTED, SHAPES, "○ wait  ● come in  ○ no entry  ♪  door OPEN  Come in.  ana.jpg"),
        (GRANTED, PLAIN, "( ) wait  (G) come in  ( ) no entry  !  door OPEN  Come in.  ana.jpg"),
    ],
)
def test_the_lamps_are_told_apart_without_colours(scene: Scene, style: Style, line: str) -> None:
    assert status_line(scene, style, 120) == line


def test_what_is_lit_is_bright_and_coloured() -> None:
    line = status_line(GRANTED, COLOURS, 120)

    assert "\x1b[2m○ wait  \x1b[0m\x1b[1;32m● come in  \x1b[0m\x1b[2m○ no entry  \x1b[0m" in line


@pytest.mark.parametrize("width", [0, 1, 2, 20, 40])
def test_a_narrow_screen_cuts_the_line(width: int) -> None:
    assert status_line(GRANTED, SHAPES, width) == status_line(GRANTED, SHAPES, 120)[: max(0, width - 1)]


def test_a_change_has_a_line_of_its_own_where_none_can_be_written_anew() -> None:
    assert change_line(GRANTED) == "Come in. [granted] door OPEN"


def test_the_level_of_a_log_line_is_coloured() -> None:
    line = LogLine(1, "12:00:00", "error", "no photo")

    assert log_line(line, PLAIN) == "12:00:00 ERROR   no photo"
    assert log_line(line, COLOURS) == "\x1b[31m12:00:00 ERROR   no photo\x1b[0m"
