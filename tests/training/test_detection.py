import math
from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.material import placed_box, placed_landmarks, plain
from training.detection import Findings, evaluate_detector
from training.scenes import Scene
from wsgi_app.vision.detect import OUTPUTS, STRIDES
from wsgi_app.vision.engines import Blob

Box = tuple[float, float, float, float]
Seen = tuple[Box, float]  # a box in pixels of the input, and how sure the detector is

NAN = math.nan


class Table:
    """A detector of YuNet's form that knows each scene by its shade of red, and its answer from a table."""

    def __init__(self, *answers: list[Seen], landmarks_off_px: float = 0):
        self._answers, self._off = answers, landmarks_off_px

    def run(self, blob: Blob) -> dict[str, Blob]:
        height, width = blob.shape[2:]
        outputs = {name: np.zeros((1, 0, 0), np.float32) for name in OUTPUTS}
        for stride in STRIDES:
            cells = (height // stride) * (width // stride)
            for name, numbers in {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}.items():
                outputs[f"{name}_{stride}"] = np.zeros((1, cells, numbers), np.float32)
        for box, score in self._answers[round(float(blob[0, 2, 0, 0]))]:
            middle = np.array(box[:2]) + np.array(box[2:]) / 2
            column, row = (middle // 8).astype(int)
            cell = (0, row * (width // 8) + column)
            outputs["cls_8"][cell] = outputs["obj_8"][cell] = score
            outputs["bbox_8"][cell] = [*middle / 8 - (column, row), *np.log(np.array(box[2:]) / 8)]
            points = np.add(landmarks_in(box), (self._off, 0))
            outputs["kps_8"][cell] = (points / 8 - (column, row)).reshape(-1)
        return outputs


def landmarks_in(box: Box) -> NDArray[np.float32]:
    left, top, width, height = box
    return placed_landmarks(left + width / 2, top + height / 2, math.sqrt(width * height))


def scenes(
    *faces: list[Box], ignored: tuple[Box, ...] = (), size: tuple[int, int] = (160, 192)
) -> list[Scene]:
    """Scenes in shades of red, each with those faces; ``ignored`` ones are in all of them."""
    return [
        Scene(
            plain(*size, red, 0, 0),
            np.array([*boxes, *ignored], np.float32).reshape(-1, 4),
            np.array([landmarks_in(box) for box in [*boxes, *ignored]], np.float32).reshape(-1, 5, 2),
            np.array([False] * len(boxes) + [True] * len(ignored), bool),
        )
        for red, boxes in enumerate(faces)
    ]


def columns(found: Findings) -> dict[str, list[float]]:
    return {field.name: getattr(found, field.name).astype(float).round(3).tolist() for field in fields(found)}


def findings(
    found: list[tuple[float, bool, float]], faces: list[tuple[float, float, float]] | None = None
) -> Findings:
    """Findings from rows: (score, right, size) of what is found, (size, found at, error) of the faces."""
    scores, right, found_sizes = np.array(found, float).reshape(-1, 3).T
    sizes, found_at, errors = np.array(faces or [], float).reshape(-1, 3).T
    return Findings(scores, right.astype(bool), found_sizes, sizes, found_at, errors)


LARGE, MIDDLING, SMALL = (10.0, 20.0, 60.0, 60.0), (100.0, 20.0, 32.0, 32.0), (100.0, 100.0, 20.0, 20.0)


def test_a_perfect_detector_finds_everything_and_nothing_else() -> None:
    faces = [[LARGE, MIDDLING], [SMALL], []]
    network = Table([(LARGE, 0.9), (MIDDLING, 0.8)], [(SMALL, 0.7)], [])

    found = evaluate_detector(network, scenes(*faces))

    assert columns(found) == {
        "scores": [0.9, 0.8, 0.7],
        "right": [True, True, True],
        "found_sizes": [60, 32, 20],
        "sizes": [60, 32, 20],
        "found_at": [0.9, 0.8, 0.7],
        "landmark_errors": [0, 0, 0],
    }
    threshold = found.threshold(0)
    assert threshold == pytest.approx(0.7)
    assert (found.recall(threshold, 0), found.precision(threshold, 0)) == (1, 1)
    assert found.landmark_error(threshold, 0) == pytest.approx(0, abs=1e-4)


def test_a_face_that_is_missed_has_no_score_and_no_landmarks() -> None:
    found = evaluate_detector(Table([(LARGE, 0.9)]), scenes([MIDDLING, LARGE]))

    np.testing.assert_equal(
        columns(found),
        {
            "scores": [0.9],
            "right": [True],
            "found_sizes": [60],
            "sizes": [32, 60],
            "found_at": [0, 0.9],
            "landmark_errors": [NAN, 0],
        },
    )
    assert (found.recall(0.5, 0), found.precision(0.5, 0)) == (0.5, 1)


def test_a_false_face_counts_with_its_own_size() -> None:
    found = evaluate_detector(Table([(LARGE, 0.6), (SMALL, 0.9)]), scenes([LARGE]))

    assert columns(found) == {
        "scores": [0.9, 0.6],
        "right": [False, True],
        "found_sizes": [20, 60],
        "sizes": [60],
        "found_at": [0.6],
        "landmark_errors": [0],
    }
    assert (found.precision(0.5, 0), found.precision(0.5, 40), found.precision(0.5, 0, 40)) == (0.5, 1, 0)


@pytest.mark.parametrize("answers", [[], [(SMALL, 0.9)]], ids=["not found", "found"])
def test_an_ignored_face_counts_on_neither_side(answers: list[Seen]) -> None:
    found = evaluate_detector(Table([(LARGE, 0.8), *answers]), scenes([LARGE], ignored=(SMALL,)))

    assert columns(found) == {
        "scores": [0.8],
        "right": [True],
        "found_sizes": [60],
        "sizes": [60],
        "found_at": [0.8],
        "landmark_errors": [0],
    }


@pytest.mark.parametrize("surer", [0, 1])
def test_of_two_that_find_the_same_face_the_surer_is_right(surer: int) -> None:
    # The upper and the lower half and a little more: more than half of the face each, but little in common.
    halves = [(10.0, 20.0, 60.0, 34.0), (10.0, 46.0, 60.0, 34.0)]
    scores = [0.9, 0.7] if surer == 0 else [0.7, 0.9]

    found = evaluate_detector(Table(list(zip(halves, scores, strict=True))), scenes([LARGE]))

    assert columns(found) | {"landmark_errors": []} == {
        "scores": [0.9, 0.7],
        "right": [True, False],
        "found_sizes": [60, pytest.approx(math.sqrt(60 * 34), abs=0.001)],
        "sizes": [60],
        "found_at": [0.9],
        "landmark_errors": [],
    }


@pytest.mark.parametrize(("height", "right"), [(29.0, False), (31.0, True)])
def test_a_found_face_is_the_one_it_shares_half_of_both_with(height: float, *, right: bool) -> None:
    found = evaluate_detector(Table([((10.0, 20.0, 60.0, height), 0.9)]), scenes([LARGE]))

    assert found.right.tolist() == [right]


def test_a_found_face_is_the_one_that_it_fits_best() -> None:
    near = (14.0, 20.0, 60.0, 60.0)

    found = evaluate_detector(Table([(near, 0.9)]), scenes([LARGE, near]))

    assert columns(found)["found_at"] == [0, 0.9]


def test_landmark_errors_are_in_eye_distances() -> None:
    eyes_px = float(np.linalg.norm(landmarks_in(LARGE)[1] - landmarks_in(LARGE)[0]))

    found = evaluate_detector(Table([(LARGE, 0.9)], landmarks_off_px=3), scenes([LARGE]))

    assert found.landmark_errors.tolist() == pytest.approx([3 / eyes_px], rel=1e-3)


def test_faces_come_in_pixels_of_the_scene() -> None:
    half: Box = (5, 10, 30, 30)

    found = evaluate_detector(Table([(half, 0.9)]), scenes([LARGE], size=(320, 640)))

    assert (found.right.tolist(), found.found_sizes.tolist()) == ([True], [60])


@pytest.mark.parametrize(("sizes", "shape"), [("any", (1, 3, 160, 192)), ("square", (1, 3, 320, 320))])
def test_the_network_gets_the_input_that_it_is_made_for(sizes: str, shape: tuple[int, ...]) -> None:
    class Watched(Table):
        shapes: list[tuple[int, ...]] = []  # noqa: RUF012 - of this test alone

        def run(self, blob: Blob) -> dict[str, Blob]:
            self.shapes.append(blob.shape)
            return super().run(blob)

    network = Watched([(LARGE, 0.9)])

    found = evaluate_detector(network, scenes([LARGE]), 320, sizes)

    assert (network.shapes, found.right.tolist()) == ([shape], [True])


@pytest.mark.parametrize(
    ("answers", "scores"), [([], []), ([(SMALL, 0.9), (LARGE, 0.04)], [0.9])], ids=["nothing", "false"]
)
def test_a_scene_without_faces_has_only_false_ones(answers: list[Seen], scores: list[float]) -> None:
    found = evaluate_detector(Table(answers), scenes([]))

    assert columns(found) == {
        "scores": scores,
        "right": [False for _ in scores],
        "found_sizes": [20 for _ in scores],
        "sizes": [],
        "found_at": [],
        "landmark_errors": [],
    }


@pytest.mark.parametrize(
    ("found", "threshold"),
    [
        pytest.param([], 1, id="nothing found"),
        pytest.param([(0.9, False, 50)], 1, id="nothing right"),
        pytest.param([(0.9, True, 50), (0.5, True, 50)], 0.5, id="all right"),
        pytest.param([(0.9, True, 50), (0.5, False, 50)], 0.9, id="the less sure one wrong"),
        pytest.param([(0.9, False, 50), (0.5, True, 50)], 1, id="the surer one wrong"),
        pytest.param([(0.9, False, 50), *[(0.5, True, 50)] * 18], 1, id="18 of 19"),
        pytest.param([(0.9, False, 50), *[(0.5, True, 50)] * 19], 0.5, id="19 of 20"),
        pytest.param([(0.5, True, 50), (0.5, False, 50)], 1, id="as sure of a wrong one"),
        pytest.param([(0.9, True, 50), (0.7, False, 50), (0.7, True, 50)], 0.9, id="a tie below"),
        pytest.param([(0.9, False, 30), (0.5, True, 50)], 0.5, id="the wrong one smaller"),
        pytest.param([(0.9, False, 90), (0.5, True, 50)], 0.5, id="the wrong one larger"),
    ],
)
def test_the_threshold_is_the_least_score_that_is_precise_enough(
    found: list[tuple[float, bool, float]], threshold: float
) -> None:
    assert findings(found).threshold(40, 80) == threshold
    assert findings(found[::-1]).threshold(40, 80) == threshold


def test_bands_begin_with_their_least_size_and_end_before_the_next() -> None:
    found = findings([(0.9, True, 24), (0.8, False, 40)], [(24, 0.9, 0.1), (40, 0, NAN)])

    assert [found.recall(0.5, *band) for band in ((24, 40), (40, 80), (24, 80))] == [1, 0, 0.5]
    assert [found.precision(0.5, *band) for band in ((24, 40), (40, 80), (24, 80))] == [1, 0, 0.5]
    np.testing.assert_equal([found.recall(0.5, 80), found.precision(0.5, 80)], [NAN, NAN])


@pytest.mark.parametrize(("threshold", "share"), [(0.91, 0), (0.9, 1 / 3), (0.6, 2 / 3), (0.01, 2 / 3)])
def test_recall_counts_what_is_found_at_least_so_surely(threshold: float, share: float) -> None:
    found = findings([], [(50, 0.9, 0), (50, 0.6, 0), (50, 0, NAN)])

    assert found.recall(threshold, 0) == pytest.approx(share)


def test_one_face_in_profile_does_not_spoil_the_landmark_error() -> None:
    found = findings([], [(50, 0.9, 0.1), (50, 0.9, 0.12), (50, 0.9, 30), (50, 0.2, 5), (50, 0, NAN)])

    assert found.landmark_error(0.5, 0) == 0.12
    assert math.isnan(found.landmark_error(0.95, 0))


def test_a_summary_has_the_large_ones_and_all_but_the_smallest() -> None:
    found = findings(
        [(0.9, True, 50), (0.8, True, 30), (0.6, False, 30)],
        [(50, 0.9, 0.05), (45, 0, NAN), (30, 0.8, 0.5), (10, 0, NAN)],
    )

    assert found.summary() == {
        "recall_over_40_px": 0.5,
        "recall_over_24_px": pytest.approx(2 / 3),
        "landmark_error": 0.05,
    }


def test_the_tables_faces_are_like_the_materials() -> None:
    left, top, width, height = placed_box(50, 60, 40)

    np.testing.assert_allclose(landmarks_in((left, top, width, height)), placed_landmarks(50, 60, 40))
