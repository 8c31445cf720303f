from itertools import islice
from pathlib import Path

import numpy as np
import onnx
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

import torch

from tests.training.material import drawn_face, noise, plain
from training.export import Form, to_onnx
from training.faults import (
    AT_ONCE,
    FALSE_ALARMS,
    OUTCOMES,
    RIGHT,
    WRONG,
    FaultNetwork,
    Shown,
    examined,
    formed,
    hidden,
    learn,
    set_level,
)
from wsgi_app.vision.engines import load_network
from wsgi_app.vision.faults import find_fault
from wsgi_app.vision.packs import FaultsFile

CROPS = np.stack([drawn_face(look) for look in range(6)])


def random(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_face_in_the_wrong_form_is_as_much_wider_as_it_is_lower() -> None:
    face = plain(128, 128, 0, 0, 0)
    face[54:74, 54:74] = 255

    wide = formed(1.44, face, random())[..., 0] > 127

    assert (wide.any(axis=0).sum(), wide.any(axis=1).sum()) == (24, pytest.approx(17, abs=1))


@pytest.mark.parametrize("seed", range(8))
def test_what_is_hidden_is_where_it_is_said_to_be(seed: int) -> None:
    face = noise(128, 128)

    changed = (hidden((0.6, 1.1), (-0.2, 1.2), face, random(seed)) != face).any(axis=2)

    assert changed[100:110, 40:90].mean() > 0.4  # cloth may have the very colour, here and there
    assert not changed[:50].any()


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
