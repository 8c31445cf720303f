"""Crops of faces pass a second look; crops of what only looks like one from afar do not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wsgi_app.base.steps import Steps
from wsgi_app.vision.engines import Network, load_network
from wsgi_app.vision.packs import Pack, pack_in
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.recheck import NO_FACE, recheck
from wsgi_app.vision.standards import ENROLMENT, PROBE

Photo = Callable[[str], bytes]


@pytest.fixture(scope="module")
def pack(pack_folder: Path) -> Pack:
    return pack_in(pack_folder)


@pytest.fixture(scope="module")
def detector(pack: Pack, pack_folder: Path) -> Network:
    return load_network(pack_folder / pack.detector.file)


@pytest.fixture
def crop(pipeline: Pipeline, photo: Photo, steps: Steps) -> NDArray[np.uint8]:
    return pipeline.single_face(photo("ana-1"), ENROLMENT, steps).crop


def test_an_aligned_face_is_where_its_landmarks_say(
    detector: Network, crop: NDArray[np.uint8], pack: Pack
) -> None:
    again = recheck(detector, crop, pack.detector)

    assert again.score > 0.85
    assert again.shift < 0.12
    assert ENROLMENT.is_face(again)


def test_a_crop_of_nothing_shows_no_face(detector: Network, pack: Pack) -> None:
    assert recheck(detector, np.full((112, 112, 3), 90, np.uint8), pack.detector) == NO_FACE


ALTERED: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    "upside down": lambda crop: crop[::-1],
    "lying": np.rot90,
    "the upper half": lambda crop: np.repeat(crop[:56], 2, axis=0),
    "shifted by half an eye distance": lambda crop: np.roll(crop, 18, axis=1),
    "an eye": lambda crop: np.repeat(np.repeat(crop[34:71, 20:57], 3, axis=0), 3, axis=1)[:112, :112],
}


@pytest.mark.parametrize("alter", ALTERED.values(), ids=ALTERED)
def test_a_crop_that_is_no_upright_face_is_none(
    alter: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    detector: Network,
    crop: NDArray[np.uint8],
    pack: Pack,
) -> None:
    again = recheck(detector, np.ascontiguousarray(alter(crop)), pack.detector)

    assert (PROBE.is_face(again), ENROLMENT.is_face(again)) == (False, False)
