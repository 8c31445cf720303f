import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

import torch
from torch import Tensor, nn

from tests.training.material import faces_to_learn_from, plain
from training.examination import Examination, HeldOut, Press
from training.faces import Faces, Pairs

SHADES = ((200, 10, 10), (180, 20, 20), (10, 10, 200), (20, 20, 180))
CROPS = np.stack([plain(128, 128, *shade) for shade in SHADES])
VECTORS = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32)
ALL_ALIKE = np.ones((4, 2), np.float32)


def pairs() -> Pairs:
    """Two people of two families, seen twice, and each with a relative beside the other."""
    people = np.array(["F1", "F1", "F2", "F2"])
    kinds = np.array(["genuine", "genuine", "stranger", "stranger", "relative"])
    return Pairs(CROPS, people, people, np.array([0, 2, 0, 1, 0]), np.array([1, 3, 2, 3, 1]), kinds)


def press(people: list[int], clusters: list[int]) -> Press:
    few = faces_to_learn_from()
    return Press(Faces(few.names, CROPS, few.landmarks, np.array(people), np.array(clusters)))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_held_out_people_are_told_apart() -> None:
    assert HeldOut(pairs()).figures(unit(VECTORS)) == {
        "accuracy": 1,
        "tar2": 1,
        "tar3": 1,
        "tar4": 1,
        "relatives": 1,
    }


def test_to_whom_all_are_alike_tells_nobody_apart() -> None:
    assert HeldOut(pairs()).figures(unit(ALL_ALIKE)) == {
        "accuracy": 0.5,
        "tar2": 0,
        "tar3": 0,
        "tar4": 0,
        "relatives": 0,
    }


@pytest.mark.parametrize(
    ("people", "clusters", "rate"),
    [
        ([0, 0, 1, 1], [5, 5, 6, 6], 1.0),
        ([0, 1, 0, 1], [5, 6, 5, 6], 0.0),
        ([0, -1, 0, -1], [5, 7, 5, 8], 0.0),  # who is nobody is in no genuine pair
        ([0, 1, 2, 2], [5, 5, 6, 6], 1.0),  # the first two are named otherwise and alike: no impostors
    ],
)
def test_people_of_the_press_are_told_apart(people: list[int], clusters: list[int], rate: float) -> None:
    assert press(people, clusters).figures(unit(VECTORS))["tar3"] == rate


def test_without_anybody_of_the_press_nothing_is_said_of_them() -> None:
    assert press([-1, -1, -1, -1], [-1, -1, -1, -1]).figures(unit(VECTORS)) == {}


class ByColour(nn.Module):  # type: ignore[misc]
    """An embedder that goes by the mean colour."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.eye(3))

    def forward(self, faces: Tensor) -> Tensor:
        assert not self.training
        return (faces.mean((2, 3)) + 1) @ self.weights


def test_an_examination_asks_the_network_in_every_part() -> None:
    parts: dict[str, HeldOut | Press] = {"fiw": HeldOut(pairs()), "press": press([0, 0, 1, 1], [5, 5, 6, 6])}

    found = Examination(parts)(ByColour())

    assert found == {
        "fiw.accuracy": 1, "fiw.tar2": 1, "fiw.tar3": 1, "fiw.tar4": 1, "fiw.relatives": 1,
        "press.tar2": 1, "press.tar3": 1, "press.tar4": 1,
    }  # fmt: skip
