from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

from tests.training.material import drawn_face
from tests.wsgi_app.house.embedders import embedder
from training.faces import NOBODY, Faces, Pairs
from training.identification import Comparisons, Crowd, compare, houses
from wsgi_app.vision.engines import load_network
from wsgi_app.vision.packs import StrangerRate, Threshold, pack_in
from wsgi_app.vision.thresholds import threshold_for


def test_families_are_compared_across_each_other_alone() -> None:
    crops = np.stack([drawn_face(look) for look in range(3)])
    no_pairs = np.zeros(0, np.int64)
    pairs = Pairs(
        crops, np.array(["F1", "F1", "F2"]), np.array(["a", "b", "c"]), no_pairs, no_pairs, np.array([])
    )

    crowd = Crowd.of_families(pairs)

    assert (crowd.people.tolist(), crowd.kin.tolist()) == ([0, 1, 2], [0, 0, 1])


def test_of_press_photos_those_kept_back_count_and_one_group_is_one_person_where_nobody_is_named() -> None:
    number = 300
    clusters = np.arange(number) // 2
    faces = Faces(
        np.array([f"hair/{at}.jpg" for at in range(number)]),
        np.zeros((number, 128, 128, 3), np.uint8),
        np.zeros((number, 5, 2), np.float32),
        np.full(number, NOBODY),
        clusters,
    )

    crowd = Crowd.of_press(faces)

    assert 10 < len(crowd.people) < 60  # about an eighth of 150 groups of two
    np.testing.assert_array_equal(np.unique(crowd.people, return_counts=True)[1], 2)
    np.testing.assert_array_equal(crowd.people == crowd.people[:, None], crowd.kin == crowd.kin[:, None])


def test_everybody_comes_to_everybody_and_is_a_friend_only_by_a_photo_that_is_not_enrolled(
    pack_folder: Path,
) -> None:
    pack = pack_in(pack_folder)
    crops = np.stack([drawn_face(look) for look in (0, 0, 1, 2)])
    crowd = Crowd(crops, np.array([0, 0, 1, 2]), np.array([0, 0, 1, 1]))

    found = compare(
        crowd,
        load_network(pack_folder / pack.embedder.file),
        pack.embedder,
        np.random.default_rng(1),
    )

    assert found.scores.shape == (12, 3)  # each photo comes three times
    assert found.friends.sum(axis=0).tolist() == [3, 0, 0]  # one of the first's two photos is enrolled
    assert found.strangers.sum(axis=0).tolist() == [6, 6, 6]  # relatives are no strangers
    assert not (found.friends & found.strangers).any()


def test_houses_of_the_wanted_rate_let_in_no_more_than_that() -> None:
    random = np.random.default_rng(2)
    people, probes = 60, 3000
    scores = random.normal(0.1, 0.1, (probes, people)).astype(np.float32)
    own = np.arange(probes) % people
    friends = np.zeros((probes, people), np.bool_)
    friends[np.arange(probes)[:1000], own[:1000]] = True
    scores[friends] = 0.9
    compared = Comparisons(scores, friends, ~friends & (np.arange(probes) >= 1000)[:, None])
    strangers = compared.rates()

    lax = Threshold(score=0.01, measured_on="nothing")
    (five, twenty) = houses(compared, embedder(lax, strangers=strangers), random)

    assert [house.people for house in (five, twenty)] == [5, 20]
    assert five.threshold == threshold_for(0.001, 5, strangers) < twenty.threshold
    assert (five.refused, twenty.refused) == (0.0, 0.0)
    assert five.let_in == pytest.approx(0.001, abs=0.001)
    assert five.visits == 40 * 2000


def test_a_rate_that_too_few_comparisons_support_is_left_out() -> None:
    scores = np.linspace(0, 1, 5000, dtype=np.float32)[:, None]
    everybody = np.ones(scores.shape, np.bool_)

    rates = Comparisons(scores, ~everybody, everybody).rates()

    assert rates == (StrangerRate(score=0.99, rate=0.01),)
