from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tests.training.material import write_material
from training import centring
from training.centring import (
    PART,
    SHARPNESS,
    blends_of,
    centred,
    centres_of,
    embedded,
    is_centred,
    main,
    some_learnt,
)
from wsgi_app.vision.engines import load_network

Floats = NDArray[np.float32]

WEIGHTS = np.array([(2, 0, 1, 0), (0, 3, 1, 1), (1, 1, -2, 0)], np.float32)


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """An embedder: the mean colour of a face, -1..1, times ``WEIGHTS``."""
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["face"], ["colour"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["embedding"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, [1, 3, 112, 112])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 4])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    path = tmp_path / "embedder.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def unit(vectors: NDArray[np.floating]) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


def test_a_face_loses_a_part_of_the_mean_of_its_kind(network: Path, tmp_path: Path) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (3, 1, 1, 3), np.uint8)
    crops = np.ascontiguousarray(np.broadcast_to(crops, (3, 112, 112, 3)))
    centres = unit(np.random.default_rng(2).normal(0, 1, (5, 4)))
    onnx.save(centred(onnx.load(network), centres), tmp_path / "centred.onnx")

    found = embedded(load_network(tmp_path / "centred.onnx"), crops)

    before = unit((crops[:, 0, 0] / 127.5 - 1) @ WEIGHTS)
    shares = np.exp(SHARPNESS * before @ centres.T)
    shares /= shares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, unit(before - PART * shares @ centres), atol=1e-4)


def test_two_strangers_of_one_kind_are_less_alike_afterwards(network: Path, tmp_path: Path) -> None:
    first, second = (np.full((112, 112, 3), colour, np.uint8) for colour in ((200, 90, 60), (200, 100, 80)))
    centre = unit(embedded(load_network(network), np.stack([first, second])).mean(axis=0))
    onnx.save(centred(onnx.load(network), np.stack([centre, -centre])), tmp_path / "centred.onnx")

    before, after = (
        (pair := embedded(load_network(path), np.stack([first, second])))[0] @ pair[1]
        for path in (network, tmp_path / "centred.onnx")
    )

    assert after < before - 0.01


def test_the_file_keeps_the_name_of_its_output(network: Path) -> None:
    model = onnx.load(network)
    later = centred(model, unit(np.eye(4, dtype=np.float32)))

    assert [output.name for output in later.graph.output] == ["embedding"]
    assert (is_centred(model), is_centred(later)) == (False, True)


def test_centres_are_those_of_groups() -> None:
    random = np.random.default_rng(5)
    kinds = unit(random.normal(0, 1, (3, 16)))
    vectors = unit(np.repeat(kinds, 50, axis=0) + random.normal(0, 0.05, (150, 16)))

    centres = centres_of(vectors, 3, np.random.default_rng(0))

    assert centres.dtype == np.float32
    np.testing.assert_allclose((centres @ kinds.T).max(axis=0), 1, atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(centres, axis=1), 1, rtol=1e-5)


def test_a_blend_is_of_the_faces_that_are_most_alike() -> None:
    reds, blues = np.full((6, 4, 4, 3), (200, 0, 0), np.uint8), np.full((6, 4, 4, 3), (0, 0, 200), np.uint8)
    vectors = unit(np.repeat([(1.0, 0.0), (0.0, 1.0)], 6, axis=0))

    blends = blends_of(np.concatenate([reds, blues]), vectors, 20, np.random.default_rng(1))

    assert blends.shape == (20, 4, 4, 3)
    assert blends.dtype == np.uint8
    assert {tuple(blend[0, 0].tolist()) for blend in blends} == {(200, 0, 0), (0, 0, 200)}
    assert (blends == blends[:, :1, :1]).all()


def test_a_blend_has_a_part_of_each_of_its_faces() -> None:
    greys = np.stack([np.full((4, 4, 3), grey, np.uint8) for grey in (0, 255)])

    blends = blends_of(greys, unit(np.ones((2, 2))), 50, np.random.default_rng(1))

    shares = blends[:, 0, 0, 0] / 255
    assert 0.4 < shares.mean() < 0.6
    assert 0.01 < shares.min() < shares.max() < 0.99


def test_nobody_who_is_examined_is_a_centre(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = np.array(["sport", "fiw"] * 500)
    clusters = np.where(sources == "sport", np.arange(1000), -1)
    monkeypatch.setattr(centring, "FACES", 600)

    chosen = some_learnt(sources, clusters)

    assert chosen.sum() == 600
    np.testing.assert_array_equal(chosen, some_learnt(sources, clusters))
    examined = np.flatnonzero((clusters >= 0) & ~some_of_all(sources, clusters, monkeypatch))
    assert 20 < len(examined) < 120
    assert not chosen[examined].any()


def some_of_all(
    sources: NDArray[np.str_], clusters: NDArray[np.int64], monkeypatch: pytest.MonkeyPatch
) -> NDArray[np.bool_]:
    """All that may be learnt from."""
    monkeypatch.setattr(centring, "FACES", 10_000)
    return some_learnt(sources, clusters)


def test_the_command_writes_the_file_once(
    network: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(centring, "KINDS", 2)
    monkeypatch.setattr(centring, "BLENDS", 8)
    data, to = tmp_path / "data", tmp_path / "centred.onnx"
    data.mkdir()
    write_material(data)

    first = CliRunner().invoke(main, [str(network), "--data", str(data), "--to", str(to)])
    again = CliRunner().invoke(main, [str(to), "--data", str(data), "--to", str(tmp_path / "twice.onnx")])

    assert (first.exit_code, first.output.splitlines()[-3]) == (0, 'file = "centred.onnx"')
    assert is_centred(onnx.load(to))
    assert (again.exit_code, again.output) == (1, f"Error: {to} is centred already.\n")
