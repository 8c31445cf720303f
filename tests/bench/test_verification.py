import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.verification import (
    Scores,
    accuracy_at,
    best_accuracy,
    best_threshold,
    fold_accuracies,
    is_supported,
    roc,
    standard_error,
    threshold_at,
    true_accept_rate,
)

NONE = np.array([], np.float32)

at_any_speed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Scores as they come: cosines of either precision, many of them equal.
some_scores = st.builds(
    np.array,
    st.lists(
        st.sampled_from([-1.0, -0.5, 0.0, 0.1, 0.3, 0.7, 1.0]) | st.floats(-1, 1, width=32),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from([np.float32, np.float64]),
)


def scores(*values: float) -> Scores:
    return np.array(values, np.float32)


def every_threshold(*kinds: Scores) -> list[float]:
    """One threshold for each way to part the scores."""
    different = np.unique(np.concatenate(kinds))
    return [-math.inf, *(float(np.nextafter(score, np.inf)) for score in different)]


# Thresholds for a false-accept rate


@pytest.mark.parametrize(
    ("rate", "passing"),
    [(0, 0), (0.09, 0), (0.1, 1), (0.19, 1), (0.3, 3), (0.9, 9), (1, 10)],
)
def test_at_a_rate_that_share_of_the_impostors_passes(rate: float, passing: int) -> None:
    impostors = np.linspace(-0.2, 0.7, 10)

    assert np.count_nonzero(impostors >= threshold_at(impostors, rate)) == passing


def test_a_rate_that_a_float_cannot_hold_counts_as_what_it_says() -> None:
    impostors = np.linspace(0, 1, 100)  # 0.29 * 100 is 28.999999999999996

    assert np.count_nonzero(impostors >= threshold_at(impostors, 0.29)) == 29


def test_equal_impostors_pass_together_or_not_at_all() -> None:
    impostors = scores(0.1, 0.4, 0.4, 0.4, 0.6)

    passing = [np.count_nonzero(impostors >= threshold_at(impostors, share / 5)) for share in range(6)]

    assert passing == [0, 1, 1, 1, 4, 5]


@at_any_speed
@given(impostors=some_scores, rate=st.floats(0, 1))
def test_a_threshold_is_the_least_that_keeps_to_its_rate(impostors: Scores, rate: float) -> None:
    threshold = threshold_at(impostors, rate)

    assert np.mean(impostors >= threshold) <= rate + 1e-9
    looser = [lower for lower in every_threshold(impostors) if lower < threshold]
    assert all(np.mean(impostors >= lower) > rate for lower in looser)


def test_the_genuine_above_the_threshold_are_accepted() -> None:
    genuine, impostors = scores(0.3, 0.5, 0.7, 0.9), scores(0.1, 0.2, 0.3, 0.6)

    assert [true_accept_rate(genuine, impostors, rate) for rate in (0, 0.25, 0.5, 1)] == [0.5, 0.75, 1, 1]


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_a_rate_is_a_share(rate: float) -> None:
    with pytest.raises(ValueError, match="A rate lies from 0 to 1"):
        threshold_at(scores(0.1, 0.2), rate)


@pytest.mark.parametrize(
    ("impostors", "rate", "supported"),
    [(3000, 0.01, True), (3000, 0.001, False), (10_000, 0.001, True), (99, 0.1, False), (100, 0.1, True)],
)
def test_a_rate_needs_ten_impostors_that_pass(impostors: int, rate: float, supported: bool) -> None:
    assert is_supported(impostors, rate) is supported


# Accuracy


@pytest.mark.parametrize(
    ("genuine", "impostors", "threshold", "accuracy"),
    [
        (scores(0.6, 0.8), scores(0.1, 0.3), 0.45, 1.0),  # midway
        (scores(0.2, 0.8), scores(0.1, 0.3), 0.55, 0.75),  # of two places as good, the higher
        (scores(0.5, 0.5), scores(0.5), 0.5, 2 / 3),  # all equal: everybody passes
        (scores(0.5), scores(0.5, 0.5), float(np.nextafter(np.float32(0.5), 1)), 2 / 3),  # or nobody
        (scores(0.5), scores(0.5), float(np.nextafter(np.float32(0.5), 1)), 0.5),
        (scores(0.2), scores(0.4), float(np.nextafter(np.float32(0.4), 1)), 0.5),
        (scores(0.2, 0.4), NONE, 0.2, 1.0),
        (NONE, scores(0.2, 0.4), float(np.nextafter(np.float32(0.4), 1)), 1.0),
    ],
)
def test_the_best_threshold_parts_the_kinds(
    genuine: Scores, impostors: Scores, threshold: float, accuracy: float
) -> None:
    assert best_threshold(genuine, impostors) == pytest.approx(threshold, abs=1e-7)
    assert best_accuracy(genuine, impostors) == pytest.approx(accuracy)


def test_neighbouring_floats_are_parted_too() -> None:
    low = np.float32(0.5)
    high = float(np.nextafter(low, np.float32(1)))

    assert best_accuracy(scores(high), scores(float(low))) == 1.0


@at_any_speed
@given(genuine=some_scores, impostors=some_scores)
def test_no_threshold_is_better_than_the_best(genuine: Scores, impostors: Scores) -> None:
    genuine = genuine.astype(impostors.dtype)
    tried = [accuracy_at(genuine, impostors, threshold) for threshold in every_threshold(genuine, impostors)]

    assert best_accuracy(genuine, impostors) == max(tried)


def test_each_fold_is_judged_by_the_others() -> None:
    same = np.array([True, False] * 3)
    folds = np.array([7, 7, 2, 2, 5, 5])
    likeness = scores(0.9, 0.1, 0.4, 0.3, 0.8, 0.2)

    # The best thresholds without fold 2, 5 and 7 are 0.5, 0.35 and 0.35.
    assert fold_accuracies(likeness, same, folds).tolist() == [0.5, 1, 1]


def test_one_fold_has_no_others() -> None:
    with pytest.raises(ValueError, match="two folds"):
        fold_accuracies(scores(0.9, 0.1), np.array([True, False]), np.zeros(2, int))


def test_the_standard_error_is_that_of_a_mean() -> None:
    assert standard_error(np.array([0.9, 1.0, 0.8])) == pytest.approx(0.1 / math.sqrt(3))
    assert standard_error(np.array([0.9, 0.9])) == 0


# The ROC curve


def test_the_curve_takes_equal_scores_in_one_step() -> None:
    false_accepts, true_accepts = roc(scores(0.9, 0.5, 0.5, 0.2), scores(0.5, 0.1))

    assert false_accepts.tolist() == [0, 0, 0.5, 0.5, 1]
    assert true_accepts.tolist() == [0, 0.25, 0.75, 1, 1]


@at_any_speed
@given(genuine=some_scores, impostors=some_scores)
def test_the_curve_is_what_every_threshold_gives(genuine: Scores, impostors: Scores) -> None:
    thresholds = [math.inf, *sorted({*genuine.tolist(), *impostors.tolist()}, reverse=True)]

    false_accepts, true_accepts = roc(genuine, impostors)

    assert false_accepts.tolist() == [np.mean(impostors.astype(float) >= score) for score in thresholds]
    assert true_accepts.tolist() == [np.mean(genuine.astype(float) >= score) for score in thresholds]


# Scores that say nothing

SOME = scores(0.2, 0.7)
SAME, FOLDS = np.array([True, False]), np.array([0, 1])


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(
    "measure",
    [
        lambda bad: threshold_at(bad, 0.1),
        lambda bad: true_accept_rate(bad, SOME, 0.1),
        lambda bad: true_accept_rate(SOME, bad, 0.1),
        lambda bad: accuracy_at(SOME, bad, 0.5),
        lambda bad: best_threshold(bad, SOME),
        lambda bad: best_accuracy(SOME, bad),
        lambda bad: fold_accuracies(bad, SAME, FOLDS),
        lambda bad: roc(SOME, bad),
    ],
)
def test_what_is_no_number_is_refused(measure: Callable[[Scores], object], value: float) -> None:
    with pytest.raises(ValueError, match="no finite number"):
        measure(scores(0.5, value))


@pytest.mark.parametrize(
    "measure",
    [
        lambda: threshold_at(NONE, 0.1),
        lambda: true_accept_rate(NONE, SOME, 0.1),
        lambda: true_accept_rate(SOME, NONE, 0.1),
        lambda: accuracy_at(NONE, NONE, 0.5),
        lambda: best_threshold(NONE, NONE),
        lambda: roc(SOME, NONE),
        lambda: roc(NONE, SOME),
    ],
)
def test_without_scores_there_is_nothing_to_measure(measure: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="no scores"):
        measure()
