from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.networks import nose_onnx
from tests.training.material import drawn_face, form
from training import teacher
from training.faces import centre
from training.teacher import MANNERS, Teacher, kept_embeddings

CROPS = np.stack([drawn_face(look) for look in range(5)])


def weights() -> NDArray[np.float32]:
    return np.random.default_rng(1).standard_normal((3, 64)).astype(np.float32)


class LeftHalf(Teacher):
    """A teacher that goes by the colour of the picture's left half alone."""

    def __init__(self) -> None:
        """It needs no file."""
        self.asked = 0

    def embed(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.asked += len(faces)
        colours = faces[:, :, :56].mean((1, 2)) + 1
        return np.asarray(colours / np.linalg.norm(colours, axis=1, keepdims=True), np.float32)


def test_a_missing_network_is_told_before_anything_is_learnt(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"edgeface_xs\.onnx is missing: name a file"):
        Teacher(tmp_path / "edgeface_xs.onnx")


@pytest.mark.parametrize("name", MANNERS)
def test_it_gives_the_direction_of_what_its_network_makes_of_faces(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "AT_ONCE", 1)  # the tiny network takes no more
    faces, manner = centre(CROPS, 112), MANNERS[name]

    found = Teacher(nose_onnx(tmp_path / name, weights())).embed(faces)

    vectors = (faces.mean((1, 2)) - manner.mean) / np.array(manner.deviation) @ weights()
    assert form(found) == ((5, 64), "float32")
    np.testing.assert_allclose(found, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=1e-5)


def test_both_ways_a_face_and_its_mirror_image_are_the_same() -> None:
    once, again = (LeftHalf().embed_both_ways(faces) for faces in (CROPS, CROPS[:, :, ::-1]))

    np.testing.assert_allclose(once, again, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(once, axis=1), 1, atol=1e-6)


def test_what_was_asked_once_is_kept(tmp_path: Path) -> None:
    asked = LeftHalf()

    once = kept_embeddings(asked, CROPS, tmp_path / "kept.npy")
    again = kept_embeddings(asked, CROPS, tmp_path / "kept.npy")

    assert asked.asked == 10
    assert [path.name for path in tmp_path.iterdir()] == ["kept.npy"]
    np.testing.assert_array_equal(once, again)
    np.testing.assert_allclose(once, asked.embed_both_ways(centre(CROPS, 112)), atol=1e-3)
