"""Tiny network files for tests: ``.onnx`` by its own library, ``.pb`` and ``.tflite`` field by field.

A frozen TensorFlow graph is a ``GraphDef`` message (tensorflow/core/framework/graph.proto, node_def.proto,
attr_value.proto, tensor.proto) in protobuf's wire format: every field is its number and wire type, then a
varint or a length and that many bytes. A TensorFlow Lite model is a flatbuffer (tensorflow/lite/schema/
schema.fbs): tables whose fields go by their place. Writing both here spares the tests 600 MB of TensorFlow.
"""

from collections.abc import Sequence
from pathlib import Path

import flatbuffers  # type: ignore[import-untyped]
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE_PX = 112

# What red, green and blue, each 0..1, add to x and to y: every colour has a point of its own, within 0..1.
WEIGHTS = np.array([(0.5, 0.1), (0.25, 0.2), (0.125, 0.6)], np.float32)

Weights = NDArray[np.float32]
_Array = NDArray[np.float32] | NDArray[np.int32]


def nose_onnx(path: Path, weights: Weights = WEIGHTS, unused: Sequence[str] = ()) -> Path:
    """A network that answers ``point``: the picture's mean colour times ``weights``.

    Some files name inputs that no node takes: weights, before somebody quantised them.
    """
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "weights"], ["point"]),
    ]
    return _write_onnx(path, nodes, {"point": weights.shape[1]}, {"weights": weights}, unused)


def nose_pb(path: Path, weights: Weights = WEIGHTS) -> Path:
    """The same network as TensorFlow freezes it."""
    path.write_bytes(
        _placeholder("image")
        + _const("axes", np.array([1, 2], np.int32))
        + _node("colour", "Mean", "image", "axes", T=_FLOAT, Tidx=_INT32, keep_dims=_FALSE)
        + _const("weights", weights)
        + _node("point", "MatMul", "colour", "weights", T=_FLOAT, transpose_a=_FALSE, transpose_b=_FALSE)
    )
    return path


def nose_tflite(path: Path, weights: Weights = WEIGHTS) -> Path:
    """The same network as TensorFlow Lite converts it."""
    lite = _LiteBuilder()
    tensors = [
        lite.tensor("image", (1, SIDE_PX, SIDE_PX, 3)),
        lite.tensor("axes", (2,), np.array([1, 2], np.int32)),
        lite.tensor("colour", (1, 3)),
        lite.tensor("weights", (2, 3), np.ascontiguousarray(weights.T)),
        lite.tensor("bias", (2,), np.zeros(2, np.float32)),
        lite.tensor("point", (1, 2)),
    ]
    mean, fully_connected = lite.operator_code(40), lite.operator_code(9)
    operators = [
        lite.operator(0, [0, 1], [2], options=(27, lite.table(np.bool_(False)))),  # ReducerOptions.keep_dims
        lite.operator(1, [2, 3, 4], [5], options=(8, lite.table(np.int8(0)))),  # FullyConnectedOptions
    ]
    graph = lite.table(
        lite.tables(tensors), lite.ints([0]), lite.ints([5]), lite.tables(operators), lite.text("main")
    )
    path.write_bytes(lite.model([mean, fully_connected], graph))
    return path


def extremes_onnx(path: Path) -> Path:
    """A network with two outputs, ``average`` and ``peak`` of each channel."""
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["average"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMax", ["image"], ["peak"], axes=[2, 3], keepdims=0),
    ]
    return _write_onnx(path, nodes, {"average": 3, "peak": 3}, {})


def extremes_pb(path: Path) -> Path:
    """The same network as TensorFlow freezes it."""
    path.write_bytes(
        _placeholder("image")
        + _const("axes", np.array([1, 2], np.int32))
        + _node("average", "Mean", "image", "axes", T=_FLOAT, Tidx=_INT32, keep_dims=_FALSE)
        + _node("peak", "Max", "image", "axes", T=_FLOAT, Tidx=_INT32, keep_dims=_FALSE)
    )
    return path


def saved_model_pb(path: Path) -> Path:
    """Not a frozen graph but TensorFlow's ``SavedModel``, which has the same ending."""
    path.write_bytes(_number(1, 1) + _field(2, _field(1, _field(4, b"serve")) + _field(2, _placeholder("x"))))
    return path


def input_only_pb(path: Path) -> Path:
    """A frozen graph of nothing but an input."""
    path.write_bytes(_field(1, _placeholder("x")))
    return path


