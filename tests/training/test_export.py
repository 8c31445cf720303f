import tomllib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")
pytest.importorskip("matplotlib", reason="matplotlib is not installed; `make setup-train` brings it")

import onnx
import torch
from onnx import TensorProto
from torch import nn

from training.course import Course, Epoch, Plan
from training.detector import DetectorLesson
from training.export import FORMS, SMALL, main, to_onnx
from training.nose import NoseLesson
from training.torch_engine import DETECTOR_OUTPUTS
from wsgi_app.vision.engines import Blob, Network, OnnxRuntimeNetwork, OpenCvNetwork
from wsgi_app.vision.packs import sha256_of

Exported = dict[str, tuple[nn.Module, Path]]

# What a file's input ranges over.
SCALES = {"detector": (0, 255), "embedder": (-1, 1), "nose": (0, 1)}


def blob(name: str, height: int = 112, width: int = 112) -> Blob:
    """A picture of coloured squares."""
    squares = np.random.default_rng(1).uniform(*SCALES[name], (1, 3, height // 16, width // 16))
    return np.asarray(squares.repeat(16, axis=2).repeat(16, axis=3), np.float32)


def made(name: str) -> nn.Module:
    """A network as it is after some training: nothing is zero or one any more, and it gives large numbers."""
    generator = torch.manual_seed(1)
    network = FORMS[name].untrained()
    for end in getattr(network, "heads", []):  # of the detector
        end.weight.data.normal_(0, 1, generator=generator)
        end.bias.data.zero_()
    for end in getattr(network, "place", [])[-1:]:  # of the nose network
        end.weight.data.normal_(0, 30, generator=generator)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            for numbers in (layer.weight.data, layer.running_var):
                numbers.uniform_(0.5, 1.5, generator=generator)
            for numbers in (layer.bias.data, layer.running_mean):
                numbers.normal_(0, 0.1, generator=generator)
    return network.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Each kind of network, and the file it was written to."""
    folder, found = tmp_path_factory.mktemp("exported"), {}
    for name, form in FORMS.items():
        network = made(name)
        onnx.save(to_onnx(network, form), folder / f"{name}.onnx")
        found[name] = (network, folder / f"{name}.onnx")
    return found


def by_torch(name: str, network: nn.Module, given: Blob) -> dict[str, Blob]:
    with torch.no_grad():
        found = FORMS[name].as_file(network)(torch.from_numpy(given))
    outputs = found if isinstance(found, tuple) else (found,)
    return {key: output.numpy() for key, output in zip(FORMS[name].outputs, outputs, strict=True)}


def assert_alike(found: dict[str, Blob], expected: dict[str, Blob]) -> None:
    assert found.keys() == expected.keys()
    for name, output in expected.items():
        assert found[name].shape == output.shape, name
        np.testing.assert_allclose(found[name], output, rtol=1e-3, atol=2e-3, err_msg=name)


@pytest.mark.parametrize("engine", [OnnxRuntimeNetwork, OpenCvNetwork])
@pytest.mark.parametrize("name", ["embedder", "nose"])
def test_a_file_gives_what_the_network_gave(
    name: str, engine: Callable[[Path], Network], exported: Exported
) -> None:
    network, path = exported[name]

    assert_alike(engine(path).run(blob(name)), by_torch(name, network, blob(name)))


@pytest.mark.parametrize("engine", [OnnxRuntimeNetwork, OpenCvNetwork])
@pytest.mark.parametrize(("height", "width"), [(192, 320), (320, 320), (32, 64), (224, 96)])
def test_the_detectors_file_takes_any_size(
    engine: Callable[[Path], Network], height: int, width: int, exported: Exported
) -> None:
    network, path = exported["detector"]
    given = blob("detector", height, width)

    found = engine(path).run(given)

    assert set(found) == set(DETECTOR_OUTPUTS)
    assert_alike(found, by_torch("detector", network, given))


def test_one_loaded_detector_takes_one_size_after_another(exported: Exported) -> None:
    network, path = exported["detector"]
    loaded = OnnxRuntimeNetwork(path)

    for height, width in ((192, 320), (64, 64), (192, 320)):
        given = blob("detector", height, width)
        assert_alike(loaded.run(given), by_torch("detector", network, given))


def test_opencvs_own_detector_class_takes_the_file(exported: Exported) -> None:
    _, path = exported["detector"]
    picture = blob("detector", 192, 320)[0].transpose(1, 2, 0).astype(np.uint8)

    _, faces = cv2.FaceDetectorYN.create(str(path), "", (320, 192), 1e-6).detect(picture)

    assert faces is not None
    assert faces.shape[1] == 15  # box, five landmarks, score


@pytest.mark.parametrize("name", FORMS)
def test_large_weights_are_stored_in_half_precision_and_nothing_is_computed_in_it(
    name: str, exported: Exported
) -> None:
    network, path = exported[name]
    model = onnx.load(path)

    stored = {weights.name: weights for weights in model.graph.initializer}
    large = [weights for weights in stored.values() if np.prod(weights.dims) > SMALL]
    assert {weights.data_type for weights in large} == {TensorProto.FLOAT16}
    casts = [node for node in model.graph.node if node.op_type == "Cast" and node.input[0] in stored]
    assert {node.input[0] for node in casts} == {weights.name for weights in large}
    assert {node.attribute[0].i for node in casts} == {TensorProto.FLOAT}
    numbers = sum(parameter.numel() for parameter in network.parameters())
    assert 1.9 * numbers < path.stat().st_size < 2.2 * numbers


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("detector", [1, 3, "height", "width"]),
        ("embedder", [1, 3, 112, 112]),
        ("nose", [1, 3, 112, 112]),
    ],
)
def test_a_file_says_what_it_takes_and_gives(name: str, shape: list[object], exported: Exported) -> None:
    graph = onnx.load(exported[name][1]).graph

    (taken,) = graph.input
    assert [side.dim_param or side.dim_value for side in taken.type.tensor_type.shape.dim] == shape
    assert [output.name for output in graph.output] == FORMS[name].outputs


def test_normalisation_is_folded_into_the_convolutions(exported: Exported) -> None:
    for name in ("detector", "nose"):
        kinds = {node.op_type for node in onnx.load(exported[name][1]).graph.node}
        assert "BatchNormalization" not in kinds


def begun(name: str, lesson: DetectorLesson | NoseLesson, folder: Path) -> nn.Module:
    """A run of one empty epoch; gives the network that it keeps."""
    lesson.network = made(name)
    course = Course(lesson, Plan(1, 1), folder, torch.device("cpu"))
    course.run(lambda _: Epoch([], 0), lambda _: {"nothing": 0.0})
    return course.network


@pytest.mark.parametrize(("name", "lesson"), [("detector", DetectorLesson), ("nose", NoseLesson)])
def test_the_command_writes_a_runs_averaged_network(
    name: str, lesson: Callable[[], DetectorLesson | NoseLesson], tmp_path: Path
) -> None:
    network, path = begun(name, lesson(), tmp_path / "run"), tmp_path / f"{name}.onnx"

    result = CliRunner().invoke(main, [name, "--run", str(tmp_path / "run"), "--to", str(path)])

    assert (result.exit_code, result.exception) == (0, None), result.output
    assert tomllib.loads(result.output) == {
        "file": f"{name}.onnx",
        "sha256": sha256_of(path),
        "size_bytes": path.stat().st_size,
    }
    given = blob(name, *((64, 96) if name == "detector" else (112, 112)))
    assert_alike(OnnxRuntimeNetwork(path).run(given), by_torch(name, network, given))


@pytest.mark.parametrize("words", [["detector"], ["elephant", "--run", ".", "--to", "x.onnx"]])
def test_a_command_that_cannot_be_done_shows_the_usage(words: list[str]) -> None:
    result = CliRunner().invoke(main, words)

    assert (result.exit_code, result.output[:6]) == (2, "Usage:")
