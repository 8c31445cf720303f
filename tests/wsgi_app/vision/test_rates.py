import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgi_app.vision.rates import Rate, false_accepts, false_rejects, rate_of


@pytest.mark.parametrize(
    ("threshold", "accepted", "rejected"), [(0.0, 4, 0), (0.3, 3, 1), (0.4, 2, 1), (0.9, 0, 3)]
)
def test_what_reaches_the_threshold_passes(threshold: float, accepted: int, rejected: int) -> None:
    impostor = np.array([0.1, 0.3, 0.4, 0.5], np.float32)
    genuine = np.array([0.2, 0.6, 0.8], np.float32)
    assert (false_accepts(impostor, threshold).errors, false_accepts(impostor, threshold).pairs) == (
        accepted,
        4,
    )
    assert (false_rejects(genuine, threshold).errors, false_rejects(genuine, threshold).pairs) == (
        rejected,
        3,
    )


def test_without_a_pair_any_rate_is_possible() -> None:
    assert rate_of(0, 0) == Rate(0, 0, None, 0.0, 1.0)


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17
# (1998), 857-872, table I, method 3.
@pytest.mark.parametrize(
    ("errors", "pairs", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilson_s(errors: int, pairs: int, low: float, high: float) -> None:
    rate = rate_of(errors, pairs)
    assert (rate.errors, rate.pairs, rate.share) == (errors, pairs, errors / pairs)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=0.00005)


@settings(deadline=None)
@given(st.integers(1, 5000).flatmap(lambda pairs: st.tuples(st.integers(0, pairs), st.just(pairs))))
def test_the_interval_holds_the_share_and_turns_round_with_it(counts: tuple[int, int]) -> None:
    errors, pairs = counts
    rate, turned = rate_of(errors, pairs), rate_of(pairs - errors, pairs)
    assert rate.share is not None
    assert 0 <= rate.low <= rate.share <= rate.high <= 1
    assert (rate.low, rate.high) == pytest.approx((1 - turned.high, 1 - turned.low), abs=1e-9)
