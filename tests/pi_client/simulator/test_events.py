import logging
import threading
from dataclasses import replace

import pytest

from pi_client.simulator.events import KEPT_LINES, LONGEST_LINE, LogLines, News, NewsCursor, Watch
from pi_client.simulator.scene import Scene

PATIENCE_S = 10.0
READY = Scene("ready", "Ready.", "idle", (), relay=False, presses=0, ignored=0, chosen="")


def record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    return logging.makeLogRecord({"levelno": level, "levelname": logging.getLevelName(level), "msg": text})


def texts(lines: LogLines, after: int = 0) -> list[str]:
    return [line.text for line in lines.after(after)]


def test_the_latest_lines_are_kept() -> None:
    lines = LogLines()
    for number in range(KEPT_LINES + 50):
        lines.handle(record(f"line {number}"))

    assert texts(lines) == [f"line {number}" for number in range(50, KEPT_LINES + 50)]
    assert texts(lines, after=KEPT_LINES + 49) == [f"line {KEPT_LINES + 49}"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\ntwo\r\nthree", "one | two | three"),
        ("\x1b[2J\x07 gone", "?[2J? gone"),
        ("\u202eright to left", "?right to left"),
        ("x" * (LONGEST_LINE + 1), "x" * LONGEST_LINE),
        ("Olá, João", "Olá, João"),
    ],
)
def test_a_line_is_one_short_line_of_harmless_letters(text: str, shown: str) -> None:
    lines = LogLines()
    lines.handle(record(text))

    assert texts(lines) == [shown]


def test_a_line_has_its_level_and_a_traceback_in_one_line() -> None:
    lines, logger = LogLines(), logging.Logger("test")
    logger.addHandler(lines)
    try:
        int("wrong")
    except ValueError:
        logger.exception("failed")

    (line,) = lines.after(0)
    assert (line.level, line.text[:18], line.text[-7:]) == ("error", "failed | Traceback", "'wrong'")


@pytest.fixture
def scene() -> list[Scene]:
    """What is to be seen, to be changed by the test."""
    return [READY]


def wait_in_thread(watch: Watch, seen: NewsCursor) -> tuple[threading.Thread, list[News | None]]:
    heard: list[News | None] = []
    thread = threading.Thread(target=lambda: heard.append(watch.news(seen, PATIENCE_S)))
    thread.start()
    return thread, heard


def test_who_has_seen_nothing_hears_everything_at_once(scene: list[Scene]) -> None:
    lines = LogLines()
    lines.handle(record("first"))
    watch = Watch(lambda: scene[0], lines)

    news = watch.news(NewsCursor(), 0.0)

    assert news == News(READY, lines.after(0), NewsCursor(1, 1))
    assert watch.news(news.cursor, 0.0) is None


def test_a_change_of_the_scene_wakes(scene: list[Scene]) -> None:
    watch = Watch(lambda: scene[0], LogLines())
    watch.start()
    thread, heard = wait_in_thread(watch, NewsCursor(1, 0))

    scene[0] = replace(READY, lamps=("green",))
    thread.join(PATIENCE_S)
    watch.stop()

    assert heard == [News(scene[0], (), NewsCursor(2, 0))]


def test_a_line_wakes_and_only_new_ones_are_told(scene: list[Scene]) -> None:
    lines = LogLines()
    watch = Watch(lambda: scene[0], lines)
    lines.handle(record("old"))
    thread, heard = wait_in_thread(watch, NewsCursor(1, 1))

    lines.handle(record("new"))
    thread.join(PATIENCE_S)

    assert heard == [News(READY, lines.after(1), NewsCursor(1, 2))]
    assert texts(lines, after=1) == ["new"]


def test_the_last_change_is_seen_before_the_end(scene: list[Scene]) -> None:
    watch = Watch(lambda: scene[0], LogLines(), look_s=PATIENCE_S)
    watch.start()
    thread, heard = wait_in_thread(watch, NewsCursor(1, 0))

    scene[0] = replace(READY, state="stopped")
    watch.stop()
    thread.join(PATIENCE_S)

    assert heard == [News(scene[0], (), NewsCursor(2, 0))]
    assert watch.ended
    assert watch.news(NewsCursor(2, 0), PATIENCE_S) is None  # and nobody waits any more
