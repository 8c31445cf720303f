from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from wsgi_app.base.steps import Steps
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.portraits import portrait

WIDTH, HEIGHT = 400, 300


def opened(jpeg: bytes) -> NDArray[np.uint8]:
    image = Image.open(BytesIO(jpeg))
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (240, 240))
    return np.asarray(image)


def ramp() -> NDArray[np.uint8]:
    """A picture whose red tells the column and whose green tells the row."""
    columns, rows = np.meshgrid(np.linspace(0, 250, WIDTH), np.linspace(0, 250, HEIGHT))
    return np.stack((columns, rows, np.full_like(rows, 60)), axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("box", "left", "top", "side"),
    [
        ((150, 100, 100, 100), 115, 65, 170),
        ((150, 100, 60, 100), 95, 65, 170),
        ((0, 0, 100, 100), 0, 0, 170),
        ((350, 250, 100, 100), 230, 130, 170),
        ((-50, -50, 100, 100), 0, 0, 170),
        ((50, 0, 300, 300), 50, 0, 300),
    ],
    ids=["inside", "a narrow face", "top left", "bottom right", "half outside", "larger than the picture"],
)
def test_a_square_around_the_face_is_cut_out_and_stays_in_the_picture(
    box: tuple[float, float, float, float], left: int, top: int, side: int
) -> None:
    cut = opened(portrait(ramp(), box))

    centre = cut[110:130, 110:130].mean(axis=(0, 1))
    expected = ((left + side / 2) / WIDTH * 250, (top + side / 2) / HEIGHT * 250, 60)
    assert centre == pytest.approx(expected, abs=3)
    assert float(cut[:, 235:, 0].mean()) - float(cut[:, :5, 0].mean()) == pytest.approx(
        side / WIDTH * 250, abs=8
    )


def test_the_face_in_a_portrait_is_found_again(
    pipeline: Pipeline, photo: Callable[[str], bytes], steps: Steps
) -> None:
    picture = pipeline.decode(photo("ana-1"), steps)
    (face,) = pipeline.detect(picture, steps)

    again = pipeline.detect(pipeline.decode(portrait(picture.pixels, face.box), steps), steps)

    assert len(again) == 1
    assert again[0].size_px / 240 == pytest.approx(face.size_px / max(face.box[2:]) / 1.7, abs=0.08)


SIDES = st.floats(-1e6, 1e6)


@given(st.tuples(SIDES, SIDES, SIDES, SIDES), st.integers(1, 60), st.integers(1, 60))
def test_whatever_the_box_and_the_picture_there_is_a_portrait(
    box: tuple[float, float, float, float], width: int, height: int
) -> None:
    opened(portrait(np.zeros((height, width, 3), np.uint8), box))
