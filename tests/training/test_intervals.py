import numpy as np
import pytest

from bench.verification import threshold_at
from training import intervals
from training.intervals import Estimate, Redrawn, Within, ratio
from training.known import Compared, KnownFaces, compare
from wsgi_app.vision.rates import rate_of


def people(number: int, photos: int, seed: int = 3, kind: float = 0.0) -> tuple[KnownFaces, Compared]:
    """People of several photos each, every one a family of their own; half of them are of one kind."""
    random = np.random.default_rng(seed)
    persons = random.normal(0, 1, (number, 32))
    persons[: number // 2] += kind * random.normal(0, 1, 32)
    kin = np.repeat(np.arange(number), photos)
    vectors = persons[kin] + random.normal(0, 0.7, (len(kin), 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    first, second = np.triu_indices(len(kin), 1)
    same = kin[first] == kin[second]
    faces = KnownFaces(np.zeros((len(kin), 1, 1, 3), np.uint8), kin, first[same], second[same])
    return faces, compare(faces, vectors)


def test_the_values_are_those_of_all_pairs() -> None:
    faces, compared = people(40, 4)

    found = Redrawn(faces, compared).at(0.1, 0.01)

    for one, rate in zip(found, (0.1, 0.01), strict=True):
        threshold = threshold_at(compared.strangers, rate)
        assert (one.rate, one.threshold.value) == (rate, threshold)
        assert one.tar.value == np.mean(compared.genuine >= threshold)
        assert one.threshold.low < one.threshold.value < one.threshold.high
        assert one.tar.low <= one.tar.value <= one.tar.high


def test_the_same_pairs_have_the_same_interval() -> None:
    assert Redrawn(*people(30, 3)).at(0.01) == Redrawn(*people(30, 3)).at(0.01)


def test_that_the_likest_strangers_alone_are_looked_at_alters_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faces, compared = people(60, 5)
    found = Redrawn(faces, compared).at(0.02, 0.002)

    monkeypatch.setattr(intervals, "KEPT", 50)

    assert Redrawn(faces, compared).at(0.02, 0.002) == found


def test_more_photos_of_the_same_people_make_a_rate_little_surer_and_more_people_much() -> None:
    def width(number: int, photos: int) -> float:
        (found,) = Redrawn(*people(number, photos, kind=1.5)).at(0.01)
        return found.threshold.high - found.threshold.low

    assert width(30, 8) > 0.7 * width(30, 4)
    assert width(120, 2) < 0.7 * width(30, 8)


def test_intervals_hold_the_true_rate_about_as_often_as_they_say() -> None:
    """Of many drawn crowds, most have the mean of all within the interval of one."""
    threshold = 0.4
    crowds = [Redrawn(*people(25, 3, seed, kind=1.0)).everywhere(threshold) for seed in range(60)]

    mean = np.mean([crowd.far.value for crowd in crowds])

    held = np.mean([crowd.far.low <= mean <= crowd.far.high for crowd in crowds])
    assert 0.85 <= held <= 1


def test_a_rate_within_a_group_is_of_pairs_with_both_photos_in_it() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8], [0.6, -0.8]], np.float32)
    kin = np.array([0, 0, 1, 1, 2])
    faces = KnownFaces(np.zeros((5, 1, 1, 3), np.uint8), kin, np.array([0, 2]), np.array([1, 3]))
    redrawn = Redrawn(faces, compare(faces, vectors))

    of_all = redrawn.everywhere(0.7)
    of_two = redrawn.within(np.array([True, True, True, False, False]), 0.7)

    assert (of_all.strangers, of_all.passed, of_all.far.value) == (
        8,
        1,
        1 / 8,
    )  # 0.96 of the second and fourth
    assert (of_all.genuine, of_all.tar.value) == (2, 1)
    assert (of_two.strangers, of_two.passed, of_two.genuine) == (2, 0, 1)


def test_what_never_happened_may_still_happen() -> None:
    faces, compared = people(20, 3)

    found = Redrawn(faces, compared).everywhere(0.999)

    plain = rate_of(0, len(compared.strangers))
    assert (found.far, found.tar.value) == (Estimate(0.0, 0.0, plain.high), 0)


def test_a_group_without_a_pair_has_no_rate() -> None:
    faces, compared = people(20, 3)

    found = Redrawn(faces, compared).within(np.arange(60) == 5, 0.5)

    assert (found.strangers, found.genuine) == (0, 0)
    assert np.isnan([found.far.value, found.tar.value]).all()


def test_how_much_worse_a_group_is_has_an_interval_too() -> None:
    def within(*fars: float) -> Within:
        nothing = Estimate(0, 0, 1)
        return Within(100, 9, Estimate(fars[0], 0, 1), np.array(fars), 0, nothing)

    assert ratio(within(0.75, 0.5, 1.0), within(0.25, 0.25, 0.25)) == Estimate(3.0, 2.0, 4.0)
    assert ratio(within(0.3, 0.3), within(0.0, 0.0)) == Estimate(np.inf, np.inf, np.inf)
