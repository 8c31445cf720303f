"""The networks whose judgement is learnt, and what they say of all faces, asked once and kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tqdm import tqdm

from training.faces import FACE_PX, centre

AT_ONCE = 16


@dataclass(frozen=True)
class Manner:
    """How a teacher wants its pictures: of RGB 0..255 these are taken off and divided by."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


MANNERS = {
    "edgeface_xs.onnx": Manner((127.5, 127.5, 127.5), (127.5, 127.5, 127.5)),
    "mobilefacenet.onnx": Manner((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
}


class Teacher:
    """A network from the folder of reference models; loaded at first use, in whichever process that is."""

    def __init__(self, path: Path, threads: int = 1):
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: name a file of the reference networks.")
        self._path, self._threads = path, threads
        self._manner = MANNERS[path.name]
        self._session: onnxruntime.InferenceSession | None = None

    def embed(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embeddings, float32 [N, size] of unit length, of aligned faces uint8 [N, 112, 112, 3] RGB."""
        if self._session is None:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            self._session = onnxruntime.InferenceSession(self._path, options)
        name = self._session.get_inputs()[0].name
        mean = np.array(self._manner.mean, np.float32)
        scale = 1 / np.array(self._manner.deviation, np.float32)
        found = []
        for start in range(0, len(faces), AT_ONCE):
            blob = (faces[start : start + AT_ONCE] - mean) * scale
            found.append(self._session.run(None, {name: np.ascontiguousarray(blob.transpose(0, 3, 1, 2))})[0])
        return unit(np.concatenate(found))

    def embed_both_ways(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same of faces and their mirror images together: the mean of the two."""
        return unit(self.embed(faces) + self.embed(faces[:, :, ::-1]))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors [N, size] at unit length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def kept_embeddings(teacher: Teacher, crops: NDArray[np.uint8], file: Path) -> NDArray[np.float32]:
    """What a teacher says of crops [N, 128, 128, 3], both ways; from the file if it is there."""
    if not file.is_file():
        parts = np.array_split(centre(crops, FACE_PX), max(1, len(crops) // 256))
        asked = tqdm(parts, desc="asking the teacher", disable=None)
        partial = file.with_name(f"{file.stem}.part.npy")
        np.save(partial, np.concatenate([teacher.embed_both_ways(part) for part in asked]).astype(np.float16))
        partial.replace(file)
    return np.asarray(np.load(file), np.float32)
