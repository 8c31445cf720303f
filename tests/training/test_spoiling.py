"""What is done to a face, and how much of it stays."""

import numpy as np
import pytest

from tests.training.material import drawn_face, plain
from training.spoiling import RIGHT, WRONG, Change, formed

CHANGES: dict[str, Change] = {
    **{name: change for name, (_, change) in RIGHT.items()},
    **{name: change for changes in WRONG.values() for name, change in changes.items()},
}


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_face_in_the_wrong_form_is_as_much_wider_as_it_is_lower() -> None:
    face = plain(128, 128, 0, 0, 0)
    face[54:74, 54:74] = 255

    wide = formed(1.44, face, random())[..., 0] > 127

    assert (wide.any(axis=0).sum(), wide.any(axis=1).sum()) == (24, pytest.approx(17, abs=1))


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_makes_another_picture_of_the_same_size(name: str) -> None:
    face = drawn_face()
    before = face.copy()

    changed = CHANGES[name](face, random())

    assert (changed.shape, changed.dtype.name) == (face.shape, "uint8")
    assert np.array_equal(face, before)
    assert np.array_equal(changed, face) is (name in ("as it is", "a door's"))  # a door may show it whole
