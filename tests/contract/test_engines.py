"""Whatever engine runs a network file, it answers the same; each engine runs each kind of file it takes."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.networks import (
    SIDE_PX,
    WEIGHTS,
    extremes_onnx,
    extremes_pb,
    input_only_pb,
    nose_onnx,
    nose_pb,
    nose_tflite,
    saved_model_pb,
)
from wsgi_app.base.errors import PackError
from wsgi_app.vision.engines import Blob, Network, OnnxRuntimeNetwork, OpenCvNetwork, load_network
from wsgi_app.vision.packs import pack_in

Engine = Callable[[Path], Network]
Maker = Callable[[Path], Path]

every_nose_network = pytest.mark.parametrize(
    ("engine", "make", "ending"),
    [
        (OnnxRuntimeNetwork, nose_onnx, ".onnx"),
        (OpenCvNetwork, nose_onnx, ".onnx"),
        (OpenCvNetwork, nose_pb, ".pb"),
        (OpenCvNetwork, nose_tflite, ".tflite"),
    ],
)


def picture(seed: int) -> Blob:
    """Noise with a cast of its own in each channel."""
    noise = np.random.default_rng(seed).random((1, 3, SIDE_PX, SIDE_PX), np.float32)
    return noise * np.array([0.9, 0.5, 0.2], np.float32)[:, None, None]


def assert_close(output: Blob, expected: NDArray[np.floating] | Sequence[float]) -> None:
    """Engines add up in different orders: float32 has 24 bits, and a mean runs over 12544 pixels."""
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def plain(red: float, green: float, blue: float) -> Blob:
    blob = np.empty((1, 3, SIDE_PX, SIDE_PX), np.float32)
    blob[0] = np.array([red, green, blue], np.float32)[:, None, None]
    return blob


@every_nose_network
class TestOneOutput:
    def test_it_is_named_as_in_the_file_and_holds_the_formula(
        self, engine: Engine, make: Maker, ending: str, tmp_path: Path
    ) -> None:
        outputs = engine(make(tmp_path / f"nose{ending}")).run(picture(1))
        assert list(outputs) == ["point"]
        assert outputs["point"].dtype == np.float32
        expected = picture(1).mean(axis=(2, 3), dtype=np.float64) @ WEIGHTS
        assert_close(outputs["point"], expected)

    @pytest.mark.parametrize(
        ("colour", "point"),
        [
            ((1, 0, 0), (0.5, 0.1)),
            ((0, 1, 0), (0.25, 0.2)),
            ((0, 0, 1), (0.125, 0.6)),
            ((0, 0, 0), (0, 0)),
            ((1, 1, 1), (0.875, 0.9)),
        ],
    )
    def test_the_first_channel_of_the_blob_is_the_first_of_the_network(
        self,
        engine: Engine,
        make: Maker,
        ending: str,
        tmp_path: Path,
        colour: tuple[float, float, float],
        point: tuple[float, float],
    ) -> None:
        outputs = engine(make(tmp_path / f"nose{ending}")).run(plain(*colour))
        assert_close(outputs["point"].reshape(-1), point)

    def test_an_answer_stays_as_it_is_when_the_network_runs_again(
        self, engine: Engine, make: Maker, ending: str, tmp_path: Path
    ) -> None:
        network = engine(make(tmp_path / f"nose{ending}"))
        first = network.run(picture(1))["point"]
        kept = first.copy()
        second = network.run(picture(2))["point"]
        assert not np.array_equal(second, kept)
        assert np.array_equal(first, kept)
        assert np.array_equal(network.run(picture(1))["point"], kept)

    def test_the_blob_stays_as_it_is(self, engine: Engine, make: Maker, ending: str, tmp_path: Path) -> None:
        blob = picture(3)
        engine(make(tmp_path / f"nose{ending}")).run(blob)
        assert np.array_equal(blob, picture(3))

    def test_a_blob_that_does_not_fit_is_told_by_the_file(
        self, engine: Engine, make: Maker, ending: str, tmp_path: Path
    ) -> None:
        network = engine(make(tmp_path / f"nose{ending}"))
        with pytest.raises(PackError, match=rf"^pack:cannot_look file=.*nose\{ending}"):
            network.run(np.zeros((1, 1, SIDE_PX, SIDE_PX), np.float32))
        assert list(network.run(picture(1))) == ["point"]

    def test_a_file_in_a_folder_with_a_space_and_an_accent_loads(
        self, engine: Engine, make: Maker, ending: str, tmp_path: Path
    ) -> None:
        folder = tmp_path / "my modèles"
        folder.mkdir()
        assert list(engine(make(folder / f"nose{ending}")).run(picture(1))) == ["point"]


@pytest.mark.parametrize(
    ("engine", "make", "ending"),
    [
        (OnnxRuntimeNetwork, extremes_onnx, ".onnx"),
        (OpenCvNetwork, extremes_onnx, ".onnx"),
        (OpenCvNetwork, extremes_pb, ".pb"),
    ],
)
def test_several_outputs_go_by_their_names(engine: Engine, make: Maker, ending: str, tmp_path: Path) -> None:
    outputs = engine(make(tmp_path / f"extremes{ending}")).run(picture(4))
    assert set(outputs) == {"average", "peak"}
    assert_close(outputs["average"], picture(4).mean(axis=(2, 3)))
    assert_close(outputs["peak"], picture(4).max(axis=(2, 3)))


class TestReferencePack:
    """The real networks, where both engines take the same file."""

    def test_both_engines_find_the_same_faces(self, pack_folder: Path) -> None:
        file = pack_in(pack_folder).detector
        blob = np.random.default_rng(5).uniform(0, 255, (1, 3, file.input_px, file.input_px))
        self.compare(pack_folder / file.file, blob.astype(np.float32))

    def test_both_engines_embed_alike(self, pack_folder: Path) -> None:
        blob = np.random.default_rng(6).normal(size=(1, 3, 112, 112)).astype(np.float32)
        self.compare(pack_folder / pack_in(pack_folder).embedder.file, blob)

    def compare(self, path: Path, blob: Blob) -> None:
        one, other = OnnxRuntimeNetwork(path).run(blob), OpenCvNetwork(path).run(blob)
        assert set(one) == set(other)
        for name, output in one.items():
            np.testing.assert_allclose(output, other[name], rtol=1e-3, atol=1e-4, err_msg=name)


class TestLoadNetwork:
    @pytest.mark.parametrize(
        ("name", "make", "engine"),
        [
            ("nose.onnx", nose_onnx, OnnxRuntimeNetwork),
            ("NOSE.ONNX", nose_onnx, OnnxRuntimeNetwork),
            ("nose.pb", nose_pb, OpenCvNetwork),
            ("nose.tflite", nose_tflite, OpenCvNetwork),
        ],
    )
    def test_the_ending_picks_the_engine(
        self, name: str, make: Maker, engine: type[Network], tmp_path: Path
    ) -> None:
        network = load_network(make(tmp_path / name))
        assert isinstance(network, engine)
        assert_close(network.run(plain(1, 0, 0))["point"], np.array([(0.5, 0.1)]))

    @pytest.mark.parametrize("unused", [[], ["weight_1", "weight_2"]])
    def test_a_description_may_ask_for_opencv_by_the_name_of_the_input(
        self, tmp_path: Path, unused: list[str]
    ) -> None:
        network = load_network(nose_onnx(tmp_path / "nose.onnx", unused=unused), "image")
        assert isinstance(network, OpenCvNetwork)
        assert_close(network.run(plain(1, 0, 0))["point"], np.array([(0.5, 0.1)]))

    def test_an_input_of_another_name_is_told(self, tmp_path: Path) -> None:
        network = load_network(nose_onnx(tmp_path / "nose.onnx"), "picture")
        with pytest.raises(PackError, match=r"^pack:cannot_look file=.*nose\.onnx"):
            network.run(plain(1, 0, 0))

    @pytest.mark.parametrize("name", ["nose.pt", "nose.h5", "nose", "onnx"])
    def test_another_ending_is_refused_with_those_that_are_taken(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(PackError, match=rf"pack:other_file .*{name}.* endings='\.onnx, \.pb, \.tflite'"):
            load_network(nose_onnx(tmp_path / name))

    @pytest.mark.parametrize("ending", [".onnx", ".pb", ".tflite"])
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(None, id="no file"),
            pytest.param(b"", id="empty"),
            pytest.param(bytes(1000), id="zeros"),
            pytest.param(b"<!doctype html><title>404 Not Found</title>", id="a web page"),
            pytest.param(
                b"version https://git-lfs.github.com/spec/v1\noid sha256:0ba9\nsize 38696353\n",
                id="a git-lfs pointer",
            ),
        ],
    )
    def test_what_is_no_network_is_refused_by_name_and_prints_nothing(
        self, ending: str, content: bytes | None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / f"broken{ending}"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(PackError, match=rf"^pack:(unreadable|no_graph) file=.*broken\{ending}"):
            load_network(path)
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("name", "make"), [("nose.onnx", nose_onnx), ("nose.pb", nose_pb), ("nose.tflite", nose_tflite)]
    )
    def test_half_a_network_is_refused(self, name: str, make: Maker, tmp_path: Path) -> None:
        path = make(tmp_path / name)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
        with pytest.raises(PackError, match="pack:unreadable file="):
            load_network(path)

    @pytest.mark.parametrize(
        "make",
        [saved_model_pb, input_only_pb, lambda path: path.write_bytes(b"hello world")],
        ids=["a saved model", "only an input", "text"],
    )
    def test_a_pb_file_that_holds_no_graph_is_refused_and_does_not_kill_the_process(
        self, make: Callable[[Path], object], tmp_path: Path
    ) -> None:
        path = tmp_path / "odd.pb"
        make(path)
        program = (
            "import sys; from pathlib import Path; from wsgi_app.base.errors import PackError\n"
            "from wsgi_app.vision.engines import load_network\n"
            "try: load_network(Path(sys.argv[1]))\n"
            "except PackError as error: print(error)"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "odd.pb" in done.stdout
