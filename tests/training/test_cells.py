import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.material import form, nothing_in
from training.cells import NUMBERS, corners, targets_of
from training.scenes import Scene
from wsgi_app.vision.detect import STRIDES

Row = tuple[float, float, float, float]


def view(side_px: int, *boxes: Row, ignored: tuple[Row, ...] = ()) -> Scene:
    """A square view with faces; the landmarks of each are its number, to tell them apart."""
    rows = [*boxes, *ignored]
    landmarks = [np.full((5, 2), number, np.float32) for number in range(len(rows))]
    return Scene(
        np.zeros((side_px, side_px, 3), np.uint8),
        np.array(rows, np.float32).reshape(-1, 4),
        np.array(landmarks, np.float32).reshape(-1, 5, 2),
        np.arange(len(rows)) >= len(boxes),
    )


def around(x: float, y: float, side: float) -> Row:
    """A square box by its middle."""
    return (x - side / 2, y - side / 2, side, side)


def grids(view: Scene) -> dict[int, NDArray[np.float32]]:
    """The targets of each stride, [rows, columns, 16]."""
    targets, found = targets_of(view), {}
    for stride in STRIDES:
        side = view.pixels.shape[0] // stride
        found[stride], targets = targets[: side**2].reshape(side, side, NUMBERS), targets[side**2 :]
    assert not len(targets)
    return found


def drawn(view: Scene, stride: int) -> list[str]:
    """A grid as one sees it: A to Z say a face, ``-`` says none, ``?`` counts on neither side."""

    def sign(cell: NDArray[np.float32]) -> str:
        if cell[0] == 1:
            assert cell[1] == 1
            return "ABC"[int(cell[6])]
        assert not cell[2:].any()
        return "-" if cell[1] == 1 else "?"

    return ["".join(sign(cell) for cell in row) for row in grids(view)[stride]]


def test_every_cell_of_every_grid_has_its_row() -> None:
    targets = targets_of(nothing_in(64, 96))

    assert form(targets) == ((8 * 12 + 4 * 6 + 2 * 3, 16), "float32")
    np.testing.assert_array_equal(targets, [[0, 1, *[0] * 14]] * len(targets))


def test_the_corners_of_cells_go_row_by_row() -> None:
    assert corners(8, 2, 3).tolist() == [[0, 0], [8, 0], [16, 0], [0, 8], [8, 8], [16, 8]]


@pytest.mark.parametrize(
    ("size_px", "strides"),
    [
        (4, {8}),
        (44, {8}),
        (45, {8, 16}),
        (63, {8, 16}),
        (64, {16}),
        (97, {16}),
        (98, {16, 32}),
        (139, {16, 32}),
        (140, {32}),
        (250, {32}),
    ],
)
def test_the_grids_that_say_a_face_of_a_size(size_px: float, strides: set[int]) -> None:
    found = grids(view(256, around(140, 140, size_px)))

    assert {stride for stride, grid in found.items() if grid[..., 0].any()} == strides


def test_the_size_of_an_oblong_face_is_the_root_of_its_area() -> None:
    found = grids(view(256, (100, 60, 50, 128)))

    assert {stride for stride, grid in found.items() if grid[..., 0].any()} == {16}


def test_the_cells_in_the_middle_say_the_face_and_a_ring_says_nothing() -> None:
    assert drawn(view(64, around(32, 32, 16)), 8) == [
        "--------",
        "--------",
        "--????--",
        "--?AA?--",
        "--?AA?--",
        "--????--",
        "--------",
        "--------",
    ]


def test_a_face_over_the_middle_of_a_cell_has_that_cell_and_its_neighbours() -> None:
    assert drawn(view(64, around(28, 28, 24)), 8) == [
        "--------",
        "-?????--",
        "-?AAA?--",
        "-?AAA?--",
        "-?AAA?--",
        "-?????--",
        "--------",
        "--------",
    ]


def test_a_face_smaller_than_a_cell_still_has_one() -> None:
    assert drawn(view(64, around(31, 31, 4)), 8)[3] == "--?A??--"


def test_cells_outside_the_face_do_not_say_it_however_near() -> None:
    assert drawn(view(64, (24, 12, 8, 40)), 8) == [
        "--------",
        "--------",
        "-?????--",
        "-??A??--",
        "-??A??--",
        "-?????--",
        "--------",
        "--------",
    ]


@pytest.mark.parametrize(
    ("stride", "size_px"), [(8, 65), (8, 89), (16, 32), (16, 44), (16, 141), (16, 195), (32, 69), (32, 97)]
)
def test_a_face_of_nearly_a_grids_size_leaves_a_ring_that_says_nothing(stride: int, size_px: float) -> None:
    middle = 8 * stride / 2

    found = drawn(view(8 * stride, around(middle, middle, size_px)), stride)

    assert found == [*["--------"] * 2, *["--????--"] * 4, *["--------"] * 2]


@pytest.mark.parametrize(("stride", "size_px"), [(8, 90), (8, 200), (16, 31), (16, 197), (32, 20), (32, 68)])
def test_a_face_of_quite_another_size_is_nothing_to_a_grid(stride: int, size_px: float) -> None:
    middle = 8 * stride / 2

    assert drawn(view(8 * stride, around(middle, middle, size_px)), stride) == ["--------"] * 8


def test_a_cell_tells_its_faces_box_and_landmarks() -> None:
    face = view(64, (20, 24, 16, 18))
    face.landmarks[0] = np.arange(10).reshape(5, 2) + 0.5

    targets = grids(face)[8]

    saying = targets[targets[..., 0] == 1]
    assert len(saying) > 0
    np.testing.assert_array_equal(saying, [[1, 1, 20, 24, 16, 18, *(np.arange(10) + 0.5)]] * len(saying))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_where_two_claim_a_cell_the_smaller_face_gets_it(order: tuple[int, int]) -> None:
    faces = (around(32, 32, 38), around(36, 36, 12))
    small = "AB"[order.index(1)]

    found = drawn(view(64, *(faces[number] for number in order)), 8)

    assert found[4][4] == small
    assert sum(row.count(small) for row in found) == 1
    assert sum(row.count("AB"[order.index(0)]) for row in found) == 3


def test_neighbours_do_not_silence_each_other() -> None:
    assert drawn(view(64, around(16, 32, 16), around(40, 32, 16)), 8)[3:5] == ["?AA?BB?-"] * 2


def test_within_an_ignored_box_nothing_counts() -> None:
    assert drawn(view(64, ignored=((16, 8, 24, 16),)), 8) == [
        "--------",
        "--???---",
        "--???---",
        *["--------"] * 5,
    ]


def test_a_face_within_an_ignored_box_is_still_said() -> None:
    assert drawn(view(64, around(32, 32, 16), ignored=((0, 0, 64, 64),)), 8) == [
        *["????????"] * 3,
        *["???AA???"] * 2,
        *["????????"] * 3,
    ]


def test_an_ignored_face_is_said_by_nobody() -> None:
    assert not targets_of(view(64, ignored=(around(32, 32, 20),)))[:, 0].any()