def _write_onnx(
    path: Path,
    nodes: list[onnx.NodeProto],
    outputs: dict[str, int],
    constants: dict[str, Weights],
    unused: Sequence[str] = (),
) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [
            helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX]),
            *(helper.make_tensor_value_info(name, TensorProto.FLOAT, [3, 2]) for name in unused),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n]) for name, n in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


_DATA_TYPES = {"float32": 1, "int32": 3}  # DT_FLOAT and DT_INT32
_FLOAT, _INT32 = _number(6, 1), _number(6, 3)  # AttrValue.type
_FALSE = _number(5, 0)  # AttrValue.b


def _node(name: str, op: str, *inputs: str, **attributes: bytes) -> bytes:
    """One ``NodeDef`` as the field ``node`` of a ``GraphDef``."""
    body = _field(1, name.encode()) + _field(2, op.encode())
    body += b"".join(_field(3, source.encode()) for source in inputs)
    for key, value in attributes.items():
        body += _field(5, _field(1, key.encode()) + _field(2, value))
    return _field(1, body)


def _placeholder(name: str) -> bytes:
    """The input: TensorFlow's pictures are [n, height, width, channels], OpenCV feeds it from NCHW blobs."""
    return _node(name, "Placeholder", dtype=_FLOAT, shape=_field(7, _shape(1, SIDE_PX, SIDE_PX, 3)))


def _const(name: str, array: _Array) -> bytes:
    kind = _DATA_TYPES[array.dtype.name]
    tensor = _number(1, kind) + _field(2, _shape(*array.shape)) + _field(4, array.tobytes())
    return _node(name, "Const", dtype=_number(6, kind), value=_field(8, tensor))


def _shape(*sides: int) -> bytes:
    return b"".join(_field(2, _number(1, side)) for side in sides)


class _Place(int):
    """Where a finished part of a flatbuffer lies; fields that refer to it hold this."""


class _LiteBuilder:
    """Writes the tables of schema.fbs, children before their parents."""

    def __init__(self) -> None:
        self._builder = flatbuffers.Builder(0)
        self._buffers = [self.table(None)]  # the first buffer is the empty one, of computed tensors

    def table(self, *fields: _Place | np.generic | None) -> _Place:
        """A table: its fields by their place in the schema, each as wide as its NumPy type."""
        slots = {
            np.bool_: self._builder.PrependBoolSlot,
            np.int8: self._builder.PrependInt8Slot,
            np.uint8: self._builder.PrependUint8Slot,
            np.int32: self._builder.PrependInt32Slot,
            np.uint32: self._builder.PrependUint32Slot,
        }
        self._builder.StartObject(len(fields))
        for place, field in enumerate(fields):
            if isinstance(field, _Place):
                self._builder.PrependUOffsetTRelativeSlot(place, int(field), 0)
            elif field is not None:
                slots[type(field)](place, field.item(), None)
        return _Place(self._builder.EndObject())

    def tables(self, places: list[_Place]) -> _Place:
        self._builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            self._builder.PrependUOffsetTRelative(int(place))
        return _Place(self._builder.EndVector())

    def ints(self, numbers: Sequence[int]) -> _Place:
        return _Place(self._builder.CreateNumpyVector(np.array(numbers, np.int32)))

    def text(self, text: str) -> _Place:
        return _Place(self._builder.CreateString(text))

    def tensor(self, name: str, shape: tuple[int, ...], values: _Array | None = None) -> _Place:
        buffer, kind = 0, np.int8(0)  # TensorType.FLOAT32
        if values is not None:
            self._buffers.append(self.table(_Place(self._builder.CreateByteVector(values.tobytes()))))
            buffer = len(self._buffers) - 1
            kind = np.int8(2 if values.dtype == np.int32 else 0)
        return self.table(self.ints(shape), kind, np.uint32(buffer), self.text(name))

    def operator_code(self, builtin: int) -> _Place:
        return self.table(np.int8(builtin), None, np.int32(1), np.int32(builtin))

    def operator(
        self, code: int, inputs: list[int], outputs: list[int], *, options: tuple[int, _Place]
    ) -> _Place:
        kind, table = options
        return self.table(np.uint32(code), self.ints(inputs), self.ints(outputs), np.uint8(kind), table)

    def model(self, operator_codes: list[_Place], graph: _Place) -> bytes:
        codes, graphs, buffers = (self.tables(part) for part in (operator_codes, [graph], self._buffers))
        self._builder.Finish(int(self.table(np.uint32(3), codes, graphs, None, buffers)), b"TFL3")
        return bytes(self._builder.Output())
