import numpy as np
import pytest

from wsgi_app.vision.boxes import overlaps, shared_areas

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
