"""What a face that does not meet a standard is told."""

import pytest
from msgspec.structs import replace

from wsgi_app.base.faces import Quality
from wsgi_app.vision.standards import Standard

GOOD = Quality(
    size_px=100, brightness=120, sharpness=50, roll_degrees=0, yaw=0, outside=0, detail=5, plain=0, aspect=1
)
STANDARD = Standard(
    least_size_px=40,
    least_brightness=25,
    least_sharpness=6,
    most_yaw=0.35,
    most_outside=0.2,
    least_detail=0.6,
    most_plain=0.1,
    least_aspect=0.78,
    most_aspect=1.13,
)


def test_a_good_face_has_no_fault() -> None:
    assert STANDARD.fault(GOOD) is None


@pytest.mark.parametrize(
    ("quality", "fault"),
    [
        (replace(GOOD, size_px=39.9), "too_small"),
        (replace(GOOD, brightness=24.9), "too_dark"),
        (replace(GOOD, sharpness=5.9), "blurred"),
        (replace(GOOD, yaw=0.36), "turned_away"),
        (replace(GOOD, yaw=-0.36), "turned_away"),
        (replace(GOOD, outside=0.21), "too_close"),
        (replace(GOOD, detail=0.59), "blurred"),
        (replace(GOOD, plain=0.11), "obscured"),
        (replace(GOOD, aspect=0.77), "distorted"),
        (replace(GOOD, aspect=1.14), "distorted"),
    ],
)
def test_each_limit_has_its_fault(quality: Quality, fault: str) -> None:
    assert STANDARD.fault(quality) == fault


@pytest.mark.parametrize(
    "quality",
    [
        replace(GOOD, size_px=40),
        replace(GOOD, brightness=25),
        replace(GOOD, sharpness=6),
        replace(GOOD, yaw=0.35),
        replace(GOOD, yaw=-0.35),
        replace(GOOD, roll_degrees=80),
        replace(GOOD, outside=0.2),
        replace(GOOD, detail=0.6),
        replace(GOOD, plain=0.1),
        replace(GOOD, aspect=0.78),
        replace(GOOD, aspect=1.13),
    ],
)
def test_a_face_at_a_limit_passes(quality: Quality) -> None:
    assert STANDARD.fault(quality) is None


def test_of_several_faults_the_one_the_visitor_can_mend_first_is_told() -> None:
    bad = Quality(size_px=1, brightness=1, sharpness=1, roll_degrees=0, yaw=1)

    assert STANDARD.fault(bad) == "too_small"
    assert STANDARD.fault(replace(bad, size_px=100)) == "too_dark"
    assert STANDARD.fault(replace(bad, size_px=100, brightness=100)) == "blurred"
    assert STANDARD.fault(replace(GOOD, yaw=1)) == "turned_away"
