import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wsgi_app.vision.calibration import (
    BINS,
    BLOCK,
    Doubt,
    Faces,
    Pair,
    Scores,
    compare_all,
    divided,
    doubtful,
    histogram,
    most_alike,
    suggest,
)
from wsgi_app.vision.match import Gallery, match
from wsgi_app.vision.packs import Threshold
from wsgi_app.vision.rates import false_accepts

NAN = float("nan")
MEASURED = Threshold(score=0.526, measured_on="families", false_accept_rate=0.001)


def faces(*people: list[tuple[float, float]]) -> Faces:
    """People by the unit vectors of their faces, in a plane."""
    vectors = np.array([face for person in people for face in person], np.float32).reshape(-1, 2)
    owners = np.array([at for at, person in enumerate(people) for _ in person], np.int64)
    return Faces(vectors, owners)


def crowd(people: int, each: int, size: int = 128) -> Faces:
    """Made-up people: the faces of each lie around one point."""
    random = np.random.default_rng(5)
    middles = np.repeat(random.normal(size=(people, size)), each, axis=0)
    vectors = middles + random.normal(size=middles.shape) * 0.7
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Faces(vectors.astype(np.float32), np.repeat(np.arange(people), each))


def impostors(*values: float) -> Scores:
    """Scores of different people, with two of the same."""
    return Scores(np.array([0.7, 0.8], np.float32), np.array([values], np.float32).T)


# Comparing


def test_a_face_is_compared_with_its_person_s_other_faces_and_with_each_other_person_as_at_the_door() -> None:
    gallery = faces([(1, 0), (0.8, 0.6)], [(0, 1), (0.6, 0.8)], [(-1, 0)])

    scores = compare_all(gallery)

    assert scores.own == pytest.approx([0.8, 0.8, 0.8, 0.8, NAN], nan_ok=True)
    ana, bruno, chen = (gallery.vectors[gallery.owners == person] for person in range(3))
    expected = [
        [NAN if person is own else door(face, person) for person in (ana, bruno, chen)]
        for own in (ana, bruno, chen)
        for face in own
    ]
    np.testing.assert_allclose(scores.others, expected, rtol=1e-6, atol=1e-6)
    assert scores.genuine == pytest.approx([0.8] * 4)
    assert scores.impostor == pytest.approx(np.sort(np.array(expected), axis=None)[:10], abs=1e-6)


def door(probe: NDArray[np.float32], person: NDArray[np.float32]) -> float:
    """What a door makes of a probe where these faces are enrolled."""
    return match(probe, Gallery.of([("ana", face) for face in person])).score


def test_a_gallery_larger_than_a_block_is_compared_as_if_it_were_one() -> None:
    gallery = crowd(people=60, each=6)
    assert len(gallery.owners) > BLOCK

    scores = compare_all(gallery)

    for face in (0, BLOCK - 1, BLOCK, len(gallery.owners) - 1):
        rest = np.arange(len(gallery.owners)) != face
        for person in range(60):
            expected = door(gallery.vectors[face], gallery.vectors[rest & (gallery.owners == person)])
            found = scores.own[face] if person == gallery.owners[face] else scores.others[face, person]
            assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("gallery", "genuine", "impostor"),
    [
        (faces(), 0, 0),
        (faces([(1, 0)]), 0, 0),
        (faces([(1, 0), (0, 1)]), 2, 0),
        (faces([(1, 0)], [(0, 1)]), 0, 2),
    ],
    ids=["nobody", "one face", "one person", "two strangers"],
)
def test_a_small_gallery_gives_the_pairs_that_it_has(gallery: Faces, genuine: int, impostor: int) -> None:
    scores = compare_all(gallery)
    assert (len(scores.genuine), len(scores.impostor)) == (genuine, impostor)


def test_two_hundred_people_with_ten_faces_each_take_no_second() -> None:
    gallery = crowd(people=200, each=10)
    started = time.process_time()
    scores = compare_all(gallery)
    suggest(scores, 0.001, MEASURED)
    most_alike(gallery, scores)
    doubtful(scores, 0.5)
    divided(gallery, 0.41)
    assert time.process_time() - started < 1.0
    assert (len(scores.genuine), len(scores.impostor)) == (2000, 2000 * 199)


# A threshold for a wanted rate


def test_a_gallery_with_enough_pairs_sets_the_threshold_itself() -> None:
    scores = impostors(*np.linspace(0, 0.5, 2997), 0.6, 0.7, 0.8)

    found = suggest(scores, 0.001, MEASURED)

    assert (found.from_gallery, found.pack) == (True, None)
    assert (found.false_accepts.errors, found.false_accepts.pairs) == (3, 3000)
    assert found.threshold == 0.501
    assert false_accepts(scores.impostor, 0.5).errors == 4


@pytest.mark.parametrize(
    ("highest", "threshold"),
    [(0.3, 0.526), (0.5255, 0.526), (0.526, 0.527), (0.7123, 0.713), (1.0, 1.0)],
    ids=["strangers", "just below", "as the pack", "relatives", "the same photo"],
)
def test_few_pairs_keep_the_pack_s_threshold_unless_relatives_set_a_higher_floor(
    highest: float, threshold: float
) -> None:
    found = suggest(impostors(0.1, highest), 0.001, MEASURED)

    assert (found.threshold, found.from_gallery, found.pack) == (threshold, False, MEASURED)
    assert found.highest_impostor == pytest.approx(highest)


