"""Turns: one at a time over all processes, with a rest after each, whatever clocks do."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Clock
from wsgi_app.base.errors import Busy, Unavailable
from wsgi_app.lab.turns import LONGEST_S, take_turn

HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from wsgi_app.lab.turns import take_turn
turn = take_turn(Path(sys.argv[1]), lambda: datetime.now(UTC))
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "turn.lock"


def have_turn(path: Path, clock: Clock, seconds: float = 0) -> None:
    """Take the turn, which has to be free, for so long."""
    turn = take_turn(path, clock.now)
    clock.advance(seconds)
    turn.give_back()


def wait_of(path: Path, clock: Clock) -> str:
    """What somebody is told who asks for the turn out of turn."""
    with pytest.raises(Busy) as refused:
        take_turn(path, clock.now)
    return refused.value.headers["Retry-After"]


def test_a_turn_is_one_persons_and_then_rests_for_as_long_as_it_took(path: Path, clock: Clock) -> None:
    first = take_turn(path, clock.now)
    clock.advance(2.5)
    during = wait_of(path, clock)
    first.give_back()
    after = wait_of(path, clock)
    clock.advance(1.75)
    late = wait_of(path, clock)
    clock.advance(0.75)

    assert (during, after, late) == ("6", "3", "1")
    have_turn(path, clock)


@pytest.mark.parametrize("seconds", [0.0, 0.3, LONGEST_S, 100.0])
def test_who_waits_as_long_as_told_gets_the_turn(path: Path, clock: Clock, seconds: float) -> None:
    have_turn(path, clock, seconds)

    if seconds:
        clock.advance(float(wait_of(path, clock)))

    have_turn(path, clock)


def test_a_turn_that_took_long_rests_for_a_while_only(path: Path, clock: Clock) -> None:
    have_turn(path, clock, 100)

    assert wait_of(path, clock) == "3"


def test_asking_does_not_lengthen_the_rest(path: Path, clock: Clock) -> None:
    have_turn(path, clock, 2)
    waits = [wait_of(path, clock) for _ in range(3)]
    clock.advance(2)

    assert waits == ["2", "2", "2"]
    have_turn(path, clock)


def test_a_turn_that_was_given_back_is_not_given_back_again(path: Path, clock: Clock) -> None:
    first = take_turn(path, clock.now)
    first.give_back()
    second = take_turn(path, clock.now)
    clock.advance(1)

    first.give_back()

    assert wait_of(path, clock) == "6"
    second.give_back()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_set_anew_keeps_nobody_waiting(path: Path, clock: Clock, hours: int) -> None:
    have_turn(path, clock, 2)
    clock.advance(3600 * hours)
    have_turn(path, clock)

    during = take_turn(path, clock.now)
    clock.advance(3600 * hours)
    during.give_back()

    clock.advance(LONGEST_S)
    have_turn(path, clock)


def test_the_rest_is_one_for_all_that_have_the_file(path: Path, clock: Clock) -> None:
    have_turn(path, clock, 2)

    assert path.stat().st_mtime == clock.now().timestamp() + 2


def test_a_process_that_is_killed_frees_the_turn(path: Path, clock: Clock) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"taken\n"
        during = wait_of(path, clock)
        holder.kill()

    assert (holder.returncode, during) == (-signal.SIGKILL, "6")
    have_turn(path, clock)


def test_the_folder_of_the_file_is_made(tmp_path: Path, clock: Clock) -> None:
    have_turn(tmp_path / "new" / "turn.lock", clock)

    assert (tmp_path / "new" / "turn.lock").is_file()


def test_where_there_can_be_no_file_nobody_has_a_turn_now(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(Unavailable, match="unavailable:turns"):
        take_turn(tmp_path / "taken" / "turn.lock", clock.now)
