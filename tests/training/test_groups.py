import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.material import Pixels, plain
from training.faces import Pairs
from training.groups import LEAST_PAIRS, groups_of, rates_within

CROPS: NDArray[np.uint8] = np.stack(
    [
        plain(128, 128, 10, 10, 10),
        plain(128, 128, 90, 10, 10),
        plain(128, 128, 100, 104, 99),
        plain(128, 128, 90, 120, 110),
        plain(128, 128, 200, 200, 200),
        plain(128, 128, 240, 200, 240),
    ]
)


def pairs(
    crops: NDArray[np.uint8], families: list[str], rows: list[tuple[int, int, str]] | None = None
) -> Pairs:
    first, second, kinds = zip(*rows or [(0, 0, "genuine")], strict=True)
    return Pairs(
        crops, np.array(families), np.array(families), np.array(first), np.array(second), np.array(kinds)
    )


def test_faces_are_grouped_by_colour_and_by_light() -> None:
    found = {name: np.flatnonzero(group).tolist() for name, group in groups_of(pairs(CROPS, ["F1"] * 6))}

    assert found == {
        "photos without colour": [0, 2, 4],
        "photos in colour": [1, 3, 5],
        "darkest third of the faces": [0, 1],
        "middle third": [2, 3],
        "brightest third": [4, 5],
    }


def test_only_what_the_embedder_sees_of_a_crop_counts() -> None:
    framed: Pixels = CROPS.copy()
    framed[:, :8] = framed[:, -8:] = framed[:, :, :8] = framed[:, :, -8:] = (255, 0, 0)

    for (_, plainly), (_, group) in zip(
        groups_of(pairs(CROPS, ["F1"] * 6)), groups_of(pairs(framed, ["F1"] * 6)), strict=True
    ):
        np.testing.assert_array_equal(group, plainly)


ANYBODY = np.array([True] * 4)
VECTORS = np.array([[1, 0], [0.8, 0.6], [0, 1], [0.6, 0.8]], np.float32)
GENUINE = [(0, 1, "genuine"), (2, 3, "genuine")]


@pytest.mark.parametrize(
    ("threshold", "group", "rates"),
    [
        pytest.param(0.7, ANYBODY, (0.25, 1), id="one of four strangers"),
        pytest.param(0.5, ANYBODY, (0.75, 1), id="three of four"),
        pytest.param(0.97, ANYBODY, (0, 0), id="nobody"),
        pytest.param(0.7, np.array([True, True, True, False]), (0, 1), id="a smaller group"),
        pytest.param(0.7, np.array([True, False, True, False]), None, id="no genuine pair within"),
    ],
)
def test_rates_are_of_pairs_with_both_photos_in_the_group(
    threshold: float, group: NDArray[np.bool_], rates: tuple[float, float] | None
) -> None:
    many = [*GENUINE * LEAST_PAIRS, (0, 2, "stranger")]

    assert rates_within(group, VECTORS, pairs(CROPS[:4], ["F1", "F1", "F2", "F2"], many), threshold) == rates


@pytest.mark.parametrize(("number", "enough"), [(LEAST_PAIRS - 1, False), (LEAST_PAIRS, True)])
def test_few_genuine_pairs_have_no_rates(number: int, *, enough: bool) -> None:
    few = pairs(CROPS[:4], ["F1", "F1", "F2", "F2"], GENUINE[:1] * number)

    assert (rates_within(ANYBODY, VECTORS, few, 0.5) is not None) == enough
