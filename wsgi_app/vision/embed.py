"""An aligned face as a vector of unit length: the cosine of two of them is their likeness."""

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.errors import PackError
from wsgi_app.vision.align import CROP_PX
from wsgi_app.vision.engines import Blob, Network
from wsgi_app.vision.packs import EmbedderFile

Embedding = NDArray[np.float32]

SHORTEST = 1e-6  # a vector of no length has no direction to compare


def embedder_blob(crop: NDArray[np.uint8], file: EmbedderFile) -> Blob:
    """Bring an aligned face to what the network was trained on.

    Args:
        crop: uint8 [112, 112, 3], RGB.
        file: the pack's description: channel order, and mean and deviation on the 0..255 scale.

    Returns:
        float32 [1, 3, 112, 112].
    """
    ordered = crop if file.channels == "rgb" else crop[:, :, ::-1]
    normal = (ordered - np.array(file.mean, np.float32)) / np.array(file.deviation, np.float32)
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None])


def embed(network: Network, crop: NDArray[np.uint8], file: EmbedderFile) -> Embedding:
    """Embed an aligned face; where the pack says so, as the mean of it and its mirror image.

    Returns:
        float32 [embedding_size], unit length.

    Raises:
        ValueError: the crop is no uint8 [112, 112, 3]: empty, or of numbers that need not be finite.
        PackError: the network gives something else than the pack's description says.
    """
    if crop.dtype != np.uint8 or crop.shape != (CROP_PX, CROP_PX, 3):
        raise ValueError(f"an aligned face is uint8 {CROP_PX}x{CROP_PX}x3, not {crop.dtype} {crop.shape}")
    embedding = _asked(network, crop, file)
    if file.mirrored:
        embedding = _of_unit_length(embedding + _asked(network, crop[:, ::-1], file), file)
    return embedding


def _asked(network: Network, crop: NDArray[np.uint8], file: EmbedderFile) -> Embedding:
    outputs = list(network.run(embedder_blob(crop, file)).values())
    return _of_unit_length(outputs[0] if len(outputs) == 1 else np.zeros(0, np.float32), file)


def _of_unit_length(numbers: NDArray[np.float32], file: EmbedderFile) -> Embedding:
    vector = numbers.reshape(-1).astype(np.float32)
    length = float(np.linalg.norm(vector))
    if len(vector) != file.embedding_size or not SHORTEST < length < np.inf:
        raise PackError("pack:no_embedder", file=file.file, size=file.embedding_size)
    return np.asarray(vector / length, np.float32)
