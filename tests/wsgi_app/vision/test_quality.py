import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from wsgi_app.base.faces import Box, Landmarks, MeasuredFace, Quality
from wsgi_app.vision.align import TEMPLATE
from wsgi_app.vision.detect import Face, Point
from wsgi_app.vision.quality import brightness_of, measure, measured_face


def face(
    *, eyes: tuple[Point, Point] = ((40, 50), (80, 50)), nose: Point = (60, 70), side_px: float = 100
) -> Face:
    return Face((0, 0, side_px, side_px * 1.4), (*eyes, nose, (45, 90), (75, 90)), 0.9)


def measured(face: Face, crop: NDArray[np.uint8]) -> Quality:
    """What is measured on a face of a photo of 200 px a side."""
    return measure(face, crop, 200, 200)


def plain(level: int) -> NDArray[np.uint8]:
    return np.full((112, 112, 3), level, np.uint8)


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)


def test_what_was_measured_is_told_with_three_digits_after_the_point() -> None:
    measured = Quality(120.0, 93.45678, 41.00049, -2.71828, 0.0004)
    assert measured.rounded() == Quality(
        size_px=120.0,
        brightness=93.457,
        sharpness=41.0,
        roll_degrees=-2.718,
        yaw=0.0,
    )


def test_a_face_is_kept_and_shown_with_names_and_with_as_many_digits_as_mean_anything() -> None:
    points = ((30.04, 40.06), (70.0, 40.0), (50.0, 60.0), (35.0, 80.0), (65.0, 80.0))
    detected = Face((10.04, 20.06, 99.99, 120.0), points, 0.912345)

    assert measured_face(detected, Quality(99.99, 93.45678, 41.00049, 0.0, 0.0)) == MeasuredFace(
        box=Box(left=10.0, top=20.1, width=100.0, height=120.0),
        landmarks=Landmarks(
            left_eye=(30.0, 40.1),
            right_eye=(70.0, 40.0),
            nose=(50.0, 60.0),
            left_mouth_corner=(35.0, 80.0),
            right_mouth_corner=(65.0, 80.0),
        ),
        score=0.9123,
        quality=Quality(99.99, 93.457, 41.0, 0.0, 0.0),
    )


def test_a_level_face_on_a_plain_crop_measures_as_it_was_made() -> None:
    in_the_middle = face().shifted(500, 500)

    assert measure(in_the_middle, plain(77), 2000, 2000) == Quality(
        size_px=100, brightness=77, sharpness=0, roll_degrees=0, yaw=0, outside=0, detail=0, plain=1, aspect=1
    )


def test_the_size_is_the_shorter_side_of_the_box() -> None:
    assert measured(face(side_px=33), plain(0)).size_px == 33


def test_brightness_weighs_colours_as_the_eye_does() -> None:
    brightness = {
        colour: measured(face(), np.full((112, 112, 3), value, np.uint8)).brightness
        for colour, value in {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}.items()
    }

    assert brightness == {"red": 76, "green": 150, "blue": 29}


def test_sharpness_falls_with_every_step_of_blur() -> None:
    crops = [noise(), *(cv2.GaussianBlur(noise(), (0, 0), sigma) for sigma in (0.5, 1, 2, 4, 8))]

    sharpness = [measured(face(), np.asarray(crop, np.uint8)).sharpness for crop in crops]

    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 100 * sharpness[-1]


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    crop = plain(100)
    crop[50, 50] = 110

    # 12544 pixels: one of -40, four of 10, and the rest of 0; their mean is 0.
    assert measured(face(), crop).sharpness == pytest.approx((40**2 + 4 * 10**2) / 112**2)


def moved(crop: NDArray[np.uint8], along: tuple[int, int], px: int) -> NDArray[np.uint8]:
    """A crop as a camera has it that saw it move so far along a direction."""
    steps = [np.roll(crop, (along[1] * step, along[0] * step), axis=(0, 1)) for step in range(px)]
    return np.asarray(np.mean(steps, axis=0), np.uint8)


