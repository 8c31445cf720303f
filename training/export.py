"""Write a trained network as ONNX: ``python -m training.export NAME --run DIR --to FILE``."""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from training.course import CHECKPOINT, averaged_network
from training.faces import FACE_PX
from training.networks import Detector, DetectorFile, Embedder, NoseNetwork
from training.torch_engine import DETECTOR_OUTPUTS
from wsgi_app.vision.packs import sha256_of

OPSET = 13
SMALL = 64  # numbers: constants up to here stay as they are


@dataclass(frozen=True)
class Form:
    """How a network is written.

    Attributes:
        untrained: makes the network that takes the run's weights.
        as_file: what the file holds around it.
        shape: of its input.
        outputs: their names.
        any_size: whether height and width are left open.
    """

    untrained: Callable[[], nn.Module]
    as_file: Callable[[nn.Module], nn.Module]
    shape: tuple[int, ...]
    outputs: list[str]
    any_size: bool = False


FORMS = {
    "detector": Form(Detector, DetectorFile, (1, 3, 192, 320), DETECTOR_OUTPUTS, any_size=True),
    "embedder": Form(Embedder, lambda network: network, (1, 3, FACE_PX, FACE_PX), ["embedding"]),
    "nose": Form(NoseNetwork, lambda network: network, (1, 3, FACE_PX, FACE_PX), ["point"]),
}


def to_onnx(network: nn.Module, form: Form) -> onnx.ModelProto:
    """A trained network as an ONNX model with half-precision weights.

    The weights take half the room and are made whole again when the file is loaded; all is computed in
    single precision.
    """
    open_sides = {"input": {2: "height", 3: "width"}} if form.any_size else None
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the exporter without onnxscript; it folds more
        torch.onnx.export(
            form.as_file(network).eval(),
            (torch.zeros(form.shape),),
            data,
            input_names=["input"],
            output_names=form.outputs,
            dynamic_axes=open_sides,
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(data.getvalue())
    _halve_weights(model)
    onnx.checker.check_model(model, full_check=True)
    return model


def _halve_weights(model: onnx.ModelProto) -> None:
    graph = model.graph
    large = [
        weights
        for weights in graph.initializer
        if weights.data_type == TensorProto.FLOAT and np.prod(weights.dims) > SMALL
    ]
    for weights in large:
        half = numpy_helper.to_array(weights).astype(np.float16)
        name, weights_half = weights.name, f"{weights.name}.half"
        graph.initializer.remove(weights)
        graph.initializer.append(numpy_helper.from_array(half, weights_half))
        graph.node.insert(0, helper.make_node("Cast", [weights_half], [name], to=TensorProto.FLOAT))


@click.command()
@click.argument("name", type=click.Choice(list(FORMS)))
@click.option("--run", type=click.Path(path_type=Path, exists=True), required=True, help="The run's folder.")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The file to write.")
def main(name: str, run: Path, to: Path) -> None:
    """Write the averaged network of a run's last checkpoint."""
    form = FORMS[name]
    network = averaged_network(run / CHECKPOINT, form.untrained())
    onnx.save(to_onnx(network, form), to)
    print(f'file = "{to.name}"\nsha256 = "{sha256_of(to)}"\nsize_bytes = {to.stat().st_size}')


if __name__ == "__main__":
    main()
