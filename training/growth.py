"""A larger embedder that begins with what a smaller one knows: its file's weights, among fresh ones.

What the fresh channels say is at first multiplied by nothing, so that the old ones see what they always saw
("Net2Net", Chen et al., 2016, without its copies).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.networks import Embedder, Residual
from training.showing import Batch, to_tensor

CALIBRATING = 8  # batches: so many are enough to know how each channel varies
RIDGE = 1e-3  # of the last layer's fit, beside the mean square of what it is given


@dataclass(frozen=True)
class Known:
    """A convolution of the file, its batch normalisation folded in: [to, from, size, size] and [to]."""

    weight: Tensor
    bias: Tensor


def grow(network: Embedder, file: Path, batches: Sequence[Batch]) -> None:
    """Put the weights of a smaller embedder's file into a network, and fit its last layer to the targets.

    Args:
        network: as it was made.
        file: of an embedder with as many stages, of which none is wider or deeper.
        batches: as they will be learnt from.
    """
    *stages, end = known_stages(file)
    known_of: dict[nn.Module, tuple[Known, float]] = {network.head[1]: (end[0], 1.0)}
    _put(end[0], network.head[0])
    for known, layers in zip(stages, _stages(network), strict=True):
        for weights, (layer, loudness) in zip(known, layers, strict=False):
            _put(weights, layer[0])
            known_of[layer[1]] = weights, loudness
    for part in network.modules():
        if isinstance(part, Residual) and len(part.body) > 2:  # to everything the attention says one half
            nn.init.zeros_(part.body[2].widen.weight)
            nn.init.zeros_(part.body[2].widen.bias)
    network.eval()
    with torch.no_grad():
        _calibrate(network, known_of, batches[:CALIBRATING])
        _fit_the_end(network, batches)


def known_stages(file: Path) -> list[list[Known]]:
    """The convolutions of each stage, and at the end alone the one that sees each channel for itself."""
    graph = onnx.load(file).graph
    numbers = {weights.name: weights for weights in graph.initializer}
    halves = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}

    def read(name: str) -> Tensor:
        return torch.from_numpy(numpy_helper.to_array(numbers[halves.get(name, name)]).copy()).float()

    stages: list[list[Known]] = []
    for node in graph.node:
        if node.op_type == "Conv":
            how = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
            if how["strides"] == [2, 2] or how["group"] > 1:
                stages.append([])
            stages[-1].append(Known(read(node.input[1]), read(node.input[2])))
    return stages


def _stages(network: Embedder) -> list[list[tuple[Any, float]]]:
    """Each stage's layers of convolution and normalisation, and how loud an attention after it wants it."""
    stages: list[list[tuple[Any, float]]] = []
    for part in network.trunk:
        if isinstance(part, Residual):
            stages[-1] += [(part.body[0], 1.0), (part.body[1], 2.0 if len(part.body) > 2 else 1.0)]
        else:
            stages.append([(part, 1.0)])
    return stages


@torch.no_grad()
def _put(known: Known, convolution: Any) -> None:
    to, of = known.weight.shape[:2]
    convolution.weight[:to, :of] = known.weight
    convolution.weight[:to, of:] = 0


def _calibrate(
    network: Embedder, known_of: dict[nn.Module, tuple[Known, float]], batches: Sequence[Batch]
) -> None:
    """Let each normalisation give what was folded into the file, and know how its channels vary."""

    def calibrate(normal: Any, given: tuple[Tensor]) -> None:
        variance, mean = torch.var_mean(given[0], (0, 2, 3), correction=0)
        normal.running_mean.copy_(mean)
        normal.running_var.copy_(variance)
        if normal in known_of:
            known, loudness = known_of[normal]
            to = len(known.bias)
            normal.weight[:to] = loudness * (variance[:to] + normal.eps).sqrt()
            normal.bias[:to] = loudness * (mean[:to] + known.bias)

    normals = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    hooks = [normal.register_forward_pre_hook(calibrate) for normal in normals]
    network.head[1](network.head[0](network.trunk(torch.cat([to_tensor(faces) for faces, _, _ in batches]))))
    for hook in hooks:
        hook.remove()


def _fit_the_end(network: Embedder, batches: Sequence[Batch]) -> None:
    """Ridge regression of the targets on what the last linear layer is given."""
    linear, normal = network.head[3], network.head[4]
    given = torch.cat([network.head[:3](network.trunk(to_tensor(faces))) for faces, _, _ in batches])
    targets = torch.cat([targets for _, targets, _ in batches])
    square = given.T @ given
    ridge = RIDGE * square.diagonal().mean() * torch.eye(len(square))
    linear.weight.copy_(torch.linalg.solve(square + ridge, given.T @ targets).T)
    variance, mean = torch.var_mean(linear(given), 0, correction=0)
    normal.running_mean.copy_(mean)
    normal.running_var.copy_(variance)
    normal.weight.copy_((variance + normal.eps).sqrt())
    normal.bias.copy_(mean)