@pytest.mark.parametrize("along", [(1, 0), (0, 1), (1, 1), (1, -1)])
def test_a_face_that_moved_has_no_detail_however_sharp_it_is_across(along: tuple[int, int]) -> None:
    still = measured(face(), noise())
    assert still.detail > 100

    assert measured(face(), moved(noise(), along, 16)).detail < 0.15 * still.detail


def test_contrast_makes_no_detail() -> None:
    faint = np.asarray(110 + noise() / 16, np.uint8)

    assert measured(face(), faint).detail == pytest.approx(measured(face(), noise()).detail, rel=0.2)


@pytest.mark.parametrize(
    ("hidden", "share"),
    [((0, 0, 112, 112), 1.0), ((0, 0, 56, 112), 0.5), ((20, 72, 92, 108), 0.5), ((32, 48, 44, 60), 1 / 36)],
)
def test_what_is_hidden_by_something_plain_is_told(hidden: tuple[int, int, int, int], share: float) -> None:
    left, top, right, bottom = hidden
    crop = noise()
    assert measured(face(), crop).plain == 0

    crop[top:bottom, left:right] = (120, 160, 190)

    assert measured(face(), crop).plain == pytest.approx(share)


@pytest.mark.parametrize("factor", [0.5, 1, 1.8])
def test_the_form_of_a_face_is_told(factor: float) -> None:
    wide = Face((0, 0, 100, 140), tuple((x * factor, y) for x, y in face().landmarks), 0.9)  # type: ignore[arg-type]

    assert measured(wide, noise()).aspect == pytest.approx(factor)


@pytest.mark.parametrize(
    ("second_eye", "degrees"),
    [((80, 50), 0), ((80, 90), 45), ((80, 10), -45), ((40, 90), 90), ((40, 10), -90)],
)
def test_roll_is_positive_where_the_right_eye_is_lower(second_eye: Point, degrees: float) -> None:
    assert measured(face(eyes=((40, 50), second_eye)), plain(0)).roll_degrees == pytest.approx(degrees)


@pytest.mark.parametrize(
    ("nose", "yaw"),
    [((60, 70), 0), ((70, 70), 0.25), ((50, 70), -0.25), ((80, 70), 0.5), ((60, 200), 0)],
)
def test_yaw_is_positive_where_the_nose_points_right(nose: Point, yaw: float) -> None:
    assert measured(face(nose=nose), plain(0)).yaw == pytest.approx(yaw)


@pytest.mark.parametrize("factor", [0.1, 1, 7.5])
@pytest.mark.parametrize("degrees", [-60, 0, 30, 90])
def test_yaw_does_not_change_with_tilt_or_size(degrees: float, factor: float) -> None:
    angle = np.radians(degrees)
    turn = factor * np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    first, second, nose = ((float(x), float(y)) for x, y in np.array([(40, 50), (80, 50), (70, 70)]) @ turn.T)

    quality = measured(face(eyes=(first, second), nose=nose), plain(0))

    assert quality.yaw == pytest.approx(0.25)
    assert quality.roll_degrees == pytest.approx(degrees)


def test_eyes_in_one_place_give_finite_numbers() -> None:
    quality = measured(face(eyes=((50, 50), (50, 50)), nose=(50, 50)), plain(0))

    assert (quality.yaw, quality.roll_degrees) == (0, 0)


def test_the_template_itself_looks_straight_ahead() -> None:
    first, second, nose, left, right = ((float(x), float(y)) for x, y in TEMPLATE)

    quality = measured(Face((0, 0, 112, 112), (first, second, nose, left, right), 1), plain(0))

    assert quality.yaw == pytest.approx(0, abs=0.01)
    assert quality.roll_degrees == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("level", [0, 25, 255])
def test_the_brightness_of_a_plain_picture_is_its_level(level: int) -> None:
    assert brightness_of(np.full((37, 53, 3), level, np.uint8)) == level


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (900, 3, 3)])
def test_the_brightness_of_a_tiny_picture_can_be_told(shape: tuple[int, int, int]) -> None:
    assert brightness_of(np.full(shape, 9, np.uint8)) == 9


def test_the_brightness_of_a_half_lit_picture_is_in_the_middle() -> None:
    pixels = np.zeros((400, 400, 3), np.uint8)
    pixels[:, 200:] = 200

    assert brightness_of(pixels) == 100
