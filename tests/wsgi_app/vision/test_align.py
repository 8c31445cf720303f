import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wsgi_app.vision.align import CROP_PX, TEMPLATE, align, outside, similarity
from wsgi_app.vision.detect import Face

Points = NDArray[np.float64]

angles = st.floats(-np.pi, np.pi)
scales = st.floats(0.05, 20)
shifts = st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000))
places = st.tuples(st.floats(-50, 4000), st.floats(-50, 4000))


def transform_of(angle: float, scale: float, shift: tuple[float, float]) -> Points:
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([(cosine, -sine, shift[0]), (sine, cosine, shift[1])])


def moved(points: Points, transform: Points) -> Points:
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])


def face_at(points: Points) -> Face:
    first, second, nose, left, right = ((float(x), float(y)) for x, y in points)
    return Face(box=(0, 0, 100, 100), landmarks=(first, second, nose, left, right), score=1)


@given(angles, scales, shifts)
def test_a_rotation_scale_and_shift_is_recovered(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    transform = transform_of(angle, scale, shift)

    found = similarity(TEMPLATE, moved(TEMPLATE, transform))

    np.testing.assert_allclose(found, transform, rtol=1e-6, atol=1e-6)


@given(angles, scales, shifts)
def test_a_face_is_taken_onto_the_template_from_anywhere(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    landmarks = moved(TEMPLATE, transform_of(angle, scale, shift))

    np.testing.assert_allclose(moved(landmarks, similarity(landmarks, TEMPLATE)), TEMPLATE, atol=1e-6)


def test_landmarks_on_the_template_stay_where_they_are() -> None:
    np.testing.assert_allclose(similarity(TEMPLATE, TEMPLATE), np.eye(2, 3), atol=1e-12)


@given(st.lists(places, min_size=5, max_size=5, unique=True), angles, shifts)
def test_no_other_similarity_comes_closer(
    points: list[tuple[float, float]], angle: float, shift: tuple[float, float]
) -> None:
    source = np.array(points)
    best = similarity(source, TEMPLATE)
    nudged = best + transform_of(angle, 1e-3, (shift[0] / 1000, shift[1] / 1000))

    def error(transform: Points) -> float:
        return float(((moved(source, transform) - TEMPLATE) ** 2).sum())

    assert error(best) <= error(nudged) * (1 + 1e-9)


def test_a_mirrored_face_is_turned_and_never_mirrored_back() -> None:
    mirrored = TEMPLATE * (-1, 1)

    linear = similarity(mirrored, TEMPLATE)[:, :2]

    assert np.linalg.det(linear) > 0


@given(places)
def test_points_that_coincide_give_a_pure_shift(place: tuple[float, float]) -> None:
    transform = similarity(np.array([place] * 5), TEMPLATE)

    np.testing.assert_array_equal(transform[:, :2], np.eye(2))
    np.testing.assert_allclose(transform[:, 2], TEMPLATE.mean(axis=0) - place, atol=1e-9)


def test_points_on_one_line_give_a_finite_transform() -> None:
    line = np.array([(float(x), 2.0 * x) for x in range(5)])

    assert np.isfinite(similarity(line, TEMPLATE)).all()


def test_a_crop_is_112_px_a_side_and_of_bytes() -> None:
    crop = align(np.zeros((540, 960, 3), np.uint8), face_at(TEMPLATE * 2 + (300, 100)))

    assert crop.shape == (CROP_PX, CROP_PX, 3)
    assert crop.dtype == np.uint8


def test_a_crop_at_the_template_is_the_picture_itself() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (CROP_PX, CROP_PX, 3), np.uint8)

    np.testing.assert_array_equal(align(pixels, face_at(TEMPLATE)), pixels)


def test_dots_at_the_landmarks_of_a_tilted_face_come_to_lie_on_the_template() -> None:
    landmarks = moved(TEMPLATE, transform_of(0.5, 2.5, (400, 100)))
    pixels = np.zeros((540, 960, 3), np.uint8)
    for x, y in landmarks:
        cv2.circle(pixels, (round(x), round(y)), 6, (255, 255, 255), -1)

    crop = align(pixels, face_at(landmarks))

    dots, _, _, centres = cv2.connectedComponentsWithStats((crop[:, :, 0] > 127).astype(np.uint8))
    found = sorted((x, y) for x, y in centres[1:])
    assert dots - 1 == 5
    np.testing.assert_allclose(found, sorted((x, y) for x, y in TEMPLATE), atol=0.7)


def test_what_lies_beyond_the_picture_has_the_colours_of_its_edge() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[:, 0] = (200, 100, 50)

    crop = align(pixels, face_at(TEMPLATE - (CROP_PX / 2, 0)))

    assert np.unique(crop[:, :50].reshape(-1, 3), axis=0).tolist() == [[200, 100, 50]]
    assert crop[:, 60:].max() == 0


@pytest.mark.parametrize(
    ("shift", "share"),
    [((0, 0), 0.0), ((56, 0), 0.5), ((-56, 0), 0.0), ((56, 56), 0.75), ((0, 112), 1.0), ((-144, 0), 0.5)],
)
def test_how_much_of_a_crop_lies_beyond_the_picture_is_told(shift: tuple[int, int], share: float) -> None:
    assert outside(face_at(TEMPLATE - shift), 200, 200) == pytest.approx(share, abs=0.02)


def test_the_picture_stays_as_it_is() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (50, 60, 3), np.uint8)
    pixels.flags.writeable = False

    align(pixels, face_at(TEMPLATE))
