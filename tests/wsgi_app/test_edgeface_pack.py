"""What the pack ``edgeface`` must be able to do, with the published file and with that of its thresholds.

The first is fetched. The second, the same weights rounded to 8 bits, is ``edgeface_xs.onnx`` in the folder of
reference networks that ``MODELS`` names in the environment. What is not reached or not named skips.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import PHOTOS
from tests.owners import renamed_pack
from tests.packs import in_terminal
from wsgi_app.base.config import load_config
from wsgi_app.base.errors import PackError
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.steps import Steps
from wsgi_app.house.fetching import fetch
from wsgi_app.house.models import catalogue, tried_pipeline
from wsgi_app.house.thresholds import threshold_for_rate
from wsgi_app.vision.embed import Embedding
from wsgi_app.vision.match import Gallery, match
from wsgi_app.vision.packs import SHIPPED, check_files, pack_in, sha256_of
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT

PEOPLE = sorted({path.stem.partition("-")[0] for path in PHOTOS.glob("*-1.jpg")} - {"nobody"})
EDGEFACE = catalogue()["edgeface"]
MARGIN = 0.05  # by which the likeliest person is ahead, as at a door
RATE = 0.0001  # of strangers' visits: people who are blends of faces are more alike than others


def silent(file: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def published(folder: Path) -> Path:
    """The pack's folder, after ``porteiro models fetch edgeface``."""
    try:
        return fetch(load_config({"PORTEIRO_DATA": str(folder)}), "edgeface", None, silent)
    except PackError as error:
        pytest.skip(in_terminal(error))


def rounded(folder: Path) -> Path:
    """A folder with the same pack, but for its embedder's weights."""
    source = Path(os.environ.get("MODELS", "")) / "edgeface_xs.onnx"
    if "MODELS" not in os.environ or not source.is_file():
        pytest.skip("MODELS names no folder with edgeface_xs.onnx")
    network = EDGEFACE.embedder
    shutil.copyfile(source, folder / network.file)
    renamed = renamed_pack(folder, folder / "rounded", "rounded")
    description = renamed / "models.toml"
    description.write_text(description.read_text().replace(network.sha256, sha256_of(source)))
    return renamed


@pytest.fixture(scope="module", params=[published, rounded])
def edgeface(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    folder = request.param(tmp_path_factory.mktemp("edgeface"))
    pack = pack_in(folder)
    check_files(pack, folder)
    return tried_pipeline(pack, folder, None, PictureLimits())


@pytest.fixture(scope="module")
def embeddings(edgeface: Pipeline) -> dict[str, Embedding]:
    """Of every photo of everybody, by the photo's name; each is fit to be enrolled."""
    steps = Steps(lambda: 0.0)
    photos = {path.stem: path.read_bytes() for name in PEOPLE for path in PHOTOS.glob(f"{name}-*.jpg")}
    crops = {name: edgeface.single_face(photo, ENROLMENT, steps).crop for name, photo in photos.items()}
    return {name: edgeface.embed(crop, steps) for name, crop in crops.items()}


def test_all_but_its_embedder_is_the_shipped_packs() -> None:
    shipped = catalogue()[SHIPPED]
    assert EDGEFACE.own_networks == (EDGEFACE.embedder,)
    assert (EDGEFACE.detector, EDGEFACE.nose, EDGEFACE.faults) == (
        shipped.detector,
        shipped.nose,
        shipped.faults,
    )


def test_its_thresholds_have_known_rates_and_say_with_what_they_were_measured() -> None:
    thresholds = EDGEFACE.embedder.thresholds
    assert [threshold.false_accept_rate for threshold in thresholds] == [0.001, 0.01, 0.0001]
    assert thresholds[0].measured_on.endswith("with the same weights rounded to 8 bits")


def known(name: str, people: list[str], embeddings: dict[str, Embedding]) -> str | None:
    """Who is known at a door on which photo, where three photos of each of the people are enrolled."""
    gallery = Gallery.of([(each, embeddings[f"{each}-{number}"]) for each in people for number in (1, 2, 3)])
    threshold = threshold_for_rate(EDGEFACE.embedder, RATE, len(people)).score
    found = match(embeddings[name], gallery)
    return found.person if found.is_sure(threshold, MARGIN) else None


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_is_known_at_a_door(name: str, embeddings: dict[str, Embedding]) -> None:
    assert [known(f"{name}-{number}", PEOPLE, embeddings) for number in (4, 5)] == [name] * 2


@pytest.mark.parametrize("name", PEOPLE)
def test_nobody_is_taken_for_somebody_else_at_a_door(name: str, embeddings: dict[str, Embedding]) -> None:
    others = [other for other in PEOPLE if other != name]
    assert [known(f"{name}-{number}", others, embeddings) for number in range(1, 6)] == [None] * 5


@pytest.mark.parametrize("name", ["nobody-1", "nobody-2", "nobody-3"])
def test_nobody_is_no_face(
    name: str, edgeface: Pipeline, photo: Callable[[str], bytes], steps: Steps
) -> None:
    assert edgeface.detect(edgeface.decode(photo(name), steps), steps) == ()
