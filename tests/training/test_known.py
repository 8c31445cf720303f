from pathlib import Path

import numpy as np
import pytest

from bench.shots import Shot
from tests.training.material import LANDMARKS, drawn_face, plain, write_face_table, write_shard
from training.faces import Pairs
from training.known import KnownFaces, compare, of_families, of_press, of_shots
from wsgi_app.vision.align import TEMPLATE
from wsgi_app.vision.detect import Face


def pairs_of(kin: KnownFaces) -> list[tuple[int, int]]:
    return list(zip(kin.first.tolist(), kin.second.tolist(), strict=True))


def test_of_families_the_listed_genuine_pairs_count() -> None:
    pairs = Pairs(
        np.stack([drawn_face(look) for look in range(4)]),
        np.array(["F2", "F1", "F1", "F3"]),
        np.array(["F2-MID1", "F1-MID1", "F1-MID1", "F3-MID1"]),
        np.array([0, 1, 0]),
        np.array([1, 2, 3]),
        np.array(["stranger", "genuine", "stranger"]),
    )

    faces = of_families(pairs)

    assert (faces.kin.tolist(), pairs_of(faces), faces.eyes_px) == ([1, 0, 0, 2], [(1, 2)], None)
    np.testing.assert_array_equal(faces.crops, pairs.crops[:, 8:120, 8:120])


def test_of_press_photos_those_kept_back_count_with_the_size_of_their_faces(tmp_path: Path) -> None:
    number = 60
    names = [f"sport/{at:05}.jpg" for at in range(number)]
    clusters = np.arange(number) // 2
    write_face_table(tmp_path, names, [""] * number, np.stack([LANDMARKS] * number), clusters.tolist())
    write_shard(tmp_path / "faces-0.tar", {name: plain(128, 128, 9, 9, 9) for name in names})

    faces = of_press(tmp_path)

    assert 2 <= len(faces.crops) <= 20  # about an eighth of 30 people
    assert pairs_of(faces) == [(at, at + 1) for at in range(0, len(faces.crops), 2)]
    assert faces.eyes_px is not None
    assert faces.eyes_px.tolist() == [60] * len(faces.crops)


def test_of_shots_the_faces_are_cut_out_and_everybody_is_a_family() -> None:
    first, second, nose, left, right = ((float(x) + 30, float(y) + 20) for x, y in TEMPLATE)
    face = Face((40.0, 30.0, 80.0, 100.0), (first, second, nose, left, right), 0.9)
    shots = [Shot(person, plain(200, 200, 50, 60, 70), face) for person in ("ana", "bruno", "ana")]

    faces = of_shots(shots)

    assert (faces.crops.shape, faces.kin.tolist(), pairs_of(faces)) == ((3, 112, 112, 3), [0, 1, 0], [(0, 2)])
    assert faces.eyes_px is not None
    np.testing.assert_allclose(faces.eyes_px, np.hypot(*(TEMPLATE[0] - TEMPLATE[1])))


def test_without_shots_there_are_no_faces() -> None:
    faces = of_shots([])

    assert (faces.crops.shape, pairs_of(faces)) == ((0, 112, 112, 3), [])


def test_only_people_of_different_families_are_strangers_to_each_other() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
    crops = np.zeros((4, 112, 112, 3), np.uint8)
    faces = KnownFaces(crops, np.array([0, 0, 1, 2]), np.array([0]), np.array([1]))

    compared = compare(faces, vectors)

    found = list(zip(compared.first.tolist(), compared.second.tolist(), strict=True))
    assert found == [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert compared.strangers.tolist() == pytest.approx([0, -1, 0.6, -0.8, 0])
    assert compared.genuine.tolist() == pytest.approx([0.8])
