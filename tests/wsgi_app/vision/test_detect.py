import dataclasses
import math
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wsgi_app.vision.detect import STRIDES, Face, Point, detector_blob, find_faces, overlaps, shared_areas
from wsgi_app.vision.engines import Blob, load_network
from wsgi_app.vision.packs import DetectorFile, pack_in

SIDE_PX = 64
PIXELS = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)


def detector(score_threshold: float = 0.7, sizes: Literal["square", "any"] = "square") -> DetectorFile:
    return DetectorFile(
        file="detector.onnx",
        sha256="0" * 64,
        size_bytes=1,
        licence="MIT",
        source="a test",
        url="",
        input_px=SIDE_PX,
        score_threshold=score_threshold,
        sizes=sizes,
    )


class FakeDetector:
    """Gives the outputs of a detector that sees what a test has put there."""

    def __init__(self, width_px: int = SIDE_PX, height_px: int = SIDE_PX) -> None:
        self.seen: Blob | None = None
        self.outputs: dict[str, Blob] = {}
        self.width_px = width_px
        for stride in STRIDES:
            cells = (width_px // stride) * (height_px // stride)
            for name, width in {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}.items():
                self.outputs[f"{name}_{stride}"] = np.zeros((1, cells, width), np.float32)

    def put(
        self,
        stride: int,
        cell: tuple[int, int],
        *,
        score: float = 0.9,
        shift: Point = (0, 0),
        size_px: tuple[float, float] = (16, 16),
        landmarks: tuple[float, ...] = (0,) * 10,
    ) -> "FakeDetector":
        """Let a cell (column, row) report a face: shift and landmarks in strides from the cell's corner."""
        row = cell[1] * (self.width_px // stride) + cell[0]
        size = [math.log(side / stride) for side in size_px]
        self.outputs[f"cls_{stride}"][0, row] = score
        self.outputs[f"obj_{stride}"][0, row] = score
        self.outputs[f"bbox_{stride}"][0, row] = [*shift, *size]
        self.outputs[f"kps_{stride}"][0, row] = landmarks
        return self

    def run(self, blob: Blob) -> dict[str, Blob]:
        self.seen = blob
        return self.outputs


def boxes(faces: tuple[Face, ...]) -> list[object]:
    return [pytest.approx(face.box, abs=1e-3) for face in faces]


def test_a_picture_without_a_face_has_none() -> None:
    assert find_faces(FakeDetector(), PIXELS, detector()) == ()


@pytest.mark.parametrize(
    ("stride", "cell", "centre"),
    [
        (8, (0, 0), (2, 4)),
        (8, (7, 0), (58, 4)),
        (8, (3, 5), (26, 44)),
        (16, (2, 1), (36, 24)),
        (32, (1, 0), (40, 16)),
    ],
)
def test_a_cell_tells_where_its_face_is(stride: int, cell: tuple[int, int], centre: Point) -> None:
    landmarks = (0.25, 0, 0.5, 0, 0.25, 0.5, 0, 1, 1, 1.5)
    network = FakeDetector().put(
        stride, cell, shift=(0.25, 0.5), size_px=(20, 30), landmarks=landmarks, score=0.8
    )

    (face,) = find_faces(network, PIXELS, detector())

    assert face.box == pytest.approx((centre[0] - 10, centre[1] - 15, 20, 30), abs=1e-4)
    expected = (np.array(cell) + np.reshape(landmarks, (5, 2))) * stride
    np.testing.assert_array_equal(face.landmarks, expected)
    assert face.score == pytest.approx(0.8)


def test_a_score_is_the_geometric_mean_of_class_and_object() -> None:
    network = FakeDetector().put(8, (2, 2))
    network.outputs["cls_8"][network.outputs["cls_8"] > 0] = 1.0
    network.outputs["obj_8"][network.outputs["obj_8"] > 0] = 0.64

    (face,) = find_faces(network, PIXELS, detector())

    assert face.score == pytest.approx(0.8)


def test_a_network_that_overshoots_still_scores_within_0_and_1() -> None:
    network = FakeDetector().put(8, (2, 2), score=1.5).put(8, (6, 6), score=-1.5)

    assert [face.score for face in find_faces(network, PIXELS, detector())] == [1.0]


@pytest.mark.parametrize(("score", "found"), [(0.49, 0), (0.5, 1), (0.51, 1)])
def test_a_face_needs_the_detectors_least_score(score: float, found: int) -> None:
    network = FakeDetector().put(8, (2, 2), score=score)

    assert len(find_faces(network, PIXELS, detector(score_threshold=0.5))) == found


def test_of_boxes_that_overlap_the_surest_is_kept() -> None:
    network = FakeDetector().put(8, (2, 2), score=0.8).put(8, (3, 2), score=0.9, shift=(-0.5, 0))

    (face,) = find_faces(network, PIXELS, detector())

    assert face.score == pytest.approx(0.9)
    assert face.box == pytest.approx((12, 8, 16, 16), abs=1e-3)


def test_the_same_face_seen_at_two_strides_is_one() -> None:
    network = FakeDetector().put(8, (4, 4), score=0.8).put(16, (2, 2), score=0.9)

    assert len(find_faces(network, PIXELS, detector())) == 1


def test_cells_that_see_the_same_face_blend_their_landmarks_by_their_certainty() -> None:
    network = (
        FakeDetector()
        .put(8, (2, 2), score=0.9, shift=(0, 0), landmarks=(1.0,) * 10)  # at (24, 24) px
        .put(8, (3, 2), score=0.6, shift=(-1, 0), landmarks=(0.5, 1.5) * 5)  # the same box: (28, 28)
        .put(8, (2, 3), score=0.8, shift=(0.4, -1), landmarks=(9.0,) * 10)  # overlaps by two thirds: no voice
    )

    (face,) = find_faces(network, PIXELS, detector(score_threshold=0.5))

    blended = pytest.approx(((0.9 * 24 + 0.6 * 28) / 1.5,) * 2, abs=1e-4)
    assert list(face.landmarks) == [blended] * 5
    assert face.box == pytest.approx((8, 8, 16, 16), abs=1e-3)


def test_a_box_of_next_to_no_size_far_to_the_right_keeps_its_landmarks() -> None:
    network = FakeDetector(4096, SIDE_PX).put(8, (400, 2), size_px=(1e-9, 1e-9), landmarks=(1.0,) * 10)
    file = dataclasses.replace(detector(sizes="any"), input_px=4096)

    (face,) = find_faces(network, np.zeros((SIDE_PX, 4096, 3), np.uint8), file)

    assert list(face.landmarks) == [(3208.0, 24.0)] * 5


@pytest.mark.parametrize(("shift_px", "found"), [(7, 1), (8, 1), (9, 2), (16, 2)])
def test_two_faces_may_overlap_by_three_tenths(shift_px: float, found: int) -> None:
    # Boxes of 16 px that are 8 px apart share 8 of 24 columns, a third; 9 px apart 7 of 25.
    network = FakeDetector().put(8, (2, 2), score=0.8).put(8, (2, 4), score=0.9, shift=(shift_px / 8, -2))

    assert len(find_faces(network, PIXELS, detector())) == found


def test_the_largest_face_comes_first_whatever_its_score() -> None:
    network = (
        FakeDetector()
        .put(8, (1, 1), score=0.95, size_px=(10, 10))
        .put(8, (6, 1), score=0.80, size_px=(12, 40))
        .put(8, (3, 6), score=0.75, size_px=(20, 18))
    )

    found = find_faces(network, PIXELS, detector())

    assert [face.size_px for face in found] == pytest.approx([18, 12, 10], abs=1e-4)


def test_a_face_that_many_cells_report_hides_no_other_face() -> None:
    network = FakeDetector().put(32, (1, 1), score=0.75, size_px=(10, 10), shift=(0.8, 0.8))
    for column in range(8):
        for row in range(7):
            network.put(8, (column, row), score=0.9, size_px=(40, 40), shift=(3 - column, 3 - row))

    found = find_faces(network, PIXELS, detector())

    assert boxes(found) == [(4, 4, 40, 40), (52.6, 52.6, 10, 10)]


@pytest.mark.parametrize("shape", [(64, 64), (10, 64), (64, 10), (1, 1), (63, 5)])
def test_a_picture_that_fits_is_never_enlarged(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(1, 256, (*shape, 3), np.uint8)

    blob, shrink = detector_blob(pixels, detector())

    assert shrink == 1.0
    assert blob.shape == (1, 3, SIDE_PX, SIDE_PX)
    assert blob.dtype == np.float32
    top_left = blob[0, :, : shape[0], : shape[1]]
    np.testing.assert_array_equal(top_left, pixels[:, :, ::-1].transpose(2, 0, 1))
    assert np.count_nonzero(blob) == pixels.size


@pytest.mark.parametrize(
    ("height", "width", "shrink", "fitted"),
    [
        (64, 65, 65 / 64, (63, 64)),
        (96, 128, 2, (48, 64)),
        (128, 96, 2, (64, 48)),
        (1000, 300, 15.625, (64, 19)),
        (2, 2000, 31.25, (1, 64)),
        (2000, 1, 31.25, (64, 1)),
    ],
)
def test_a_larger_picture_is_shrunk_and_keeps_its_proportions(
    height: int, width: int, shrink: float, fitted: tuple[int, int]
) -> None:
    blob, found = detector_blob(np.full((height, width, 3), (10, 20, 30), np.uint8), detector())

    assert found == shrink
    expected = np.zeros((3, SIDE_PX, SIDE_PX))
    expected[:, : fitted[0], : fitted[1]] = np.array([30, 20, 10])[:, None, None]
    np.testing.assert_array_equal(blob[0], expected)


@pytest.mark.parametrize("factor", [3, 4, 7])
def test_a_chessboard_shrinks_to_gray_and_not_to_a_pattern(factor: int) -> None:
    side = SIDE_PX * factor
    board = (np.indices((side, side)).sum(axis=0) % 2 * 255).astype(np.uint8)

    blob, _ = detector_blob(np.repeat(board[:, :, None], 3, axis=2), detector())

    assert blob.min() > 100
    assert blob.max() < 155


def test_faces_come_in_pixels_of_the_picture_and_not_of_the_input() -> None:
    network = FakeDetector().put(8, (2, 3), size_px=(16, 24), landmarks=(1,) * 10)
    large = np.zeros((SIDE_PX * 5, SIDE_PX * 2, 3), np.uint8)

    (face,) = find_faces(network, large, detector())

    assert face.box == pytest.approx((8 * 5, 12 * 5, 16 * 5, 24 * 5), abs=1e-3)
    assert face.landmarks == ((24 * 5, 32 * 5),) * 5


@pytest.mark.parametrize(
    ("shape", "input_shape"),
    [
        ((64, 64), (64, 64)),
        ((20, 60), (32, 64)),
        ((33, 1), (64, 32)),
        ((1000, 300), (64, 32)),
        ((1, 1), (32, 32)),
    ],
)
def test_a_network_that_takes_any_size_gets_no_more_than_the_picture_needs(
    shape: tuple[int, int], input_shape: tuple[int, int]
) -> None:
    blob, shrink = detector_blob(np.full((*shape, 3), 255, np.uint8), detector(sizes="any"))

    assert blob.shape == (1, 3, *input_shape)
    height, width = (round(side / shrink) for side in shape)
    assert np.count_nonzero(blob) == 3 * height * width


def test_cells_of_a_narrow_input_are_counted_along_its_own_rows() -> None:
    network = FakeDetector(width_px=32, height_px=64).put(8, (1, 5), size_px=(16, 16))

    (face,) = find_faces(network, np.zeros((64, 32, 3), np.uint8), detector(sizes="any"))

    assert face.box == pytest.approx((8 - 8, 40 - 8, 16, 16), abs=1e-3)


@pytest.mark.parametrize("output", ["bbox_8", "kps_8"])
def test_a_face_of_numbers_that_are_none_is_no_face(output: str) -> None:
    network = FakeDetector().put(8, (2, 3)).put(16, (1, 1))
    network.outputs[output][0, 3 * 8 + 2, 0] = np.nan

    assert [face.box for face in find_faces(network, PIXELS, detector())] == [(8, 8, 16, 16)]


def test_the_network_gets_the_fitted_picture() -> None:
    network = FakeDetector()
    pixels = np.random.default_rng(2).integers(0, 256, (100, 150, 3), np.uint8)

    find_faces(network, pixels, detector())

    assert network.seen is not None
    np.testing.assert_array_equal(network.seen, detector_blob(pixels, detector())[0])


def test_a_scaled_face_is_the_same_face_in_a_larger_picture() -> None:
    face = Face((1, 2, 30, 40), ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10)), 0.9)

    assert face.scaled(2) == Face((2, 4, 60, 80), ((2, 4), (6, 8), (10, 12), (14, 16), (18, 20)), 0.9)
    assert face.scaled(1) == face
    assert (face.size_px, face.scaled(0.5).size_px) == (30, 15)


def reference_faces(path: Path, pixels: NDArray[np.uint8], file: DetectorFile) -> NDArray[np.float32]:
    """What OpenCV's own detector class finds, the largest first: box, landmarks and score in each row."""
    height, width = detector_blob(pixels, file)[0].shape[2:]
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[: pixels.shape[0], : pixels.shape[1]] = pixels[:, :, ::-1]
    reader = cv2.FaceDetectorYN.create(str(path), "", (width, height), file.score_threshold, 0.3, 5000)
    found = np.asarray(reader.detect(fitted)[1], np.float32)
    return found[np.argsort(-np.minimum(found[:, 2], found[:, 3]))]


@pytest.mark.parametrize("names", [("ana-1",), ("bruno-3", "chen-4"), ("dana-2", "eun-1", "ivo-5")])
def test_real_faces_are_where_opencv_finds_them(
    names: tuple[str, ...], pack_folder: Path, photo: Callable[[str], bytes]
) -> None:
    file = pack_in(pack_folder).detector
    row = np.hstack([np.asarray(Image.open(BytesIO(photo(name))))[:, 200:800] for name in names])
    width = min(file.input_px, row.shape[1])
    pixels = np.asarray(cv2.resize(row, (width, row.shape[0] * width // row.shape[1])), np.uint8)

    found = find_faces(load_network(pack_folder / file.file), pixels, file)

    expected = reference_faces(pack_folder / file.file, pixels, file)
    assert len(found) == len(expected) == len(names)
    for face, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(face.box, wanted[:4], atol=0.01)
        # OpenCV takes the surest cell's landmarks; those of all cells that agree lie close by.
        np.testing.assert_allclose(np.ravel(face.landmarks), wanted[4:14], atol=0.05 * face.size_px)
        assert face.score == pytest.approx(wanted[14], abs=1e-4)


Box = tuple[float, float, float, float]


def test_shared_areas_are_those_of_the_common_part() -> None:
    others = np.array([(2, 3, 4, 5), (8, 8, 10, 10), (10, 0, 5, 5), (-5, -5, 50, 50)], np.float32)

    assert shared_areas(np.array([0, 0, 10, 10]), others).tolist() == [20, 4, 0, 100]


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ((0, 0, 10, 10), 1),
        ((5, 0, 10, 10), 1 / 3),
        ((0, 0, 5, 10), 0.5),
        ((2, 2, 5, 5), 0.25),
        ((10, 0, 10, 10), 0),
        ((50, 50, 10, 10), 0),
        ((5, 5, 0, 0), 0),
    ],
)
def test_overlap_is_intersection_over_union(other: Box, share: float) -> None:
    found = overlaps(np.array([0, 0, 10, 10]), np.array([other], np.float32))

    assert found.tolist() == [pytest.approx(share)]
