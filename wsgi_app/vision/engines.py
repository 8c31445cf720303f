"""The two engines that run a network file, behind one small protocol.

ONNX Runtime takes ``.onnx``; OpenCV's dnn takes ``.onnx``, ``.pb`` and ``.tflite``. Both run on one thread:
the server's processes are its parallelism.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from wsgi_app.base.errors import PackError

Blob = NDArray[np.float32]

# OpenCV may shrink a photo or warp a face with several threads of its own otherwise.
cv2.setNumThreads(1)
# OpenCV prints what it cannot load to the terminal before it raises; the raised error says it.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class Network(Protocol):
    """A loaded network with one input."""

    def run(self, blob: Blob) -> dict[str, Blob]:
        """Run it once.

        Args:
            blob: float32 [1, channels, height, width].

        Returns:
            Every output by its name in the file, float32.

        Raises:
            PackError: the engine cannot run it on this input.
        """


class OnnxRuntimeNetwork:
    """An ``.onnx`` file on ONNX Runtime."""

    def __init__(self, path: Path):
        self._path = path
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, blob: Blob) -> dict[str, Blob]:
        """Run it once; see ``Network``."""
        with _looking(self._path):
            return dict(zip(self._outputs, self._session.run(None, {self._input: blob}), strict=True))


class OpenCvNetwork:
    """An ``.onnx``, ``.pb`` or ``.tflite`` file on OpenCV's dnn module.

    Args:
        path: of the file.
        input_name: needed where the file names several inputs, of which only this one is used.
    """

    def __init__(self, path: Path, input_name: str = ""):
        self._path, self._input = path, input_name
        self._network = cv2.dnn.readNet(str(path))
        self._outputs = self._network.getUnconnectedOutLayersNames()

    def run(self, blob: Blob) -> dict[str, Blob]:
        """Run it once; see ``Network``."""
        with _looking(self._path):
            self._network.setInput(blob, self._input)
            outputs = self._network.forward(self._outputs)
        return {
            name: np.asarray(output, np.float32) for name, output in zip(self._outputs, outputs, strict=True)
        }


ENGINES: dict[str, Callable[[Path], Network]] = {
    ".onnx": OnnxRuntimeNetwork,
    ".pb": OpenCvNetwork,
    ".tflite": OpenCvNetwork,
}


def load_network(path: Path, opencv_input: str = "") -> Network:
    """Load a network file on the engine that runs its kind fastest.

    Args:
        path: of the file.
        opencv_input: where it is set, OpenCV runs the file whatever its kind, and its input has this name.

    Raises:
        PackError: the file is of another kind, or its engine cannot read it.
    """
    engine = ENGINES.get(path.suffix.lower())
    if engine is None:
        raise PackError("pack:other_file", file=path, endings=", ".join(ENGINES))
    try:
        if path.suffix.lower() == ".pb":
            _check_graph(path)
        return OpenCvNetwork(path, opencv_input) if opencv_input else engine(path)
    except PackError:
        raise
    except Exception as error:  # the engines raise types of their own that share no base
        raise PackError("pack:unreadable", file=path, why=str(error)) from error


@contextmanager
def _looking(path: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # as above
        raise PackError("pack:cannot_look", file=path, why=str(error)) from error


def _check_graph(path: Path) -> None:
    # OpenCV's reader ends the whole process over a file that is no frozen TensorFlow graph, or has only an
    # input. Such a graph is a protobuf message that begins with its nodes (field 1, each with its length and,
    # first in it, its name).
    data = path.read_bytes()
    first = re.match(rb"\x0a([\x80-\xff]{0,4}[\x00-\x7f])\x0a", data, re.DOTALL)
    if first is not None:
        length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(first[1]))
        second = first.end(1) + length
        if data[second : second + 1] == b"\x0a":
            return
    raise PackError("pack:no_graph", file=path)
