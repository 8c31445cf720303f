import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.material import BOX, LANDMARKS, form, nothing_in, placed_box, placed_landmarks, plain
from training.boxes import BoxFit, fit_boxes
from training.geometry import similarity, transformed, turned_boxes
from training.scenes import Scene

Floats = NDArray[np.float32]

PLACES = [(20.0, 30.0, 40.0), (200.0, 100.0, 90.0), (60.0, 50.0, 12.0), (90.0, 70.0, 55.0)]


def faces(boxes: list[Floats], landmarks: list[Floats], *, ignored: bool = False) -> Scene:
    return Scene(
        plain(8, 8, 0, 0, 0), np.stack(boxes), np.stack(landmarks), np.full(len(boxes), ignored, bool)
    )


def drawn(*places: tuple[float, float, float]) -> Scene:
    """Upright faces as the drawn material has them."""
    return faces([placed_box(*place) for place in places], [placed_landmarks(*place) for place in places])


def various_landmarks(number: int) -> list[Floats]:
    """Upright faces with eyes, noses and mouths of their own: no two alike."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(number):
        points = LANDMARKS + random.normal(0, 4, (5, 2)).astype(np.float32)
        points[[0, 1], 1] = points[:2, 1].mean()  # level eyes above the middle of the mouth: upright
        points[3:, 0] += points[:2, 0].mean() - points[3:, 0].mean()
        found.append(points.astype(np.float32))
    return found


def turned(face: Floats, degrees: float, scale: float = 1.0) -> Floats:
    matrix = similarity(np.array([64, 64]), np.array([300, 200]), scale=scale, degrees=degrees)
    return transformed(face, matrix)


@pytest.mark.parametrize("place", [(64.0, 64.0, 83.0), (500.0, 10.0, 20.0), (0.0, 0.0, 5.0)])
def test_a_box_lies_around_landmarks_as_it_did_in_the_scenes(place: tuple[float, float, float]) -> None:
    box_of = fit_boxes([drawn(*PLACES[:2]), drawn(*PLACES[2:])])

    found = box_of(placed_landmarks(*place))

    assert form(found) == ((4,), "float32")
    np.testing.assert_allclose(found, placed_box(*place), rtol=1e-4, atol=1e-2)


def test_a_box_that_depends_on_the_features_places_is_recovered() -> None:
    random = np.random.default_rng(2)
    law = random.normal(0, 0.03, (11, 4)).astype(np.float32)
    law[10] += [0, 0.1, 0.9, 1.1]
    true = BoxFit(law)
    *learnt, new = various_landmarks(40)

    box_of = fit_boxes([faces([true(face) for face in learnt], learnt)])

    np.testing.assert_allclose(box_of(new), true(new), atol=0.02)


@pytest.mark.parametrize("degrees", [0, 20, -35, 90, 180])
@pytest.mark.parametrize("scale", [0.2, 1, 3])
def test_a_box_follows_its_face_around_the_same_oval(degrees: float, scale: float) -> None:
    box_of = fit_boxes([drawn(*PLACES)])
    matrix = similarity(np.array([64, 64]), np.array([300, 200]), scale=scale, degrees=degrees)

    found = box_of(transformed(LANDMARKS, matrix))

    np.testing.assert_allclose(found, turned_boxes(BOX[None], matrix)[0], rtol=2e-3, atol=0.2)


WRONG = np.array([0, 0, 500, 3], np.float32)


@pytest.mark.parametrize(
    "unfit",
    [
        pytest.param(faces([WRONG], [placed_landmarks(50, 50, 60)], ignored=True), id="ignored"),
        pytest.param(faces([WRONG], [placed_landmarks(50, 50, 4)]), id="too small to be precise"),
        pytest.param(faces([WRONG], [turned(LANDMARKS, 20)]), id="turned"),
        pytest.param(faces([WRONG], [turned(LANDMARKS, -90)]), id="lying"),
        pytest.param(nothing_in(8, 8), id="no face at all"),
    ],
)
def test_what_is_no_good_example_is_not_learnt_from(unfit: Scene) -> None:
    box_of = fit_boxes([drawn(*PLACES), unfit])

    np.testing.assert_allclose(box_of(LANDMARKS), BOX, atol=0.01)


def test_a_small_turn_is_still_learnt_from() -> None:
    tilted, box = turned(LANDMARKS, 10), np.array([290, 180, 30, 50], np.float32)

    np.testing.assert_allclose(fit_boxes([faces([box], [tilted])])(tilted), box, atol=1.5)


def test_landmarks_that_all_coincide_have_a_finite_box() -> None:
    assert np.isfinite(fit_boxes([drawn(*PLACES)])(np.full((5, 2), 7, np.float32))).all()
