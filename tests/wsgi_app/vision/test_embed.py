from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from wsgi_app.base.errors import PackError
from wsgi_app.vision.embed import embed, embedder_blob
from wsgi_app.vision.engines import Blob
from wsgi_app.vision.packs import EmbedderFile, Threshold

Channels = Literal["rgb", "bgr"]


def embedder(
    channels: Channels = "rgb",
    mean: tuple[float, float, float] = (0, 0, 0),
    deviation: tuple[float, float, float] = (1, 1, 1),
) -> EmbedderFile:
    return EmbedderFile(
        file="embedder.onnx",
        sha256="0" * 64,
        size_bytes=1,
        licence="MIT",
        source="a test",
        url="",
        embedding_size=2,
        channels=channels,
        mean=mean,
        deviation=deviation,
        thresholds=(Threshold(score=0.5, measured_on="nothing"),),
    )


class FakeNetwork:
    """Answers every blob with the same vector in each output, and keeps the blob."""

    def __init__(self, *vector: float, outputs: tuple[str, ...] = ("output",)):
        self.outputs = {name: np.array([vector], np.float32) for name in outputs}
        self.seen: Blob | None = None

    def run(self, blob: Blob) -> dict[str, Blob]:
        self.seen = blob
        return self.outputs


def crop_of(red: int, green: int, blue: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    return np.full((112, 112, 3), (red, green, blue), np.uint8)


@pytest.mark.parametrize(("channels", "planes"), [("rgb", [200, 100, 50]), ("bgr", [50, 100, 200])])
def test_channels_come_in_the_order_of_the_network(channels: Channels, planes: list[float]) -> None:
    blob = embedder_blob(crop_of(200, 100, 50), embedder(channels))

    assert blob.shape == (1, 3, 112, 112)
    assert blob.dtype == np.float32
    assert blob.flags.c_contiguous
    assert [float(plane.min()) for plane in blob[0]] == planes
    assert [float(plane.max()) for plane in blob[0]] == planes


def test_every_pixel_keeps_its_place() -> None:
    crop = np.random.default_rng(1).integers(0, 256, (112, 112, 3), np.uint8)

    blob = embedder_blob(crop, embedder())

    np.testing.assert_array_equal(blob[0].transpose(1, 2, 0), crop)


@pytest.mark.parametrize(("channels", "planes"), [("rgb", [1, 2, -3]), ("bgr", [-6, 4, 6])])
def test_mean_and_deviation_belong_to_the_channels_of_the_network(
    channels: Channels, planes: list[float]
) -> None:
    file = embedder(channels, mean=(80, 20, 80), deviation=(10, 10, 10))

    blob = embedder_blob(crop_of(90, 40, 50) if channels == "rgb" else crop_of(140, 60, 20), file)

    np.testing.assert_allclose(blob[0, :, 0, 0], planes)


def test_each_channel_has_a_deviation_of_its_own() -> None:
    blob = embedder_blob(crop_of(100, 100, 100), embedder(deviation=(1, 2, 4)))

    np.testing.assert_allclose(blob[0, :, 0, 0], [100, 50, 25])


def test_an_embedding_has_unit_length() -> None:
    embedding = embed(FakeNetwork(3, 4), crop_of(1, 2, 3), embedder())

    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, [0.6, 0.8], rtol=1e-6)


def test_the_network_gets_the_prepared_crop() -> None:
    network, file = FakeNetwork(1, 0), embedder("bgr", (1, 2, 3), (4, 5, 6))

    embed(network, crop_of(9, 8, 7), file)

    assert network.seen is not None
    np.testing.assert_array_equal(network.seen, embedder_blob(crop_of(9, 8, 7), file))


@pytest.mark.parametrize("length", [1e-3, 1e3, 1e10])
def test_the_length_of_the_raw_vector_is_of_no_account(length: float) -> None:
    raw = FakeNetwork(-length, length)

    np.testing.assert_allclose(embed(raw, crop_of(0, 0, 0), embedder()), [-(0.5**0.5), 0.5**0.5], rtol=1e-6)


@pytest.mark.parametrize(
    "network",
    [
        FakeNetwork(1),
        FakeNetwork(1, 2, 3),
        FakeNetwork(1, 2, outputs=("one", "other")),
        FakeNetwork(float("nan"), 1),
        FakeNetwork(1, float("inf")),
    ],
    ids=["one number", "three numbers", "two outputs", "not a number", "infinite"],
)
def test_anything_but_one_embedding_of_the_size_described_is_told(network: FakeNetwork) -> None:
    with pytest.raises(PackError, match=r"^pack:no_embedder file='embedder\.onnx' size=2$"):
        embed(network, crop_of(0, 0, 0), embedder())


@pytest.mark.parametrize(
    "crop",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((112, 112), np.uint8),
        np.zeros((112, 111, 3), np.uint8),
        np.full((112, 112, 3), np.nan, np.float32),
    ],
    ids=["empty", "grey", "cut", "not a number"],
)
def test_what_is_no_aligned_face_is_not_embedded(crop: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="an aligned face is uint8 112x112x3, not"):
        embed(FakeNetwork(3.0, 4.0), crop, embedder())


class LeftAndRight:
    """Answers with how red the left half of a blob is, and how red the right one; keeps count."""

    def __init__(self) -> None:
        self.asked = 0

    def run(self, blob: Blob) -> dict[str, Blob]:
        self.asked += 1
        return {"output": np.array([[blob[0, 0, :, :56].mean(), blob[0, 0, :, 56:].mean()]], np.float32)}


@pytest.mark.parametrize(
    ("mirrored", "asked", "embedding"), [(False, 1, [0.6, 0.8]), (True, 2, [0.5**0.5, 0.5**0.5])]
)
def test_with_its_mirror_image_a_face_looks_as_its_mirror_image_does(
    mirrored: bool, asked: int, embedding: list[float]
) -> None:
    crop = crop_of(30, 0, 0)
    crop[:, 56:] = (40, 0, 0)
    network, file = LeftAndRight(), replace(embedder(), mirrored=mirrored)

    found = embed(network, crop, file)

    assert (network.asked, found.dtype.name) == (asked, "float32")
    np.testing.assert_allclose(found, embedding, rtol=1e-6)


def test_of_two_images_each_counts_as_much_however_long_its_vector_is() -> None:
    crop = crop_of(10, 0, 0)
    crop[:, 56:] = 0

    class Uneven(LeftAndRight):
        def run(self, blob: Blob) -> dict[str, Blob]:
            answer = super().run(blob)["output"]
            return {"output": answer * (100 if self.asked == 1 else 1)}

    np.testing.assert_allclose(embed(Uneven(), crop, replace(embedder(), mirrored=True)), [0.5**0.5] * 2)


def test_a_vector_of_no_length_is_no_embedding() -> None:
    with pytest.raises(PackError, match=r"^pack:no_embedder .* size=2$"):
        embed(FakeNetwork(0.0, 0.0), crop_of(1, 2, 3), embedder())
