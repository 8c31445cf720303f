from dataclasses import replace

import pytest

from tests.wsgi_app.house.embedders import embedder
from wsgi_app.base.config import load_config
from wsgi_app.house.thresholds import one_in, policy_for, threshold_for_rate, threshold_in_force
from wsgi_app.vision.packs import StrangerRate, Threshold
from wsgi_app.vision.verdicts import Policy

CONFIG = load_config({})
FIRST = Threshold(score=0.526, measured_on="families", false_accept_rate=0.001)
LAX = Threshold(score=0.41, measured_on="families", false_accept_rate=0.01)
STRICT = Threshold(score=0.627, measured_on="families", false_accept_rate=0.0001)
STRANGERS = (StrangerRate(score=0.4, rate=0.001), StrangerRate(score=0.6, rate=0.00001))
MEASURED = embedder(FIRST, LAX, STRICT, strangers=STRANGERS)
UNMEASURED = embedder(FIRST, LAX, STRICT)


@pytest.mark.parametrize(
    ("people", "score"),
    [(1, 0.526), (18, 0.526), (20, 0.531), (21, 0.533), (100, 0.6), (1000, 0.7), (10**7, 0.999)],
)
def test_the_threshold_rises_with_the_number_of_people(people: int, score: float) -> None:
    enrolled = "1 person" if people == 1 else f"{people:,} people"

    assert threshold_in_force(CONFIG, MEASURED, people) == Threshold(
        score=score,
        measured_on=f"at most 1 in 1,000 visits of strangers, for {enrolled}",
        false_accept_rate=0.001 / people,
        is_of_visits=True,
    )


@pytest.mark.parametrize(("rate", "score"), [(0.1, 0.526), (0.002, 0.526), (0.001, 0.531), (0.0001, 0.631)])
def test_the_threshold_follows_the_wanted_rate(rate: float, score: float) -> None:
    assert threshold_in_force(replace(CONFIG, far_per_visit=rate), MEASURED, 20).score == score


def test_an_empty_house_is_as_strict_as_one_of_one() -> None:
    assert threshold_in_force(CONFIG, MEASURED, 0) == threshold_in_force(CONFIG, MEASURED, 1)


def test_a_threshold_that_is_set_goes_before_the_rate_and_the_number_of_people() -> None:
    config = replace(CONFIG, threshold=0.5)

    assert threshold_in_force(config, MEASURED, 1000) == Threshold(
        score=0.5, measured_on="set by PORTEIRO_THRESHOLD"
    )
    assert threshold_in_force(replace(CONFIG, threshold=0.627), MEASURED, 1000) == STRICT


def test_a_pack_without_a_measure_of_visits_has_its_first_threshold() -> None:
    assert [threshold_in_force(CONFIG, UNMEASURED, people) for people in (1, 1000)] == [FIRST, FIRST]


@pytest.mark.parametrize(
    ("rate", "chosen"),
    [(0.01, LAX), (0.005, FIRST), (0.001, FIRST), (0.0001, STRICT), (0.00001, STRICT)],
)
def test_a_pack_without_a_measure_of_visits_keeps_to_a_rate_of_comparisons(
    rate: float, chosen: Threshold
) -> None:
    assert threshold_for_rate(UNMEASURED, rate, 1000) == chosen


def test_the_only_threshold_of_a_pack_stands_in_for_every_rate() -> None:
    only = Threshold(score=0.363, measured_on="its maker")

    assert threshold_for_rate(embedder(only), 0.001, 5) == only


@pytest.mark.parametrize(
    ("measured", "own"),
    [((FIRST, LAX), 0.41), ((FIRST,), 0.526), ((Threshold(score=0.3, measured_on="its maker"),), 0.3)],
)
def test_one_more_photo_of_somebody_needs_less_than_a_visitor(
    measured: tuple[Threshold, ...], own: float
) -> None:
    first = measured[0].score
    assert policy_for(CONFIG, embedder(*measured), 3) == Policy(first, CONFIG.margin, own=own, sure=first)


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.0001, "1 in 10,000"), (0.001, "1 in 1,000"), (0.02, "1 in 50"), (0.5, "1 in 2"), (0.75, "75%")],
)
def test_a_rate_is_said_as_one_in_so_many(rate: float, words: str) -> None:
    assert one_in(rate) == words
