from dataclasses import replace
from pathlib import Path

import pytest

from wsgi_app.vision.grounds import ground_side
from wsgi_app.vision.packs import pack_in


@pytest.mark.parametrize(
    ("scale", "wanted_px", "side_px"),
    [(1, 128, 128), (1, 192, 192), (2.25, 128, 288), (2.25, 192, 448), (1.1, 128, 160)],
)
def test_a_ground_is_as_large_as_its_detector_needs_in_whole_cells(
    scale: float, wanted_px: int, side_px: int, pack_folder: Path
) -> None:
    file = replace(pack_in(pack_folder).detector, sizes="any", ground_scale=scale)
    assert ground_side(file, wanted_px) == side_px


def test_a_detector_of_one_size_has_grounds_of_that(pack_folder: Path) -> None:
    file = replace(pack_in(pack_folder).detector, sizes="square", input_px=640, ground_scale=2)
    assert ground_side(file, 128) == 640
