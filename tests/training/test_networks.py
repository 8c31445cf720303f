import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

import torch
from torch import Tensor, nn

from training.networks import (
    Attention,
    Convolution,
    Detector,
    DetectorFile,
    Embedder,
    NoseNetwork,
    Residual,
    trunk,
)
from training.torch_engine import DETECTOR_OUTPUTS, TorchNetwork

SIZES = [(32, 32), (64, 96), (192, 320)]


def pictures(number: int, height: int, width: int) -> Tensor:
    return torch.rand((number, 3, height, width), generator=torch.Generator().manual_seed(1))


def cells(height: int, width: int) -> list[int]:
    return [(height // stride) * (width // stride) for stride in (8, 16, 32)]


@pytest.mark.parametrize(("number", "size_px"), [(1, 112), (3, 112)])
def test_an_aligned_face_becomes_an_embedding(number: int, size_px: int) -> None:
    assert Embedder().eval()(pictures(number, size_px, size_px)).shape == (number, 192)


def test_faces_of_another_size_are_none_of_the_embedders() -> None:
    with pytest.raises(RuntimeError):
        Embedder().eval()(pictures(1, 128, 128))


def test_the_embedders_end_sees_seven_by_seven_places() -> None:
    network = Embedder()

    assert network.trunk(pictures(1, 112, 112)).shape == (1, 240, 7, 7)
    assert network.head[0].weight.shape == (240, 1, 7, 7)


def test_attention_makes_channels_louder_or_softer_and_nothing_else() -> None:
    features = pictures(2, 5, 7).repeat(1, 16, 1, 1)

    shares = Attention(48)(features).detach() / features

    assert shares.shape == features.shape
    np.testing.assert_allclose(shares, shares.mean((2, 3), keepdim=True).expand_as(shares), rtol=1e-4)
    assert (shares > 0).all()
    assert (shares < 1).all()


def test_only_the_last_stages_are_attentive() -> None:
    kinds = [
        [type(part) for part in layer.body]
        for layer in trunk((8, 8, 8), (1, 1, 2), 2)
        if isinstance(layer, Residual)
    ]

    assert [Attention in kind for kind in kinds] == [False, True, True, True]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_every_cell_of_a_detectors_grids_gives_sixteen_numbers(height: int, width: int) -> None:
    grids = Detector().eval()(pictures(2, height, width))

    assert [grid.shape for grid in grids] == [(2, number, 16) for number in cells(height, width)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_a_detectors_file_has_yunets_outputs(height: int, width: int) -> None:
    outputs = TorchNetwork(DetectorFile(Detector())).run(255 * pictures(1, height, width).numpy())

    numbers = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    assert {name: (output.shape, output.dtype.name) for name, output in outputs.items()} == {
        f"{kind}_{stride}": ((1, of_grid, of_cell), "float32")
        for kind, of_cell in numbers.items()
        for stride, of_grid in zip((8, 16, 32), cells(height, width), strict=True)
    }
    assert list(outputs) == DETECTOR_OUTPUTS


def test_a_detectors_file_takes_what_the_detector_takes_times_255() -> None:
    detector = Detector().eval()
    picture = pictures(1, 64, 64)

    outputs = dict(zip(DETECTOR_OUTPUTS, DetectorFile(detector)(255 * picture), strict=True))

    for stride, grid in zip((8, 16, 32), detector(picture), strict=True):
        file = [outputs[f"{kind}_{stride}"] for kind in ("cls", "obj", "bbox", "kps")]
        expected = torch.cat([grid[..., :2].sigmoid(), grid[..., 2:]], dim=-1)
        torch.testing.assert_close(torch.cat(file, dim=-1), expected)


def test_a_new_detector_sees_no_faces_and_smallest_boxes_in_the_corners() -> None:
    for grid in Detector().eval()(pictures(1, 64, 64)):
        np.testing.assert_allclose(grid[..., :2].sigmoid().detach(), 0.018, atol=0.01)
        np.testing.assert_allclose(grid[..., 2:].detach(), 0, atol=0.3)


def test_fine_cells_see_what_coarse_ones_saw() -> None:
    detector = Detector().eval()
    picture = pictures(1, 64, 64)
    fine, *_ = detector(picture)
    picture[..., 20:, 20:] = (
        0  # a new detector's own fine convolutions see the first 16 px from its first cell
    )

    changed, *_ = detector(picture)

    assert (changed != fine).any(dim=2)[0, 0]


@pytest.mark.parametrize("number", [1, 3])
def test_the_nose_is_a_point_in_the_picture(number: int) -> None:
    points = NoseNetwork().eval()(pictures(number, 112, 112))

    assert points.shape == (number, 2)
    assert ((points > 0) & (points < 1)).all()


@pytest.mark.parametrize(
    ("likely", "point"),
    [
        pytest.param({}, (0.5, 0.5), id="anywhere"),
        pytest.param({(0, 0): 50.0}, (0.5 / 14, 0.5 / 14), id="the first place"),
        pytest.param({(13, 0): 50.0}, (13.5 / 14, 0.5 / 14), id="at the right"),
        pytest.param({(2, 9): 50.0}, (2.5 / 14, 9.5 / 14), id="somewhere"),
        pytest.param({(2, 9): 50.0, (4, 9): 50.0}, (3.5 / 14, 9.5 / 14), id="between two"),
    ],
)
def test_the_nose_is_the_mean_of_the_likely_places(
    likely: dict[tuple[int, int], float], point: tuple[float, float]
) -> None:
    grid = torch.zeros((1, 1, 14, 14))
    for (column, row), value in likely.items():
        grid[0, 0, row, column] = value
    network = NoseNetwork().eval()
    network.place.register_forward_hook(lambda *_: grid)

    np.testing.assert_allclose(network(pictures(1, 112, 112))[0].detach(), point, atol=1e-5)


def test_a_new_residual_pair_lets_everything_by() -> None:
    features = torch.randn((2, 8, 5, 5)).relu()

    torch.testing.assert_close(Residual(8).eval()(features.clone()), features)


@pytest.mark.parametrize(("linear", "least"), [(False, 0.0), (True, -0.1)])
def test_a_convolution_ends_above_zero_unless_it_is_linear(*, linear: bool, least: float) -> None:
    found = Convolution((3, 8), linear=linear)(pictures(2, 16, 16) - 0.5)

    assert found.shape == (2, 8, 16, 16)
    assert found.min() <= least
    assert (found.min() >= 0) == (not linear)


@pytest.mark.parametrize(
    ("channels", "residuals", "shape", "pairs"),
    [
        ((8,), (0,), (1, 8, 32, 32), 0),
        ((8, 16), (0, 1), (1, 16, 16, 16), 1),
        ((4, 8, 16), (1, 0, 2), (1, 16, 8, 8), 3),
    ],
)
def test_every_stage_of_a_trunk_halves_the_picture(
    channels: tuple[int, ...], residuals: tuple[int, ...], shape: tuple[int, ...], pairs: int
) -> None:
    network = trunk(channels, residuals)

    assert network(pictures(1, 64, 64)).shape == shape
    assert sum(isinstance(layer, Residual) for layer in network) == pairs


@pytest.mark.parametrize(("network", "most"), [(Detector, 1.2e6), (Embedder, 3.5e6), (NoseNetwork, 1e6)])
def test_a_network_is_small_enough_to_ship(network: type[nn.Module], most: float) -> None:
    assert 1e5 < sum(parameter.numel() for parameter in network().parameters()) < most
