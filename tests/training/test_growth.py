from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import onnx
import torch
from torch.nn import functional

from training.export import FORMS, to_onnx
from training.growth import grow, known_stages
from training.networks import EMBEDDING_SIZE, Embedder
from training.showing import Batch, to_tensor


@pytest.fixture(scope="module")
def small() -> Embedder:
    """A small embedder whose normalisations are none that do nothing."""
    torch.manual_seed(1)
    network = Embedder((4, 6, 8, 10), (0, 1, 1, 1), attentive=0)
    for part in network.modules():
        if isinstance(part, (torch.nn.BatchNorm2d, torch.nn.BatchNorm1d)):
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            torch.nn.init.uniform_(part.bias, -0.5, 0.5)
    network.eval()
    return network


@pytest.fixture(scope="module")
def file(small: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "embedder.onnx"
    onnx.save(to_onnx(small, FORMS["embedder"]), path)
    return path


def batches(small: Embedder, number: int = 4) -> list[Batch]:
    """Pictures, and what the small one makes of them."""
    random = torch.Generator().manual_seed(1)
    made = []
    for _ in range(number):
        pictures = torch.randint(0, 256, (16, 112, 112, 3), dtype=torch.uint8, generator=random)
        with torch.no_grad():
            targets = functional.normalize(small(to_tensor(pictures)))
        made.append((pictures, targets, torch.full((16,), -1)))
    return made


def test_a_file_is_read_by_its_stages(file: Path) -> None:
    shapes = [[tuple(known.weight.shape) for known in stage] for stage in known_stages(file)]

    assert shapes == [
        [(4, 3, 3, 3)],
        [(6, 4, 3, 3), (6, 6, 3, 3), (6, 6, 3, 3)],
        [(8, 6, 3, 3), (8, 8, 3, 3), (8, 8, 3, 3)],
        [(10, 8, 3, 3), (10, 10, 3, 3), (10, 10, 3, 3)],
        [(10, 1, 7, 7)],
    ]


@pytest.mark.parametrize("attentive", [0, 2])
def test_a_grown_embedder_sees_what_the_small_one_sees(attentive: int, small: Embedder, file: Path) -> None:
    large = Embedder((8, 8, 12, 16), (0, 1, 2, 2), attentive)
    lessons = batches(small)

    grow(large, file, lessons)

    pictures = to_tensor(lessons[0][0])
    with torch.no_grad():
        old, new = small.trunk(pictures), large.eval().trunk(pictures)[:, :10]
        ends = small.head[:2](small.trunk(pictures)), large.head[:2](large.trunk(pictures))[:, :10]
    np.testing.assert_allclose(new, old, atol=0.02 * float(old.max()))
    np.testing.assert_allclose(ends[1], ends[0], atol=0.02 * float(ends[0].abs().max()))


def test_it_says_what_it_was_to_say(small: Embedder, file: Path) -> None:
    large = Embedder((8, 8, 12, 16), (0, 1, 2, 2))
    lessons = batches(small, 12)

    grow(large, file, lessons)

    with torch.no_grad():
        found = functional.normalize(large.eval()(to_tensor(lessons[0][0])))
    assert found.shape == (16, EMBEDDING_SIZE)
    assert float((found * lessons[0][1]).sum(1).mean()) > 0.9


def test_in_training_it_is_as_when_asked(small: Embedder, file: Path) -> None:
    large = Embedder((8, 8, 12, 16), (0, 1, 2, 2))
    lessons = batches(small)
    grow(large, file, lessons)

    pictures = torch.cat([to_tensor(faces) for faces, _, _ in lessons])
    with torch.no_grad():
        asked, training = large.eval()(pictures), large.train()(pictures)

    np.testing.assert_allclose(training, asked, atol=0.05 * float(asked.abs().max()))
