import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import torch

from tests.training.material import noise, plain, scene
from training import nose
from training.course import CHECKPOINT, CURVES, HISTORY
from training.networks import NoseNetwork
from training.nose import BLUNT, SIZES, Examination, NoseLesson, Views, main, to_tensor
from training.pointing import nose_of
from training.scenes import Scene
from training.views import ViewMaker
from wsgi_app.vision.nose import NoseFile, nose_blob


def pointing(*points: tuple[float, float]) -> NoseNetwork:
    """A network that points there, whatever it is shown."""
    network: NoseNetwork = NoseNetwork().eval()
    network.register_forward_hook(lambda *_: torch.tensor(points))
    return network


def loss(found: tuple[float, float], true: tuple[float, float]) -> float:
    lesson = NoseLesson()
    lesson.network = pointing(found)
    batch = (torch.zeros((1, 3, 112, 112)), torch.tensor([true]))
    (distance,) = lesson.losses(batch).values()
    return float(distance)


@pytest.mark.parametrize("pixels", [noise(90, 160), noise(160, 90), plain(112, 112, 255, 51, 0)])
def test_a_picture_comes_as_the_server_gives_it(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> None:
    tensor = to_tensor(pixels)

    assert tensor.dtype == torch.float32
    np.testing.assert_array_equal(tensor, nose_blob(pixels, NoseFile(Path("nose.onnx"), 112, "rgb"))[0])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((0.3, 0.6), 0),
        ((0.4, 0.6), 100 * (0.1 - BLUNT / 2) / 2),
        ((0.2, 0.7), 100 * (0.1 - BLUNT / 2)),
        ((0.3, 0.6 + BLUNT / 2), 100 * BLUNT / 8 / 2),
    ],
    ids=["exact", "off across", "off both ways", "off by very little"],
)
def test_the_loss_is_the_distance_in_hundredths_blunt_at_its_end(
    found: tuple[float, float], expected: float
) -> None:
    assert loss(found, (0.3, 0.6)) == pytest.approx(expected, abs=1e-4)


def test_a_nose_network_learns_a_picture_by_heart() -> None:
    torch.manual_seed(1)
    lesson = NoseLesson()
    batch = (to_tensor(noise(112, 112))[None].repeat(2, 1, 1, 1), torch.tensor([[0.2, 0.7]] * 2))
    optimizer = torch.optim.AdamW(lesson.parameters(), 3e-3)

    costs = []
    for _ in range(20):
        cost = lesson.losses(batch)["distance"]
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.item())

    assert costs[-1] < 0.5 * costs[0]


def test_a_view_comes_with_the_nose_of_its_one_main_face(maker: ViewMaker) -> None:
    compared = 0
    for number in range(20):
        picture, point = Views(maker, 1, 0)[number]
        assert (picture.shape, picture.dtype) == ((3, 112, 112), torch.float32)
        assert (point.shape, point.dtype) == ((2,), torch.float32)
        assert ((point > 0) & (point < 1)).all()
        random = np.random.default_rng((1, 0, number))
        view = maker.view(SIZES[random.integers(len(SIZES))], random)
        expected = nose_of(view)
        if expected is not None and expected.min() > 0 and expected.max() < 1:  # else another view was made
            np.testing.assert_array_equal(point, expected)
            np.testing.assert_array_equal(picture, to_tensor(view.pixels))
            compared += 1
    assert compared >= 5


def test_views_differ_by_seed_epoch_and_number(maker: ViewMaker) -> None:
    def seen(seed: int, epoch: int, number: int) -> bytes:
        return bytes(Views(maker, seed, epoch)[number][0].numpy())

    assert seen(1, 2, 3) == seen(1, 2, 3)
    assert len({seen(*place) for place in ((1, 2, 3), (1, 2, 4), (1, 3, 3), (2, 2, 3))}) == 4


def test_errors_are_measured_on_pictures_with_one_main_face() -> None:
    one, two = scene(noise(120, 160), (50, 60, 40)), scene(noise(160, 120), (60, 70, 50))
    crowd, nobody = scene(noise(120, 160), (50, 60, 40), (110, 60, 40)), scene(noise(120, 160))
    examination = Examination([one, crowd, two, nobody])
    first, second = (nose_in(picture) for picture in (one, two))

    exact = examination(pointing(first, second))
    off = examination(pointing(first, (second[0], second[1] + 0.2)))

    assert exact == pytest.approx({"median_error": 0, "error_of_90": 0}, abs=1e-3)
    away = 100 * 0.2 * 160 / math.hypot(120, 160)
    assert off == pytest.approx({"median_error": away / 2, "error_of_90": 0.9 * away}, rel=1e-3)


def nose_in(picture: Scene) -> tuple[float, float]:
    point = nose_of(picture)
    assert point is not None
    return float(point[0]), float(point[1])


def test_the_command_trains_a_nose_network(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nose, "VIEWS_IN_EPOCH", 4)
    monkeypatch.setattr(nose, "BATCH", 2)
    words = ["--data", material, "--out", tmp_path / "out", "--epochs", 1, "--cooldown", 1, "--workers", 0]

    result = CliRunner().invoke(main, [str(word) for word in words])

    assert (result.exit_code, result.exception) == (0, None), result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {CHECKPOINT, HISTORY, CURVES}
    assert [part.split()[0] for part in result.output.strip().split("  ")] == [
        "epoch",
        "distance",
        "median_error",
        "error_of_90",
    ]


def test_more_pictures_than_a_batch_are_examined_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [scene(noise(120, 160, seed), (50, 60, 40)) for seed in range(3)]
    network, sizes = NoseNetwork().eval(), []
    at_once = Examination(pictures)(network)
    network.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))

    monkeypatch.setattr(nose, "BATCH", 2)

    assert Examination(pictures)(network) == pytest.approx(at_once, rel=1e-4)
    assert sizes == [2, 1]
