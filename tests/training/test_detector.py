import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch
from torch import Tensor

from tests.training.material import Floats, noise, scene
from training import detector
from training.cells import corners, targets_of
from training.course import CHECKPOINT, CURVES, HISTORY
from training.detector import (
    LANDMARK_WEIGHT,
    DetectorLesson,
    Examination,
    Views,
    focal,
    main,
    middles_apart,
    overlap,
    said,
)
from training.networks import Detector
from training.scenes import Scene
from training.views import ViewMaker
from wsgi_app.vision.detect import STRIDES

FACED = scene(noise(128, 160), (50, 60, 33), (120, 70, 80))
EMPTY = scene(noise(128, 160))


def perfect(view: Scene, certain: float = 12.0) -> list[Tensor]:
    """What a detector gives that says every cell's target, [1, cells, 16] for each stride."""
    targets = torch.from_numpy(targets_of(view))
    height, width = view.pixels.shape[:2]
    grids = []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        target, targets = targets[: rows * columns], targets[rows * columns :]
        corner = torch.from_numpy(corners(stride, rows, columns))
        holds = target[:, :1] > 0
        shift = (target[:, 2:4] + target[:, 4:6] / 2 - corner) / stride
        points = (target[:, 6:] - corner.repeat(1, 5)) / stride
        box = torch.cat([shift, (target[:, 4:6] / stride).clamp(min=1).log(), points], dim=1)
        certainties = torch.where(holds, certain, -certain).repeat(1, 2)
        grids.append(torch.cat([certainties, torch.where(holds, box, 0)], dim=1)[None])
    return grids


def batch(*views: Scene) -> tuple[Tensor, Tensor]:
    pictures = np.stack([view.pixels.transpose(2, 0, 1) for view in views]).astype(np.float32) / 255
    return torch.from_numpy(pictures), torch.from_numpy(np.stack([targets_of(view) for view in views]))


def losses(grids: list[Tensor], *views: Scene) -> dict[str, float]:
    """What a lesson makes of a detector that gives those grids."""
    lesson = DetectorLesson()
    lesson.network.register_forward_hook(lambda *_: grids)
    return {name: value.item() for name, value in lesson.losses(batch(*views)).items()}


