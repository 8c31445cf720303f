from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import at
from wsgi_app.base.steps import Steps
from wsgi_app.vision.clusters import cluster, linked
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.packs import Threshold
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import PROBE

CAME = ("chen-1", "dana-1", "chen-2", "eun-1", "dana-3", "chen-4", "eun-3", "dana-2", "jun-1", "chen-3")


def faces_at(*degrees: float) -> list[Embedding]:
    return [at(each) for each in degrees]


def random_faces(count: int, size: int, seed: int) -> list[Embedding]:
    vectors = np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)
    return list(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_nobody_makes_no_cluster() -> None:
    assert cluster([], threshold=0.5) == []


def test_faces_that_are_alike_come_together_and_others_stay_alone() -> None:
    assert cluster(faces_at(0, 90, 5, 200, 95), threshold=0.9) == [[0, 2], [1, 4], [3]]


def test_at_the_threshold_a_face_joins() -> None:
    right_angle = [np.array((1, 0), np.float32), np.array((0, 1), np.float32)]

    assert cluster(right_angle, threshold=0.0) == [[0, 1]]
    assert cluster(right_angle, threshold=0.001) == [[0], [1]]


def test_a_face_joins_those_that_it_is_most_like() -> None:
    assert cluster(faces_at(0, 60, 40), threshold=0.7) == [[0], [1, 2]]


def test_a_chain_of_faces_each_a_little_like_the_next_does_not_tie_strangers_together() -> None:
    chain = cluster(faces_at(*range(0, 181, 30)), threshold=0.8)

    assert chain == [[0, 1], [2, 3], [4, 5], [6]]


def test_what_counts_is_the_mean_likeness_to_all_members_not_to_the_nearest_one() -> None:
    nearest, mean = np.cos(np.radians(30)), np.cos(np.radians([30, 60])).mean()

    assert cluster(faces_at(0, 30, 60), threshold=(nearest + mean) / 2) == [[0, 1], [2]]
    assert cluster(faces_at(0, 30, 60), threshold=mean - 0.001) == [[0, 1, 2]]


def test_several_strangers_who_come_several_times_end_each_in_a_cluster_of_their_own(
    pipeline: Pipeline, threshold: Threshold, photo: Callable[[str], bytes], steps: Steps
) -> None:
    faces = [pipeline.embed(pipeline.single_face(photo(name), PROBE, steps).crop, steps) for name in CAME]

    found = cluster(faces, threshold.score)

    assert [[CAME[i] for i in group] for group in found] == [
        ["chen-1", "chen-2", "chen-4", "chen-3"],
        ["dana-1", "dana-3", "dana-2"],
        ["eun-1", "eun-3"],
        ["jun-1"],
    ]


FACES = {"count": st.integers(0, 40), "size": st.sampled_from([2, 3, 128]), "seed": st.integers(0, 2**32 - 1)}


@given(**FACES, threshold=st.floats(-1.0, 1.0))
def test_every_face_is_in_one_cluster_and_the_newest_come_first(
    count: int, size: int, seed: int, threshold: float
) -> None:
    found = cluster(random_faces(count, size, seed), threshold)

    assert sorted(index for group in found for index in group) == list(range(count))
    assert all(group == sorted(group) for group in found)
    assert [group[0] for group in found] == sorted(group[0] for group in found)


@given(**FACES, threshold=st.floats(-0.9, 0.9))
def test_every_face_was_like_enough_to_those_before_it_in_its_cluster_and_to_no_others_more(
    count: int, size: int, seed: int, threshold: float
) -> None:
    faces = random_faces(count, size, seed)

    def likeness(index: int, group: list[int]) -> float:
        earlier = [float(faces[index] @ faces[other]) for other in group if other < index]
        return float(np.mean(earlier)) if earlier else -np.inf

    found = cluster(faces, threshold)

    for group in found:
        for index in group:
            best = max(likeness(index, other) for other in found)
            own = likeness(index, group)
            if index == group[0]:
                assert best < threshold + 1e-5
            else:
                assert own == pytest.approx(best, abs=1e-5)
                assert own > threshold - 1e-5


@given(**FACES)
def test_at_a_threshold_below_every_likeness_all_are_one_and_above_all_are_alone(
    count: int, size: int, seed: int
) -> None:
    faces = random_faces(count, size, seed)

    assert len(cluster(faces, threshold=-1.01)) == min(count, 1)
    assert len(cluster(faces, threshold=1.01)) == count


# Faces that others tie together


def linked_at(least: float, *degrees: float) -> list[list[int]]:
    faces = np.stack(faces_at(*degrees))
    return linked(faces @ faces.T, least)


def test_a_chain_ties_faces_together_that_are_not_alike() -> None:
    assert linked_at(0.9, 0, 100, 20, 120, 40, 200) == [[0, 2, 4], [1, 3], [5]]


def test_no_face_is_in_no_group() -> None:
    assert linked(np.zeros((0, 0), np.float32), 0.5) == []


@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.floats(-1, 1))
def test_each_face_is_in_one_group_and_like_none_of_another(count: int, seed: int, least: float) -> None:
    faces = np.stack(random_faces(count, 4, seed))
    likeness = faces @ faces.T

    groups = linked(likeness, least)

    assert sorted(face for group in groups for face in group) == list(range(count))
    for group in groups:
        others = [face for face in range(count) if face not in group]
        assert (likeness[np.ix_(group, others)] < least).all()