def test_a_visit_is_compared_with_everybody_so_many_people_need_more_pairs() -> None:
    two = Scores(np.array([0.7], np.float32), np.full((3000, 2), 0.4, np.float32))
    ten = Scores(np.array([0.7], np.float32), np.full((600, 10), 0.4, np.float32))

    assert (suggest(two, 0.001, MEASURED).from_gallery, suggest(ten, 0.001, MEASURED).from_gallery) == (
        True,
        False,
    )


def test_where_nobody_is_enrolled_the_pack_alone_decides() -> None:
    found = suggest(compare_all(faces()), 0.001, MEASURED)
    assert (found.threshold, found.highest_impostor, found.false_accepts.pairs) == (0.526, None, 0)


@settings(deadline=None)
@given(
    st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=400),
    st.sampled_from([0.5, 0.1, 0.01]),
)
def test_a_suggested_threshold_can_be_set_and_keeps_to_the_rate_where_it_can(
    values: list[float], rate: float
) -> None:
    found = suggest(impostors(*values), rate, MEASURED)
    assert 0 <= found.threshold <= 1
    assert found.threshold == round(found.threshold, 3)
    if max(values) < 0.999:
        assert found.false_accepts.errors <= rate * len(values)


# Who is like whom


def test_the_most_alike_people_are_told_by_their_two_most_alike_faces() -> None:
    gallery = faces([(1, 0), (0, -1)], [(0, 1), (0.6, 0.8)], [(-1, 0)])

    pairs = most_alike(gallery, compare_all(gallery))

    assert [(pair.first, pair.second) for pair in pairs] == [(0, 3), (1, 4), (2, 4)]
    assert [pair.score for pair in pairs] == pytest.approx([0.458, 0, 0], abs=1e-3)
    assert most_alike(gallery, compare_all(gallery), limit=1) == pairs[:1]


def test_the_most_alike_come_first() -> None:
    gallery = crowd(people=12, each=2)
    pairs = most_alike(gallery, compare_all(gallery))
    assert len(pairs) == 10
    assert all(one.score >= other.score for one, other in pairwise(pairs))


@pytest.mark.parametrize("gallery", [faces(), faces([(1, 0), (0, 1)])])
def test_nobody_is_like_themselves(gallery: Faces) -> None:
    assert most_alike(gallery, compare_all(gallery)) == list[Pair]()


def test_faces_that_their_person_s_others_do_not_confirm_are_doubtful_the_worst_first() -> None:
    gallery = faces([(1, 0), (0.96, 0.28), (0, 1)], [(-0.6, 0.8), (-0.28, 0.96)])

    found = doubtful(compare_all(gallery), 0.5)

    assert [(each.face, each.other) for each in found] == [(2, 1)]
    assert (found[0].own, found[0].other_score) == pytest.approx((0.211, 0.927), abs=0.001)


# Two people under one name

NORTH_AND_EAST = [(1, 0), (0.96, 0.28), (0, 1), (-0.28, 0.96)]


def test_one_s_photos_that_are_of_two_people_divide() -> None:
    gallery = faces([(1, 0), (0.96, 0.28)], NORTH_AND_EAST)

    (found,) = divided(gallery, 0.4)

    assert found.groups == [[2, 3], [4, 5]]
    assert found.score == pytest.approx(0.28)
    assert doubtful(compare_all(faces(NORTH_AND_EAST)), 0.5) == []


@pytest.mark.parametrize(
    "photos",
    [
        [*NORTH_AND_EAST, (0.6, 0.8)],
        NORTH_AND_EAST[:3],
        [(1, 0), (0, 1), (-1, 0), (0, -1)],
        [],
    ],
    ids=["one between", "one odd photo", "no two alike", "nobody"],
)
def test_a_photo_between_ties_them_and_one_alone_is_no_group(photos: list[tuple[float, float]]) -> None:
    assert divided(faces(photos), 0.4) == []


def test_who_is_divided_the_most_clearly_comes_first() -> None:
    apart = [(1, 0), (0.96, 0.28), (-1, 0), (-0.96, -0.28)]

    assert [found.groups[0][0] for found in divided(faces(NORTH_AND_EAST, apart), 0.4)] == [4, 0]


def test_a_face_that_is_more_like_another_person_is_doubtful_above_the_threshold_too() -> None:
    gallery = faces([(1, 0), (0.8, 0.6)], [(0.6, 0.8), (0, 1)])

    found = doubtful(compare_all(gallery), 0.5)

    assert [(each.face, each.other) for each in found] == [(1, 1), (2, 0)]


def test_where_nobody_else_is_there_a_doubtful_face_is_like_nobody_else() -> None:
    found = doubtful(compare_all(faces([(1, 0), (0, 1)])), 0.5)
    assert found == [Doubt(0, 0.0, None, -1.0), Doubt(1, 0.0, None, -1.0)]


# Histograms


@given(st.lists(st.floats(-1, 1, width=32), max_size=100))
def test_every_score_is_in_one_step_of_the_histogram(values: list[float]) -> None:
    counts: NDArray[np.int64] = histogram(np.array(values, np.float32))
    assert (len(counts), counts.sum()) == (BINS, len(values))
