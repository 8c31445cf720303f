import io
import logging
from collections.abc import Iterator

import pytest

from pi_client.logs import set_up_logs


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, client = logging.getLogger(), logging.getLogger("urllib3")
    handlers, levels = root.handlers[:], (root.level, client.level)
    root.handlers[:] = []
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    client.setLevel(levels[1])


@pytest.mark.parametrize(
    ("level", "line"),
    [
        (logging.CRITICAL, "<2>what happened\n"),
        (logging.ERROR, "<3>what happened\n"),
        (logging.WARNING, "<4>what happened\n"),
        (logging.INFO, "<6>what happened\n"),
        (logging.DEBUG, "<7>what happened\n"),
    ],
)
def test_the_journal_gets_levels_in_its_own_way(level: int, line: str) -> None:
    stream = io.StringIO()
    set_up_logs("DEBUG", journal=True, stream=stream)
    logging.getLogger("porteiro.door").log(level, "what %s", "happened")

    assert stream.getvalue() == line


def test_a_traceback_is_one_line_of_the_journal() -> None:
    stream = io.StringIO()
    set_up_logs("INFO", journal=True, stream=stream)
    try:
        int("odd")
    except ValueError:
        logging.getLogger("porteiro.door").exception("it failed")

    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().startswith("<3>it failed | Traceback")


def test_a_person_gets_time_and_level_and_nothing_below_the_level_asked_for() -> None:
    stream = io.StringIO()
    set_up_logs("WARNING", journal=False, stream=stream)
    logging.getLogger("porteiro.door").info("unheard")
    logging.getLogger("porteiro.door").warning("heard")

    assert stream.getvalue().endswith(" WARNING heard\n")
    assert "unheard" not in stream.getvalue()
