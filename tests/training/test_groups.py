import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.material import Pixels, noise, plain
from training.groups import colours_of, thirds_of
from training.known import KnownFaces

CROPS: NDArray[np.uint8] = np.stack(
    [
        plain(112, 112, 10, 10, 10),
        plain(112, 112, 90, 10, 10),
        plain(112, 112, 100, 104, 99),
        plain(112, 112, 90, 120, 110),
        plain(112, 112, 200, 200, 200),
        plain(112, 112, 240, 200, 240),
    ]
)


def known(crops: NDArray[np.uint8], eyes_px: list[float] | None = None) -> KnownFaces:
    nobody = np.zeros(0, np.int64)
    sizes = None if eyes_px is None else np.array(eyes_px)
    return KnownFaces(crops, np.arange(len(crops)), nobody, nobody, sizes)


def thirds(faces: KnownFaces, by: str) -> dict[str, list[int]]:
    return {name: np.flatnonzero(third).tolist() for name, third in dict(thirds_of(faces))[by]}


def test_faces_are_grouped_by_colour() -> None:
    found = {name: np.flatnonzero(group).tolist() for name, group in colours_of(known(CROPS))}

    assert found == {"without colour": [0, 2, 4], "in colour": [1, 3, 5]}


def test_thirds_are_by_light() -> None:
    assert thirds(known(CROPS), "light") == {
        "darkest third": [0, 1],
        "middle third by light": [2, 3],
        "brightest third": [4, 5],
    }


def test_thirds_are_by_sharpness_whatever_the_light() -> None:
    sharp = noise(112, 112)
    blurred = [np.asarray(cv2.GaussianBlur(sharp, (0, 0), sigma), np.uint8) for sigma in (1, 3)]
    crops: list[Pixels] = [sharp, *blurred]
    dark = [np.asarray(crop // 2 + light, np.uint8) for crop, light in zip(crops, (0, 120, 60), strict=True)]

    assert thirds(known(np.stack(dark)), "sharpness") == {
        "most blurred third": [2],
        "middle third by sharpness": [1],
        "sharpest third": [0],
    }


@pytest.mark.parametrize(
    ("eyes_px", "found"),
    [
        ([60, 30, 90, 120, 40, 70], {"smallest third": [1, 4], "largest third": [2, 3]}),
        (None, {}),
    ],
)
def test_thirds_are_by_size_where_it_is_known(
    eyes_px: list[float] | None, found: dict[str, list[int]]
) -> None:
    by_size = dict(thirds_of(known(CROPS, eyes_px))).get("size", [])

    assert {name: np.flatnonzero(third).tolist() for name, third in by_size if "middle" not in name} == found
