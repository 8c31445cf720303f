"""Where the nose is, by a network that looks at the whole picture."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.errors import PackError
from wsgi_app.vision.engines import Blob, Network

COORDINATES = 2


@dataclass(frozen=True)
class NoseFile:
    """A network file that takes a square picture scaled to 0..1 and gives x and y as fractions.

    Attributes:
        path: ``.onnx``, ``.pb`` or ``.tflite``.
        input_px: side of its input.
        channels: its channel order, ``rgb`` or ``bgr``.
    """

    path: Path
    input_px: int
    channels: str


def nose_blob(pixels: NDArray[np.uint8], file: NoseFile) -> Blob:
    """Squeeze a picture into the network's square.

    Args:
        pixels: uint8 [height, width, 3], RGB.
        file: the network's description.

    Returns:
        float32 [1, 3, input_px, input_px], 0 to 1.
    """
    return squeezed(pixels, file.input_px, file.channels)


def squeezed(pixels: NDArray[np.uint8], side_px: int, channels: str) -> Blob:
    """The same by the input's side and its channel order."""
    small = cv2.resize(pixels, (side_px, side_px), interpolation=cv2.INTER_AREA)
    ordered = small if channels == "rgb" else small[:, :, ::-1]
    return np.ascontiguousarray((ordered.astype(np.float32) / 255.0).transpose(2, 0, 1)[None])


def find_nose(network: Network, pixels: NDArray[np.uint8], file: NoseFile) -> tuple[float, float]:
    """Ask the network.

    Returns:
        x and y as fractions of the picture's width and height, within 0 and 1.

    Raises:
        PackError: the network gives something other than two finite numbers.
    """
    outputs = list(network.run(nose_blob(pixels, file)).values())
    point = outputs[0].reshape(-1)
    if len(outputs) != 1 or len(point) != COORDINATES or not np.isfinite(point).all():
        raise PackError("pack:no_nose", file=file.path)
    x, y = np.clip(point, 0.0, 1.0)
    return float(x), float(y)
