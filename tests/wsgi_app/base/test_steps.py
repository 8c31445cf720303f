from collections.abc import Callable

import pytest

from wsgi_app.base.steps import Steps


def clock_that_reads(*seconds: float) -> Callable[[], float]:
    """A clock whose readings are known beforehand."""
    return iter(seconds).__next__


def test_a_step_lasts_from_its_beginning_to_its_end() -> None:
    steps = Steps(clock_that_reads(0.0, 1.0, 1.25))
    with steps("decode"):
        pass
    assert steps.seconds == {"decode": 0.25}


def test_the_same_step_twice_adds_up_and_others_stay_apart() -> None:
    steps = Steps(clock_that_reads(0.0, 1.0, 2.0, 3.0, 5.0, 6.0, 10.0))
    for name in ("embed", "match", "embed"):
        with steps(name):
            pass
    assert steps.seconds == {"embed": 5.0, "match": 2.0}


def test_a_step_inside_another_counts_for_both() -> None:
    steps = Steps(clock_that_reads(0.0, 1.0, 2.0, 4.0, 8.0))
    with steps("store"), steps("photo"):
        pass
    assert steps.seconds == {"photo": 2.0, "store": 7.0}


def test_a_step_that_fails_is_timed_too_and_its_error_goes_on() -> None:
    steps = Steps(clock_that_reads(0.0, 1.0, 4.0))
    with pytest.raises(ValueError, match="broken"), steps("decode"):
        raise ValueError("broken")
    assert steps.seconds == {"decode": 3.0}


def test_the_stopwatch_runs_from_when_it_was_made() -> None:
    steps = Steps(clock_that_reads(100.0, 100.5, 102.0))
    assert [steps.elapsed_s(), steps.elapsed_s()] == [0.5, 2.0]


def test_a_log_line_gets_milliseconds_with_two_digits() -> None:
    steps = Steps(clock_that_reads(0.0, 0.0, 0.0012345, 1.0, 2.0))
    for name in ("align", "embed"):
        with steps(name):
            pass
    assert steps.milliseconds() == {"align_ms": 1.23, "embed_ms": 1000.0}


def test_nothing_timed_gives_nothing_to_log() -> None:
    assert Steps(clock_that_reads(0.0)).milliseconds() == {}
