import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

import torch

from tests.training.material import noise
from training.networks import Detector, DetectorFile
from training.torch_engine import DETECTOR_OUTPUTS, TorchNetwork
from wsgi_app.vision.detect import OUTPUTS, find_faces
from wsgi_app.vision.packs import DetectorFile as Description

FILE = Description(
    file="", sha256="", size_bytes=1, licence="", source="", input_px=320, score_threshold=0.5, sizes="any"
)


def test_its_outputs_are_those_that_the_server_reads() -> None:
    assert set(DETECTOR_OUTPUTS) == OUTPUTS
    assert DETECTOR_OUTPUTS[:4] == ["cls_8", "cls_16", "cls_32", "obj_8"]


def test_the_server_can_ask_a_network_in_training() -> None:
    detector = Detector()
    with torch.no_grad():
        for head in detector.heads:
            head.bias[:2] = 4.0  # a face everywhere

    assert find_faces(TorchNetwork(DetectorFile(Detector())), noise(64, 90), FILE) == ()
    assert len(find_faces(TorchNetwork(DetectorFile(detector)), noise(64, 90), FILE)) > 1


def test_it_is_asked_as_it_will_be_and_not_as_it_learns() -> None:
    network = DetectorFile(Detector()).train()
    blob = np.random.default_rng(1).random((1, 3, 64, 64), np.float32) * 255
    engine = TorchNetwork(network)

    once, again = engine.run(blob), engine.run(blob)

    assert not network.training
    assert {name: output.tolist() for name, output in once.items()} == {
        name: output.tolist() for name, output in again.items()
    }
    assert all(output.dtype.name == "float32" for output in once.values())