def edges(*rows: tuple[float, float, float, float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)


# What is lost


def test_a_perfect_answer_loses_nothing() -> None:
    assert losses(perfect(FACED), FACED) == pytest.approx(
        {"certainty": 0, "box": 0, "landmarks": 0}, abs=1e-4
    )


def test_the_losses_are_for_one_cell_however_many_say_a_face() -> None:
    twice = [torch.cat([grid, grid]) for grid in perfect(FACED, certain=1.0)]

    assert losses(twice, FACED, FACED) == pytest.approx(
        losses(perfect(FACED, certain=1.0), FACED), rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize(
    ("numbers", "change", "worse"),
    [
        (slice(0, 1), -14.0, {"certainty"}),
        (slice(1, 2), -14.0, {"certainty"}),
        (slice(2, 4), 0.5, {"box", "certainty"}),  # the second certainty is to say how well the box fits
        (slice(4, 6), 0.5, {"box", "certainty"}),
        (slice(6, 16), 0.5, {"landmarks"}),
    ],
    ids=["class", "object", "middle", "size", "landmarks"],
)
def test_each_number_has_its_loss(numbers: slice, change: float, worse: set[str]) -> None:
    grids = perfect(FACED)
    for grid in grids:
        grid[..., numbers] += change

    found = losses(grids, FACED)

    assert {name for name, value in found.items() if value > 0.01} == worse


def test_landmarks_off_by_a_tenth_of_the_face_cost_as_much_whatever_its_size() -> None:
    costs = []
    for size_px in (20, 60, 110):
        view = scene(noise(128, 160), (80, 64, size_px))
        grids = perfect(view)
        for stride, grid in zip(STRIDES, grids, strict=True):
            grid[..., 6:16] += 0.1 * size_px / stride
        costs.append(losses(grids, view)["landmarks"])

    # Beyond its blunt middle the loss is the distance, less half the blunt part: ten numbers of 0.1.
    assert costs == pytest.approx([LANDMARK_WEIGHT * 10 * (0.1 - detector.BLUNT / 2)] * 3, rel=1e-3)


def test_what_a_cell_says_that_does_not_count_costs_nothing() -> None:
    grids, targets = perfect(FACED), targets_of(FACED)
    silent = torch.from_numpy(targets[:, 1] == 0)
    assert silent.any()
    start = 0
    for grid in grids:
        grid[0, silent[start : start + grid.shape[1]]] = 5.0
        start += grid.shape[1]

    assert losses(grids, FACED) == pytest.approx({"certainty": 0, "box": 0, "landmarks": 0}, abs=1e-4)


def test_without_a_face_only_certainty_can_be_wrong() -> None:
    sure = losses(perfect(EMPTY), EMPTY)
    wrong = losses([-grid for grid in perfect(EMPTY)], EMPTY)

    assert sure == pytest.approx({"certainty": 0, "box": 0, "landmarks": 0}, abs=1e-4)
    assert (wrong["box"], wrong["landmarks"]) == (0, 0)
    assert math.isfinite(wrong["certainty"])
    assert wrong["certainty"] > 100


def test_a_detector_learns_a_view_by_heart() -> None:
    torch.manual_seed(1)
    lesson = DetectorLesson()
    view = scene(noise(64, 96), (40, 30, 30))
    optimizer = torch.optim.AdamW(lesson.parameters(), 3e-3)

    costs = []
    for _ in range(12):
        loss = torch.stack(list(lesson.losses(batch(view)).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        costs.append(loss.item())

    assert costs[-1] < 0.5 * costs[0]


@pytest.mark.parametrize(
    ("certainty", "wanted", "cost"),
    [
        (0.0, 0.0, 0.25 * math.log(2)),
        (0.0, 1.0, 0.25 * math.log(2)),
        (20.0, 1.0, 0),
        (-20.0, 0.0, 0),
        (20.0, 0.0, 20),
        (0.0, 0.5, 0),
        (math.log(9), 0.0, 0.81 * math.log(10)),
        (math.log(9), 1.0, 0.01 * math.log(10 / 9)),
    ],
)
def test_the_more_wrong_the_dearer(certainty: float, wanted: float, cost: float) -> None:
    found = focal(torch.tensor([certainty]), torch.tensor([wanted]))

    assert found.item() == pytest.approx(cost, abs=1e-5)


@pytest.mark.parametrize(
    ("other", "share", "apart"),
    [
        ((0, 0, 10, 10), 1, 0),
        ((0, 0, 10, 5), 0.5, 6.25 / 200),
        ((5, 0, 15, 10), 1 / 3, 25 / 325),
        ((10, 0, 20, 10), 0, 100 / 500),
        ((30, 0, 40, 10), 0, 900 / 1700),
        ((4, 4, 6, 6), 0.04, 0),
        ((5, 5, 5, 5), 0, 0),
    ],
)
def test_how_alike_boxes_are_and_how_far_apart(
    other: tuple[float, float, float, float], share: float, apart: float
) -> None:
    box = edges((0, 0, 10, 10))

    assert overlap(box, edges(other)).tolist() == [pytest.approx(share)]
    assert middles_apart(box, edges(other)).tolist() == [pytest.approx(apart)]
    assert overlap(edges(other), box).tolist() == [pytest.approx(share)]


def test_no_boxes_have_no_likeness() -> None:
    none = torch.zeros((0, 4))

    assert (overlap(none, none).shape, middles_apart(none, none).shape) == ((0,), (0,))


# What the cells say


def test_cells_that_say_nothing_have_boxes_of_their_own_size_around_their_corners() -> None:
    found = said([torch.zeros((1, number, 16)) for number in (8, 2, 0)], 16, 32)

    expected: Floats = np.concatenate([corners(8, 2, 4), corners(16, 1, 2)])
    half = np.array([4] * 8 + [8] * 2)[:, None]
    np.testing.assert_array_equal(found.certainties[0], np.zeros((10, 2)))
    np.testing.assert_array_equal(found.boxes[0], np.hstack([expected - half, expected + half]))
    np.testing.assert_array_equal(found.landmarks[0], np.tile(expected, 5))


def test_targets_that_are_said_come_back() -> None:
    targets = targets_of(FACED)
    holds = targets[:, 0] > 0

    found = said(perfect(FACED), 128, 160)

    left, top, width, height = targets[holds, 2:6].T
    np.testing.assert_allclose(
        found.boxes[0][holds], np.stack([left, top, left + width, top + height], axis=1), atol=0.01
    )
    np.testing.assert_allclose(found.landmarks[0][holds], targets[holds, 6:], atol=0.01)


def test_the_largest_box_is_finite() -> None:
    grids = [torch.full((1, number, 16), 1e4) for number in (8, 2, 0)]

    assert torch.isfinite(said(grids, 16, 32).boxes).all()


# Examined as the server asks


def test_a_detector_that_says_its_targets_finds_every_face() -> None:
    network = Detector()
    network.register_forward_hook(lambda *_: perfect(FACED))

    assert Examination([FACED])(network) == pytest.approx(
        {"recall_over_40_px": 1, "recall_over_24_px": 1, "landmark_error": 0}, abs=1e-3
    )


def test_a_new_detector_finds_nothing() -> None:
    found = Examination([FACED, EMPTY])(Detector())

    assert (found["recall_over_40_px"], found["recall_over_24_px"]) == (0, 0)


# Views and the command


def test_a_view_comes_as_the_network_takes_it(maker: ViewMaker) -> None:
    picture, targets = Views(maker, 1, 0)[3]
    view = maker.view(detector.SIZE, np.random.default_rng((1, 0, 3)))

    assert (picture.shape, picture.dtype) == ((3, 256, 256), torch.float32)
    np.testing.assert_allclose(picture.numpy() * 255, view.pixels[..., ::-1].transpose(2, 0, 1), atol=1e-3)
    np.testing.assert_array_equal(targets, targets_of(view))


def test_views_differ_by_seed_epoch_and_number(maker: ViewMaker) -> None:
    def seen(seed: int, epoch: int, number: int) -> bytes:
        return bytes(Views(maker, seed, epoch)[number][0].numpy())

    assert seen(1, 2, 3) == seen(1, 2, 3)
    assert len({seen(*place) for place in ((1, 2, 3), (1, 2, 4), (1, 3, 3), (2, 2, 3))}) == 4


def test_the_command_trains_a_detector(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detector, "VIEWS_IN_EPOCH", 4)
    monkeypatch.setattr(detector, "BATCH", 2)
    words = ["--data", material, "--out", tmp_path / "out", "--epochs", 1, "--cooldown", 1, "--workers", 0]

    result = CliRunner().invoke(main, [str(word) for word in words])

    assert (result.exit_code, result.exception) == (0, None), result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {CHECKPOINT, HISTORY, CURVES}
    names = ("epoch 1", "certainty", "box", "landmarks", "recall_over_40_px", "recall_over_24_px")
    assert [name for name in names if name in result.output] == list(names)
