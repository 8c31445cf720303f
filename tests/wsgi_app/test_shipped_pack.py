"""What the shipped models must be able to do: whoever changes them sees here whether a door still works."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PHOTOS
from wsgi_app.base.steps import Steps
from wsgi_app.house.models import catalogue
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import cosine
from wsgi_app.vision.packs import SHIPPED, Threshold, check_files, pack_in
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import PROBE

MOST_BYTES = 12_000_000
PEOPLE = sorted({path.stem.partition("-")[0] for path in PHOTOS.glob("*-1.jpg")} - {"nobody"})


@pytest.fixture(scope="module")
def embeddings(pipeline: Pipeline) -> dict[str, Embedding]:
    """Of every photo of everybody, by the photo's name."""
    steps = Steps(lambda: 0.0)
    photos = {
        path.stem: path.read_bytes() for name in PEOPLE for path in sorted(PHOTOS.glob(f"{name}-*.jpg"))
    }
    sightings = {name: pipeline.single_face(photo, PROBE, steps) for name, photo in photos.items()}
    return {name: pipeline.embed(sighting.crop, steps) for name, sighting in sightings.items()}


def test_the_pack_is_whole_and_small(pack_folder: Path) -> None:
    pack = pack_in(pack_folder)
    check_files(pack, pack_folder)
    assert pack == catalogue()[SHIPPED]
    assert sum(network.size_bytes for network in pack.networks) <= MOST_BYTES
    assert [(pack_folder / network.file).stat().st_size for network in pack.networks] == [
        network.size_bytes for network in pack.networks
    ]


def test_it_brings_four_networks_and_thresholds_with_known_rates(pack_folder: Path) -> None:
    pack = pack_in(pack_folder)
    files = ["detector.onnx", "embedder.onnx", "nose.onnx", "faults.onnx"]
    assert [network.file for network in pack.networks] == files
    rates = [threshold.false_accept_rate for threshold in pack.embedder.thresholds]
    assert rates == [0.00001, 0.0001, 0.001, 0.01, 0.01]


def test_there_are_ten_people_with_five_photos_each() -> None:
    assert [len(list(PHOTOS.glob(f"{name}-*.jpg"))) for name in PEOPLE] == [5] * 10


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_is_known_by_their_first_photo_and_nobody_else_is(
    name: str, embeddings: dict[str, Embedding], threshold: Threshold
) -> None:
    first = embeddings[f"{name}-1"]
    accepted = {
        other
        for other, embedding in embeddings.items()
        if other != f"{name}-1" and cosine(first, embedding) >= threshold.score
    }
    assert accepted == {f"{name}-{number}" for number in range(2, 6)}


@pytest.mark.parametrize("name", ["nobody-1", "nobody-2", "nobody-3"])
def test_nobody_is_no_face(
    name: str, pipeline: Pipeline, photo: Callable[[str], bytes], steps: Steps
) -> None:
    assert pipeline.detect(pipeline.decode(photo(name), steps), steps) == ()
