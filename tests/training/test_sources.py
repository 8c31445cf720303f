from dataclasses import replace

import numpy as np
import pytest

from tests.training.material import faces_to_learn_from
from training.faces import Faces
from training.sources import EXAMINED_SHARE, parted, seen_more_than_once, weights_of


def faces_of(sources: list[str], clusters: list[int]) -> Faces:
    few = faces_to_learn_from((-1,))
    return Faces(
        np.array([f"{source}/{number:05}.jpg" for number, source in enumerate(sources)]),
        few.crops.repeat(len(sources), 0),
        few.landmarks.repeat(len(sources), 0),
        np.array(clusters, np.int64),
        np.array(clusters, np.int64),
    )


def test_each_source_is_shown_by_its_weight() -> None:
    found = weights_of(faces_of(["meb", "utk", "utk", "new"], [-1] * 4))

    np.testing.assert_allclose(found, np.array([1.6, 0.8, 0.8, 1.0]) / 4.2)


def test_some_people_of_the_press_are_kept_for_the_examination() -> None:
    faces = faces_of(["sport"] * 2000, [number // 2 for number in range(2000)])

    learnt, examined = parted(faces)

    assert len(examined.names) == pytest.approx(2000 * EXAMINED_SHARE, rel=0.4)
    assert len(learnt.names) + len(examined.names) == 2000
    assert not set(learnt.clusters.tolist()) & set(examined.clusters.tolist())


def test_they_are_the_same_people_whatever_else_there_is() -> None:
    faces = faces_of(["hair"] * 500, list(range(500)))
    half = faces.part(np.arange(500) % 2 == 0)

    assert set(parted(half)[1].names.tolist()) == set(parted(faces)[1].names.tolist()) & set(
        half.names.tolist()
    )


def test_who_is_examined_is_not_learnt_from_photos_of_other_sources() -> None:
    faces = faces_of(["kar2", "meb", "fiw"] * 300, [number // 3 for number in range(900)])
    faces = replace(faces, clusters=np.where(faces.sources == "fiw", -1, faces.clusters))

    learnt, examined = parted(faces)

    assert set(examined.sources.tolist()) == {"kar2"}
    assert np.count_nonzero(learnt.sources == "fiw") == 300
    assert np.count_nonzero(learnt.sources == "meb") == 300 - len(examined.names)


def test_who_is_on_one_photo_only_counts_as_nobody() -> None:
    assert seen_more_than_once(np.array([5, 3, -1, 5, 7, 7, -1])).tolist() == [0, -1, -1, 0, 1, 1, -1]
