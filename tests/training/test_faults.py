from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

import torch

from tests.training.material import drawn_face
from training.export import Form, to_onnx
from training.faults import (
    AT_ONCE,
    FALSE_ALARMS,
    OUTCOMES,
    FaultNetwork,
    Shown,
    examined,
    learn,
    set_level,
)
from training.spoiling import RIGHT, WRONG
from wsgi_app.vision.engines import load_network
from wsgi_app.vision.faults import find_fault
from wsgi_app.vision.packs import FaultsFile

CROPS = np.stack([drawn_face(look) for look in range(6)])


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_each_batch_tells_what_was_done_and_which_outcome_that_should_get() -> None:
    pictures, labels, names = next(iter(Shown(CROPS, 1)))

    assert (pictures.shape, labels.shape, len(names)) == ((AT_ONCE, 112, 112, 3), (AT_ONCE, 3), AT_ONCE)
    for label, name in zip(labels.tolist(), names, strict=True):
        assert label == [name in WRONG[outcome] for outcome in OUTCOMES]
    assert 0.3 < np.isin(names, list(RIGHT)).mean() < 0.6


def test_the_same_seed_shows_the_same() -> None:
    (one, _, _), (other, _, _) = (next(iter(Shown(CROPS, 4))) for _ in range(2))
    first, second = (pictures for pictures, _, _ in islice(Shown(CROPS, 4), 2))

    assert torch.equal(one, other)
    assert torch.equal(one, first)
    assert not torch.equal(first, second)


def test_a_network_that_learnt_a_little_is_written_and_read_by_the_server(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = learn(CROPS, batches=3, workers=0)
    found, names = examined(network, CROPS)
    good = found[np.isin(names, list(RIGHT))]

    level = set_level(network, good)

    assert ((good - level) > 0).mean(axis=0) == pytest.approx(FALSE_ALARMS, abs=FALSE_ALARMS)
    file = tmp_path / "faults.onnx"
    onnx.save(
        to_onnx(network, Form(FaultNetwork, lambda written: written, (1, 3, 112, 112), ["faults"])), file
    )
    described = FaultsFile(
        file=file.name, sha256="", size_bytes=1, licence="none", source="here", outcomes=OUTCOMES
    )
    crop = np.ascontiguousarray(CROPS[0][8:120, 8:120])
    outcome, likely = find_fault(load_network(file), crop, described)
    with torch.inference_mode():
        expected = network(
            torch.from_numpy((crop.astype(np.float32) - 127.5) / 127.5).permute(2, 0, 1)[None]
        )[0]
    assert outcome == OUTCOMES[int(expected.argmax())]
    assert likely == pytest.approx(float(expected.max()), abs=0.02)
