import itertools

import pytest

from pi_client import lamps
from pi_client.lamps import BUZZER, GREEN, NOTHING, PATTERNS, RED, YELLOW, Lamp, Pattern

STEP_S = 0.01
WATCHED_S = 12.0  # twice the longest pattern


def course(pattern: Pattern) -> list[frozenset[Lamp]]:
    """What the three lamps show, every hundredth of a second."""
    return [pattern.at(number * STEP_S) - BUZZER for number in range(int(WATCHED_S / STEP_S))]


def flashes_per_second(pattern: Pattern) -> int:
    """Most flashes, a lamp going on, within any second."""
    shown = course(pattern)
    begins = [
        number
        for number, (before, now) in enumerate(itertools.pairwise(shown), 1)
        if any(lamp not in before for lamp in now)
    ]
    return max((sum(begin <= other < begin + 1 / STEP_S for other in begins) for begin in begins), default=0)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_point_19_no_pattern_flashes_more_than_three_times_a_second(pattern: Pattern) -> None:
    assert flashes_per_second(pattern) <= 3


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.combinations(PATTERNS, 2)), ids=lambda pattern: pattern.name
)
def test_point_19_patterns_differ_without_their_colours(one: Pattern, other: Pattern) -> None:
    # The lamps stand apart: their place, left, middle and right, is seen in black and white too.
    places = {Lamp.YELLOW: 0, Lamp.GREEN: 1, Lamp.RED: 2}
    seen = [[{places[lamp] for lamp in lit} for lit in course(pattern)] for pattern in (one, other)]

    assert seen[0] != seen[1]


def test_point_19_what_comes_without_a_press_differs_by_its_rhythm_alone() -> None:
    unasked = (lamps.IDLE, lamps.OFFLINE, lamps.STUCK, lamps.CAMERA)
    rhythms = [tuple(bool(lit) for lit in course(pattern)) for pattern in unasked]

    assert len(set(rhythms)) == len(unasked)


def test_two_red_winks_every_two_seconds() -> None:
    assert [lamps.CAMERA.at(second) for second in (0.0, 0.2, 0.45, 1.0, 2.1, 2.2)] == [
        RED, NOTHING, RED, NOTHING, RED, NOTHING,
    ]  # fmt: skip


def test_sound_is_heard_once_and_lamps_go_on() -> None:
    assert [lamps.REFUSED.at(second) for second in (0.0, 0.2, 0.35, 0.7, 1.0)] == [
        RED | BUZZER, RED, RED | BUZZER, NOTHING, RED,
    ]  # fmt: skip
    assert lamps.GRANTED.at(0.5) == GREEN | BUZZER
    assert lamps.GRANTED.at(2.9) == GREEN


def test_alternating_patterns_show_one_lamp_at_any_time() -> None:
    assert set(course(lamps.MISCONFIGURED)) == {RED, YELLOW}
