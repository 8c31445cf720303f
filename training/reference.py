"""The reference embedder, whose judgement the trained one learns."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


class ReferenceEmbedder:
    """The catalogue's MobileFaceNet; loaded at first use, in whichever process that is."""

    def __init__(self, path: Path):
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: name the folder of the reference networks.")
        self._path = path
        self._session: onnxruntime.InferenceSession | None = None

    def embed(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The embedding, float32 [128] of unit length, of an aligned face uint8 [112, 112, 3] RGB."""
        if self._session is None:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(self._path, options)
        blob = np.ascontiguousarray(((face - MEAN) / DEVIATION).transpose(2, 0, 1)[None], np.float32)
        (found,) = self._session.run(None, {self._session.get_inputs()[0].name: blob})
        vector = np.asarray(found, np.float32)[0]
        return vector / np.linalg.norm(vector)
