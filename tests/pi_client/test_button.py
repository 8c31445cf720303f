from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pi_client.button import Button, ButtonEvent

PRESSED, RELEASED, STUCK = ButtonEvent.PRESSED, ButtonEvent.RELEASED, ButtonEvent.STUCK
UP, DOWN = False, True
Course = list[tuple[bool, int]]  # up or down, for so many milliseconds


def events(course: Course, poll_ms: float = 5) -> list[ButtonEvent]:
    """What a button makes of a course of levels, sampled evenly."""
    return [event for _, event in timed_events(course, [poll_ms])]


def timed_events(course: Course, polls_ms: list[float]) -> list[tuple[float, ButtonEvent]]:
    """The same with its times, ms, sampled at the given distances, which repeat."""
    button, ends, total = Button(debounce_s=0.020, stuck_s=10.0), [], 0
    for level, duration_ms in course:
        total += duration_ms
        ends.append((total, level))
    found, now_ms, number = [], 0.0, 0
    while now_ms < total:
        level = next(level for end, level in ends if now_ms < end)
        event = button.sample(now_ms / 1000, down=level)
        if event:
            found.append((now_ms, event))
        now_ms += polls_ms[number % len(polls_ms)]
        number += 1
    return found


def test_point_4_a_press_and_a_release() -> None:
    assert events([(UP, 100), (DOWN, 80), (UP, 100)]) == [PRESSED, RELEASED]


def test_point_4_bouncing_is_one_press() -> None:
    bounces: Course = [(UP, 100), *[(DOWN, 3), (UP, 2)] * 4, (DOWN, 80), *[(UP, 2), (DOWN, 3)] * 4, (UP, 100)]

    assert events(bounces) == [PRESSED, RELEASED]


def test_point_4_a_glitch_of_ten_milliseconds_is_nothing() -> None:
    assert events([(UP, 100), (DOWN, 10), (UP, 200)]) == []


def test_point_4_held_at_boot_rings_at_nobodys_door() -> None:
    assert events([(DOWN, 12_000), (UP, 100), (DOWN, 80), (UP, 100)]) == [STUCK, PRESSED, RELEASED]


def test_point_4_stuck_is_told_once_and_armed_again_by_the_release() -> None:
    assert events([(UP, 50), (DOWN, 25_000), (UP, 100), (DOWN, 80), (UP, 100)]) == [
        PRESSED, STUCK, RELEASED, PRESSED, RELEASED,
    ]  # fmt: skip


@given(
    st.integers(40, 200),
    st.lists(st.floats(1, 9), min_size=1, max_size=40),
)
def test_point_4_every_tap_of_40_to_200_ms_is_one_press_however_the_polls_jitter(
    tap_ms: int, polls_ms: list[float]
) -> None:
    found = timed_events([(UP, 100), (DOWN, tap_ms), (UP, 200)], polls_ms)

    assert [event for _, event in found] == [PRESSED, RELEASED]
    assert found[0][0] <= 100 + 20 + 9 + 9


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=60),
    st.lists(st.floats(1, 9), min_size=1, max_size=40),
)
def test_point_4_presses_and_releases_take_turns_whatever_the_contact_does(
    course: Course, polls_ms: list[float]
) -> None:
    found = [event for _, event in timed_events([(UP, 100), *course, (UP, 100)], polls_ms)]

    assert all(one is not other for one, other in pairwise(found))
    assert found == [PRESSED, RELEASED] * (len(found) // 2)
