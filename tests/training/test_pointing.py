import numpy as np
import pytest

from tests.training.material import Pixels, form, noise, placed_landmarks, plain, scene
from training.pointing import diagonal_errors, nose_of

WIDE: Pixels = plain(120, 160, 0, 0, 0)

Place = tuple[float, float, float]


@pytest.mark.parametrize("pixels", [plain(120, 160, 0, 0, 0), noise(160, 120)])
@pytest.mark.parametrize("place", [(50, 60, 40), (80, 100, 13), (5, 5, 60)])
def test_the_nose_of_the_only_face_is_a_fraction_of_the_picture(pixels: Pixels, place: Place) -> None:
    nose = nose_of(scene(pixels, place))

    assert nose is not None
    assert form(nose) == ((2,), "float32")
    np.testing.assert_allclose(nose * pixels.shape[1::-1], placed_landmarks(*place)[2], rtol=1e-5)


@pytest.mark.parametrize(
    ("faces", "ignored"),
    [
        pytest.param([], [], id="no face"),
        pytest.param([(50, 60, 40)], [True], id="perhaps no face"),
        pytest.param([(50, 60, 11.9)], [False], id="too small"),
        pytest.param([(50, 60, 40), (110, 60, 40)], [False, False], id="two as large"),
        pytest.param([(50, 60, 40), (110, 60, 20.1)], [False, False], id="another half as large"),
        pytest.param([(50, 60, 40), (110, 60, 21)], [False, True], id="perhaps another"),
        pytest.param([(50, 60, 40), (110, 60, 15)], [True, False], id="the largest perhaps none"),
    ],
)
def test_without_one_main_face_there_is_no_nose(faces: list[Place], ignored: list[bool]) -> None:
    assert nose_of(scene(WIDE, *faces, ignored=ignored)) is None


@pytest.mark.parametrize(
    "faces", [[(50, 60, 40), (110, 60, 19.9)], [(110, 60, 5), (120, 90, 6), (50, 60, 40)]]
)
def test_smaller_faces_leave_the_main_one_alone(faces: list[Place]) -> None:
    nose = nose_of(scene(WIDE, *faces))

    assert nose is not None
    np.testing.assert_allclose(nose * (160, 120), placed_landmarks(50, 60, 40)[2], rtol=1e-5)


def test_errors_are_per_cent_of_each_pictures_diagonal() -> None:
    true = np.array([[0.5, 0.5], [0.5, 0.5], [0, 0], [0.25, 0.75]])
    found = np.array([[0.6, 0.5], [0.5, 0.6], [1, 1], [0.25, 0.75]])
    sides = np.array([[300, 400], [300, 400], [123, 45], [300, 400]])

    np.testing.assert_allclose(diagonal_errors(found, true, sides), [6, 8, 100, 0], atol=1e-9)
