"""What the shipped network sees in aligned faces, good and spoilt."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.alterations import BENDS, Alter, bent, doubled, stretched
from bench.covers import COVERS, HIDDEN, behind, painted, under
from tests.conftest import PHOTOS
from wsgi_app.base.errors import PackError, UnusablePhoto
from wsgi_app.base.steps import Steps
from wsgi_app.vision.decode import Picture
from wsgi_app.vision.engines import Blob
from wsgi_app.vision.faults import find_fault
from wsgi_app.vision.packs import FaultsFile
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT

Photo = Callable[[str], bytes]

FILE = FaultsFile(
    file="faults.onnx",
    sha256="0" * 64,
    size_bytes=1,
    licence="none",
    source="made up",
    outcomes=("distorted", "obscured"),
)
CROP = np.full((112, 112, 3), 127, np.uint8)


class Says:
    """A network that always gives the same."""

    def __init__(self, *outputs: list[float]):
        self._outputs = outputs
        self.seen: list[Blob] = []

    def run(self, blob: Blob) -> dict[str, Blob]:
        self.seen.append(blob)
        return {str(at): np.array([output], np.float32) for at, output in enumerate(self._outputs)}


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ([-1.0, 2.0], ("obscured", 2.0)),
        ([3.0, 2.0], ("distorted", 3.0)),
        ([-3.0, -2.0], ("obscured", -2.0)),
    ],
)
def test_the_likeliest_fault_is_told_with_how_likely_it_is(
    said: list[float], fault: tuple[str, float]
) -> None:
    assert find_fault(Says(said), CROP, FILE) == fault


def test_the_network_sees_the_face_around_zero_with_its_colours_first() -> None:
    network, crop = Says([0.0, 0.0]), CROP.copy()
    crop[..., 0] = 255

    find_fault(network, crop, FILE)

    (blob,) = network.seen
    assert (blob.shape, blob.dtype.name) == ((1, 3, 112, 112), "float32")
    assert blob[0, :, 0, 0] == pytest.approx([1.0, -0.5 / 127.5, -0.5 / 127.5])


@pytest.mark.parametrize(
    "outputs", [[[0.0]], [[0.0, 1.0, 2.0]], [[0.0, float("nan")]], [[0.0, 1.0], [2.0]], []]
)
def test_a_network_that_tells_something_else_is_refused(outputs: list[list[float]]) -> None:
    with pytest.raises(PackError) as refused:
        find_fault(Says(*outputs), CROP, FILE)

    assert refused.value.key == "pack:no_faults"


def single_face(pipeline: Pipeline, pixels: NDArray[np.uint8], steps: Steps) -> None:
    pipeline.single_face_in(Picture(pixels, pixels.shape[1], pixels.shape[0]), ENROLMENT, steps)


@pytest.mark.parametrize("path", sorted(PHOTOS.glob("*-[1-5].jpg")), ids=lambda path: path.stem)
def test_in_photos_of_people_as_they_are_nothing_is_wrong(
    path: Path, pipeline: Pipeline, steps: Steps
) -> None:
    if not path.stem.startswith("nobody"):
        pipeline.single_face(path.read_bytes(), ENROLMENT, steps)


SPOILT: dict[str, Alter] = {
    **{f"{factor:g} times as wide": partial(stretched, factor) for factor in (0.6, 0.65, 0.7, 1.6, 1.8)},
    **{
        f"{name}, {cloth}": partial(behind, HIDDEN[name], cloth)
        for name in ("mask", "glasses", "scarf over the mouth")
        for cloth in ("shaded", "striped", "dotted", "speckled")
    },
    **{
        f"{name}, {cover}": partial(under, HIDDEN[name], cover)
        for name in ("mask", "glasses")
        for cover in COVERS
    },
    **{f"bent {how}": partial(bent, how) for how in BENDS},
    "exposed twice": partial(doubled, 0.35),
    "face paint": painted,
}


@pytest.mark.parametrize("name", ["ana-1", "bruno-2", "fatima-1", "ivo-3"])
@pytest.mark.parametrize("alter", SPOILT.values(), ids=SPOILT)
def test_a_face_in_the_wrong_form_or_behind_anything_is_not_enrolled(
    alter: Alter, name: str, pipeline: Pipeline, photo: Photo, steps: Steps
) -> None:
    picture = pipeline.decode(photo(name), steps)
    face = pipeline.detect(picture, steps)[0]

    with pytest.raises(UnusablePhoto):
        single_face(pipeline, alter(picture.pixels, face), steps)
