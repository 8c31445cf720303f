"""What is laid over a face, and where."""

import numpy as np
import pytest

from tests.training.material import drawn_face, noise
from training.covering import hidden, painted, shaded, spectacled, veiled


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_hidden_is_where_it_is_said_to_be(seed: int) -> None:
    face = noise(128, 128)

    changed = (hidden((0.6, 1.1), (-0.2, 1.2), face, random(seed)) != face).any(axis=2)

    assert changed[100:110, 40:90].mean() > 0.4  # cloth may have the very colour, here and there
    assert not changed[:50].any()


@pytest.mark.parametrize("seed", range(4))
def test_frames_of_spectacles_are_around_the_eyes(seed: int) -> None:
    face = drawn_face()

    changed = (spectacled(face, random(seed)) != face).any(axis=2)

    assert 0.005 < changed.mean() < 0.12
    assert not changed[:35].any()
    assert not changed[85:].any()


@pytest.mark.parametrize("seed", range(4))
def test_paint_a_shadow_and_a_veil_leave_a_face_behind(seed: int) -> None:
    face = noise(128, 128)

    for changed in (
        painted(face, random(seed)),
        shaded((0.4, 0.6), face, random(seed)),
        veiled((0.3, 0.5), face, random(seed)),
    ):
        assert (changed.shape, changed.dtype.name) == ((128, 128, 3), "uint8")
        likeness = np.corrcoef(changed.ravel(), face.ravel())[0, 1]
        assert 0.2 < likeness < 1
