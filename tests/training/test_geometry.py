import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.training.material import form, noise, plain
from training.geometry import Matrix, Size, share_inside, similarity, transformed, turned_boxes, warp

STAY: Matrix = np.eye(2, 3)

places = st.tuples(st.floats(-500, 500), st.floats(-500, 500)).map(np.array)
scales = st.floats(0.1, 10)
angles = st.floats(-180, 180)


def around(point: tuple[float, float], *, scale: float = 1.0, degrees: float = 0.0) -> Matrix:
    """The map that turns and scales around a point."""
    return similarity(np.array(point), np.array(point), scale=scale, degrees=degrees)


def boxes(*rows: tuple[float, float, float, float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


@given(places, places, scales, angles)
def test_a_similarity_brings_the_point_where_it_says(
    there: NDArray[np.float64], here: NDArray[np.float64], scale: float, degrees: float
) -> None:
    matrix = similarity(there, here, scale=scale, degrees=degrees)

    np.testing.assert_allclose(transformed(there.astype(np.float32), matrix), here, atol=0.01)


@given(places, scales, angles)
def test_a_similarity_scales_every_distance_alike(
    there: NDArray[np.float64], scale: float, degrees: float
) -> None:
    matrix = similarity(there, there, scale=scale, degrees=degrees)

    np.testing.assert_allclose(matrix[:, :2] @ matrix[:, :2].T, np.eye(2) * scale**2, atol=1e-9 * scale**2)


@pytest.mark.parametrize(
    ("scale", "degrees", "expected"),
    [
        (1, 0, (20, 10)),
        (2, 0, (30, 10)),
        (1, 90, (10, 20)),  # what was to the right is below
        (1, -90, (10, 0)),
        (0.5, 180, (5, 10)),
    ],
)
def test_a_point_turns_clockwise_as_the_picture_is_seen(
    scale: float, degrees: float, expected: tuple[float, float]
) -> None:
    point = np.array([20, 10], np.float32)

    np.testing.assert_allclose(
        transformed(point, around((10, 10), scale=scale, degrees=degrees)), expected, atol=1e-5
    )


def test_points_of_any_shape_keep_it() -> None:
    points = np.arange(20, dtype=np.float32).reshape(2, 5, 2)

    found = transformed(points, np.array([[1, 0, 100], [0, 2, 0]], float))

    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, points * [1, 2] + [100, 0])


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (STAY, (10, 20, 30, 40)),
        (np.array([[1, 0, 5], [0, 1, -5]], float), (15, 15, 30, 40)),
        (around((10, 20), scale=2), (10, 20, 60, 80)),
        (around((25, 40), scale=0.5), (17.5, 30, 15, 20)),
        (around((25, 40), degrees=90), (5, 25, 40, 30)),
        (around((25, 40), degrees=-90), (5, 25, 40, 30)),
        (around((25, 40), degrees=180), (10, 20, 30, 40)),
        (around((0, 0), degrees=90), (-60, 10, 40, 30)),
        (np.array([[1, 0.75, 0], [0, 1, 0]]), (55 - 225**0.5 * 2**0.5, 20, 2 * 450**0.5, 40)),
    ],
    ids=["stay", "shift", "twice", "half", "quarter turn", "back", "upside down", "around", "sheared"],
)
def test_a_box_follows_its_map(matrix: Matrix, expected: tuple[float, ...]) -> None:
    np.testing.assert_allclose(turned_boxes(boxes((10, 20, 30, 40)), matrix), [expected], atol=1e-4)


@given(angles)
def test_a_square_box_stays_as_large_however_it_turns(degrees: float) -> None:
    found = turned_boxes(boxes((10, 20, 40, 40)), around((30, 40), degrees=degrees))

    np.testing.assert_allclose(found, [(10, 20, 40, 40)], atol=1e-3)


def test_no_boxes_stay_none() -> None:
    assert turned_boxes(boxes(), STAY).shape == (0, 4)


@pytest.mark.parametrize("scale", [1.0, 2.0, 0.5, 0.1])
def test_a_picture_keeps_its_dtype_and_has_the_size_that_is_asked_for(scale: float) -> None:
    picture, mask = noise(60, 80), np.random.default_rng(1).random((60, 80), np.float32)

    warped = warp(picture, around((40, 30), scale=scale), Size(50, 70), [0, 0, 0])
    warped_mask = warp(mask, around((40, 30), scale=scale), Size(50, 70), [0])

    assert form(warped) == ((70, 50, 3), "uint8")
    assert form(warped_mask) == ((70, 50), "float32")


def test_a_picture_that_stays_is_the_same() -> None:
    picture = noise(60, 80)

    np.testing.assert_array_equal(warp(picture, STAY, Size(80, 60), [0, 0, 0]), picture)


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_outside_the_picture_is_the_fill(scale: float) -> None:
    white = plain(40, 40, 255, 255, 255)

    warped = warp(white, around((0, 0), scale=scale), Size(60, 60), [10, 20, 30])

    side = round(40 * scale)
    np.testing.assert_array_equal(warped[1 : side - 1, 1 : side - 1], white[1 : side - 1, 1 : side - 1])
    np.testing.assert_array_equal(warped[side + 1 :], plain(60 - side - 1, 60, 10, 20, 30))
    np.testing.assert_array_equal(warped[:, side + 1 :], plain(60, 60 - side - 1, 10, 20, 30))


@pytest.mark.parametrize("scale", [3.0, 1.0, 0.75, 0.6, 0.3])
@pytest.mark.parametrize("degrees", [0, 30, 90, -120])
def test_pixels_and_points_go_to_the_same_place(scale: float, degrees: float) -> None:
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[56:65, 36:45] = 255
    middle_px = np.array([40.5, 60.5])  # counted from the corner of the first pixel
    matrix = similarity(middle_px, np.array([52, 47]), scale=scale, degrees=degrees)

    warped = warp(picture, matrix, Size(100, 100), [0, 0, 0])[..., 0].astype(float)

    down, across = np.indices(warped.shape)
    middle = np.array([(warped * across).sum(), (warped * down).sum()]) / warped.sum() + 0.5
    np.testing.assert_allclose(middle, (52, 47), atol=0.1)


def test_a_chessboard_shrinks_to_gray_and_not_to_a_pattern() -> None:
    board = np.repeat((np.indices((120, 120)).sum(0) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)

    warped = warp(board, around((60, 60), scale=0.3), Size(120, 120), [0, 0, 0])[45:75, 45:75]

    assert 100 < warped.min() <= warped.max() < 155


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((10, 10, 20, 20), 1),
        ((0, 0, 100, 50), 1),
        ((-10, 10, 20, 20), 0.5),
        ((90, 10, 20, 20), 0.5),
        ((90, 40, 20, 20), 0.25),
        ((100, 0, 20, 20), 0),
        ((-50, -50, 20, 20), 0),
        ((-50, -25, 200, 100), 0.25),
        ((10, 10, 0, 0), 0),
    ],
)
def test_how_much_of_a_box_is_within_the_view(box: tuple[float, float, float, float], share: float) -> None:
    assert share_inside(boxes(box), Size(100, 50)).tolist() == [share]
