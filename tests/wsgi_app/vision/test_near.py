"""Faces of half the picture to twice as much: each is found once, as what it is."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.framing import FORMS, framed
from wsgi_app.base.steps import Steps
from wsgi_app.vision.decode import Picture
from wsgi_app.vision.detect import Face
from wsgi_app.vision.near import together
from wsgi_app.vision.pipeline import Pipeline

Photo = Callable[[str], bytes]
Look = Callable[[NDArray[np.uint8]], tuple[Face, ...]]

NAMES = [
    f"{name}-4" for name in ("ana", "bruno", "chen", "dana", "eun", "fatima", "goro", "hana", "ivo", "jun")
]


@pytest.fixture
def look(pipeline: Pipeline, steps: Steps) -> Look:
    """What both looks at a picture say together."""
    return lambda pixels: pipeline.detect(Picture(pixels, pixels.shape[1], pixels.shape[0]), steps)


def pixels_of(photo: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(photo)).convert("RGB"))


def error_of(face: Face, landmarks: NDArray[np.float64]) -> float:
    """How far landmarks lie from where they are, on average, in eye distances."""
    off = np.linalg.norm(np.array(face.landmarks) - landmarks, axis=1).mean()
    return float(off / np.linalg.norm(landmarks[0] - landmarks[1]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9, 1.0, 1.1, 1.3])
@pytest.mark.parametrize("size", FORMS.values(), ids=FORMS)
def test_a_face_near_the_camera_is_found_once_and_its_landmarks_too(
    size: tuple[int, int], share: float, name: str, look: Look, photo: Photo
) -> None:
    pixels = pixels_of(photo(name))
    picture, landmarks = framed(pixels, look(pixels)[0], size, share)

    (face,) = look(picture)

    assert error_of(face, landmarks) < 0.12


def square(left: float, top: float, side: float, score: float = 0.9) -> Face:
    points = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    first, second, nose, left_corner, right_corner = ((left + x * side, top + y * side) for x, y in points)
    return Face((left, top, side, side), (first, second, nose, left_corner, right_corner), score)


SMALL, LARGE, NEAR = square(10, 10, 60), square(100, 100, 300), square(90, 80, 600)


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ([], [], []),
        ([SMALL], [], [SMALL]),
        ([], [NEAR], [NEAR]),
        ([SMALL, LARGE], [square(105, 95, 310)], [LARGE, SMALL]),
        ([LARGE], [NEAR], [NEAR]),
        ([square(100, 100, 580)], [NEAR], [NEAR]),
        ([square(400, 90, 520)], [NEAR], [NEAR]),
        ([square(100, 100, 580)], [], [square(100, 100, 580)]),
        ([SMALL, square(700, 10, 80)], [NEAR], [NEAR, square(700, 10, 80), SMALL]),
    ],
    ids=[
        "nobody",
        "somebody far away, whom the second look does not see",
        "somebody near, whom the first look does not see",
        "somebody whom both see, the first more exactly",
        "a part of a face that the first look takes for one",
        "somebody very near, whom the second look sees more exactly",
        "half of a face as large as a whole one",
        "somebody very near, whom the second look does not see",
        "others behind somebody near",
    ],
)
def test_what_both_looks_say_is_put_together(first: list[Face], second: list[Face], both: list[Face]) -> None:
    assert together(tuple(first), tuple(second), 1000) == tuple(both)
