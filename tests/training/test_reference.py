from pathlib import Path

import numpy as np
import pytest

from tests.networks import nose_onnx
from tests.training.material import drawn_face, form
from training.faces import centre
from training.reference import DEVIATION, MEAN, ReferenceEmbedder


def test_a_missing_network_is_told_before_anything_is_learnt(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"mobilefacenet\.onnx is missing: name the folder"):
        ReferenceEmbedder(tmp_path / "mobilefacenet.onnx")


def test_it_gives_the_direction_of_what_its_network_makes_of_the_face(tmp_path: Path) -> None:
    weights = np.random.default_rng(1).standard_normal((3, 128)).astype(np.float32)
    face = np.ascontiguousarray(centre(drawn_face(), 112))

    found = ReferenceEmbedder(nose_onnx(tmp_path / "mean-colour.onnx", weights)).embed(face)

    vector = (face.mean((0, 1)) - MEAN) / DEVIATION @ weights
    assert form(found) == ((128,), "float32")
    np.testing.assert_allclose(found, vector / np.linalg.norm(vector), atol=1e-5)
