from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.networks import nose_onnx, nose_pb, nose_tflite
from wsgi_app.base.errors import PackError
from wsgi_app.vision.engines import Blob, load_network
from wsgi_app.vision.nose import NoseFile, find_nose, nose_blob


class FakeNetwork:
    """Gives the same outputs to every blob."""

    def __init__(self, **outputs: list[float]):
        self.outputs = {name: np.array([numbers], np.float32) for name, numbers in outputs.items()}

    def run(self, blob: Blob) -> dict[str, Blob]:
        return self.outputs


FILE = NoseFile(Path("nose.onnx"), input_px=112, channels="rgb")


def plain(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    return np.full((90, 160, 3), (red, green, blue), np.uint8)


def test_the_blob_is_a_square_of_fractions() -> None:
    blob = nose_blob(plain(255, 51, 0), NoseFile(Path("nose.onnx"), input_px=64, channels="rgb"))

    assert blob.shape == (1, 3, 64, 64)
    assert blob.dtype == np.float32
    assert blob.flags.c_contiguous
    np.testing.assert_allclose(blob[0, :, 0, 0], [1, 0.2, 0])
    np.testing.assert_allclose(blob[0, :, 63, 63], [1, 0.2, 0])


def test_channels_come_in_the_order_of_the_network() -> None:
    blob = nose_blob(plain(255, 51, 0), NoseFile(Path("nose.onnx"), input_px=64, channels="bgr"))

    np.testing.assert_allclose(blob[0, :, 0, 0], [0, 0.2, 1])


def test_the_whole_picture_is_squeezed_and_averaged() -> None:
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:16, :32, 0] = 255
    pixels[:, :, 1] = np.indices((32, 64)).sum(axis=0) % 2 * 255  # a chessboard: half of it on average

    blob = nose_blob(pixels, NoseFile(Path("nose.onnx"), input_px=16, channels="rgb"))

    np.testing.assert_array_equal(blob[0, 0], np.pad(np.ones((8, 8)), ((0, 8), (0, 8))))
    np.testing.assert_allclose(blob[0, 1], 0.5, atol=0.01)


@pytest.mark.parametrize(
    ("make", "name"), [(nose_onnx, "n.onnx"), (nose_pb, "n.pb"), (nose_tflite, "n.tflite")]
)
@pytest.mark.parametrize(
    ("channels", "pixels", "point"),
    [
        ("rgb", plain(255, 0, 0), (0.5, 0.1)),
        ("bgr", plain(255, 0, 0), (0.125, 0.6)),
        ("rgb", plain(0, 0, 255), (0.125, 0.6)),
        ("bgr", plain(0, 0, 255), (0.5, 0.1)),
        ("rgb", plain(0, 255, 0), (0.25, 0.2)),
        ("bgr", plain(0, 255, 0), (0.25, 0.2)),
    ],
)
def test_a_network_file_of_any_kind_sees_the_colours_it_was_made_for(
    make: Callable[[Path], Path],
    name: str,
    channels: str,
    pixels: NDArray[np.uint8],
    point: object,
    tmp_path: Path,
) -> None:
    file = NoseFile(make(tmp_path / name), input_px=112, channels=channels)

    assert find_nose(load_network(file.path), pixels, file) == pytest.approx(point, abs=1e-4)


@pytest.mark.parametrize(
    ("given", "point"),
    [
        ([0.25, 0.75], (0.25, 0.75)),
        ([0.0, 1.0], (0.0, 1.0)),
        ([-0.5, 1.5], (0.0, 1.0)),
    ],
)
def test_the_point_stays_within_the_picture(given: list[float], point: tuple[float, float]) -> None:
    assert find_nose(FakeNetwork(point=given), plain(0, 0, 0), FILE) == point


@pytest.mark.parametrize(
    "network",
    [
        FakeNetwork(point=[0.5]),
        FakeNetwork(point=[0.5, 0.5, 0.5]),
        FakeNetwork(x=[0.5], y=[0.5]),
        FakeNetwork(point=[0.5, 0.5], other=[1.0]),
        FakeNetwork(point=[float("nan"), 0.5]),
        FakeNetwork(point=[0.5, float("inf")]),
    ],
    ids=["one number", "three numbers", "two outputs", "an output too many", "not a number", "infinite"],
)
def test_anything_but_two_finite_numbers_is_no_nose_network(network: FakeNetwork) -> None:
    with pytest.raises(PackError, match=r"^pack:no_nose file=.*nose\.onnx"):
        find_nose(network, plain(0, 0, 0), FILE)


def test_a_network_of_another_input_size_is_told_by_its_file(tmp_path: Path) -> None:
    file = NoseFile(nose_onnx(tmp_path / "nose.onnx"), input_px=96, channels="rgb")
    network = load_network(file.path)

    with pytest.raises(PackError, match=r"nose\.onnx"):
        find_nose(network, plain(0, 0, 0), file)
