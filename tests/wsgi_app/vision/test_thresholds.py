import pytest

from wsgi_app.vision.packs import StrangerRate
from wsgi_app.vision.thresholds import HIGHEST, threshold_for

STRANGERS = (
    StrangerRate(score=0.3, rate=0.01),
    StrangerRate(score=0.4, rate=0.001),
    StrangerRate(score=0.52, rate=0.0001),
)


@pytest.mark.parametrize(
    ("rate", "people", "threshold"),
    [
        (0.01, 1, 0.3),
        (0.001, 1, 0.4),
        (0.001, 10, 0.52),
        (0.001, 100, 0.64),  # drawn on beyond what was measured
        (0.00316228, 1, 0.35),  # halfway between two powers of ten
        (0.00316228, 10, 0.46),
        (0.1, 1, 0.3),  # laxer than what was measured is no laxer
        (0.001, 0, 0.4),
        (0.001, 10**9, HIGHEST),
    ],
)
def test_ten_times_the_people_or_a_tenth_of_the_rate_is_one_step(
    rate: float, people: int, threshold: float
) -> None:
    assert threshold_for(rate, people, STRANGERS) == threshold


def test_a_threshold_is_rounded_to_the_safe_side() -> None:
    assert threshold_for(0.0009999, 1, STRANGERS) == 0.401
