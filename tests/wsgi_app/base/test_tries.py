"""From when on refusals in a row make a door wait, and for how long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.tries import Series, TryRule, begun, is_try

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
FRONT = DoorId(DoorKind.DEVICE, "front")
RULE = TryRule(tries=3, window=timedelta(minutes=10), longest_wait_s=30)
KNOWN, UNKNOWN, NOT_NOW, NO_FACE = Outcome.KNOWN, Outcome.UNKNOWN, Outcome.NOT_NOW, Outcome.NO_FACE


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def series_of(tries: int) -> Series:
    return Series(FRONT, ago(60), NOW, tries)


def test_each_further_try_doubles_the_wait_up_to_the_longest() -> None:
    assert [RULE.wait_s(tries) for tries in range(9)] == [0, 0, 0, 4, 8, 16, 30, 30, 30]


@given(st.integers(0, 100), st.integers(1, 30), st.integers(0, 2**60))
def test_no_door_ever_waits_longer_than_its_rule_says(begin: int, longest_s: int, tries: int) -> None:
    assert 0 <= TryRule(begin, longest_wait_s=longest_s).wait_s(tries) <= longest_s


def test_it_is_told_as_it_begins_and_each_time_that_it_has_doubled() -> None:
    assert [tries for tries in range(3, 50) if RULE.is_told(tries)] == [3, 6, 12, 24, 48]


def test_nobody_is_ever_slowed_where_no_number_of_tries_is_set() -> None:
    never = replace(RULE, tries=0)

    assert (never.wait_s(1000), series_of(1000).goes_on(never, NOW)) == (0, False)


def test_ten_friends_before_a_door_are_not_slowed_by_default() -> None:
    friends = [(ago(10 * number), UNKNOWN, None) for number in range(1, 10)]

    assert begun(FRONT, NOW, friends, TryRule()) is None


@pytest.mark.parametrize(
    ("outcomes", "tries"),
    [
        ([], None),
        ([UNKNOWN], None),
        ([UNKNOWN, UNKNOWN], 3),
        ([UNKNOWN, NOT_NOW], 3),
        ([UNKNOWN, UNKNOWN, UNKNOWN], 4),
        ([UNKNOWN, KNOWN, UNKNOWN], None),  # somebody was let in between
        ([UNKNOWN, UNKNOWN, KNOWN], 3),
        ([NO_FACE, Outcome.TOO_DARK, Outcome.SEVERAL_PEOPLE, Outcome.BLURRED], None),  # nothing was compared
        ([UNKNOWN, NO_FACE, UNKNOWN], 3),
    ],
)
def test_refusals_of_a_compared_face_count_since_somebody_was_let_in(
    outcomes: list[Outcome], tries: int | None
) -> None:
    recent = [(ago(10 * number), outcome, None) for number, outcome in enumerate(outcomes, 1)]

    series = begun(FRONT, NOW, recent, RULE)

    assert (None if series is None else series.tries) == tries


def test_a_series_is_since_the_first_of_its_tries() -> None:
    seen = [(5, UNKNOWN), (7, NO_FACE), (9, UNKNOWN), (11, KNOWN), (13, UNKNOWN)]

    series = begun(FRONT, NOW, [(ago(seconds), outcome, None) for seconds, outcome in seen], RULE)

    assert series == Series(FRONT, ago(9), NOW, 3)


@pytest.mark.parametrize(
    ("outcome", "reason", "counts"),
    [
        (UNKNOWN, None, True),
        (UNKNOWN, Reason.MARGIN, True),
        (UNKNOWN, Reason.NOT_AGREED, True),
        (
            UNKNOWN,
            Reason.FEW_PHOTOS,
            False,
        ),  # a friend, of whom too few photos came
        (NOT_NOW, None, True),
        (KNOWN, None, False),
        (NO_FACE, None, False),
    ],
)
def test_who_is_like_enough_and_sent_too_few_photos_has_tried_nothing(
    outcome: Outcome, reason: Reason | None, *, counts: bool
) -> None:
    assert is_try(outcome, reason) is counts
    series = begun(FRONT, NOW, [(ago(5), outcome, reason), (ago(9), UNKNOWN, None)], RULE)
    assert (series is not None) is counts


@pytest.mark.parametrize(
    ("passed_s", "wait_s"), [(0, 4), (0.1, 4), (3, 1), (3.9, 1), (4, 0), (500, 0), (-0.1, 0), (-3600, 0)]
)
def test_a_door_waits_from_its_last_try_on_and_never_for_a_clock_that_was_set_back(
    passed_s: float, wait_s: int
) -> None:
    assert series_of(3).wait_s(RULE, NOW + timedelta(seconds=passed_s)) == wait_s


@pytest.mark.parametrize(
    ("tries", "passed_s", "goes_on"), [(3, 0, True), (3, 600, True), (3, 601, False), (2, 0, False)]
)
def test_a_series_is_over_after_a_window_without_a_try(tries: int, passed_s: float, goes_on: bool) -> None:
    assert series_of(tries).goes_on(RULE, NOW + timedelta(seconds=passed_s)) is goes_on
