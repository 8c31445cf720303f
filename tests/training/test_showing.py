from itertools import islice
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed; `make setup-train` brings it")

import torch

from tests.training.material import drawn_face, form, plain
from training import showing
from training.mixtures import Pool, Shown
from training.showing import Batch, Views, loader, to_tensor, view

CROPS = np.stack([drawn_face(look) for look in range(4)])
SHOWN = Shown(CROPS, np.eye(4, 8, dtype=np.float32), np.array([0, 0, 1, -1]), np.array([0.3, 0.3, 0.4, 0.0]))


def batches(pool: Pool, *, number: int = 1, batch: int = 64, seed: int = 1, workers: int = 0) -> list[Batch]:
    return list(islice(loader(Views(SHOWN, pool, batch, [seed, 0]), workers), number))


def test_pixels_become_what_the_embedder_takes() -> None:
    pixels = torch.randint(0, 256, (2, 4, 5, 3), dtype=torch.uint8)

    found = to_tensor(pixels)

    np.testing.assert_allclose(found, (np.moveaxis(pixels.numpy(), -1, -3) - 127.5) / 127.5, atol=1e-6)


def test_a_view_is_of_the_faces_middle_and_belongs_to_its_random_numbers() -> None:
    once, again, other = (view(CROPS[0], np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert form(once) == ((112, 112, 3), "uint8")
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_disguised_views_are_not_of_a_bare_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "GENTLE", 1.0)
    monkeypatch.setattr(showing, "DISGUISED", 1.0)

    found = [view(plain(128, 128, 90, 120, 150), np.random.default_rng(seed)) for seed in range(30)]

    # What bends a face leaves a plain one as it is.
    assert sum((picture != picture[0, 0]).any() for picture in found) > 10


def test_gentle_views_keep_their_sharpness(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "GENTLE", 1.0)
    monkeypatch.setattr(showing, "DISGUISED", 0.0)

    found = [view(plain(128, 128, 90, 120, 150), np.random.default_rng(seed)) for seed in range(30)]

    assert all((picture == picture[0, 0]).all() for picture in found)  # other light at most
    assert len({picture[0, 0].tobytes() for picture in found}) > 5


def test_each_view_comes_with_its_target_and_person(tmp_path: Path) -> None:
    ((pictures, targets, people),) = batches(Pool(tmp_path, 4, 8))

    assert (pictures.shape, pictures.dtype) == ((64, 112, 112, 3), torch.uint8)
    assert (targets.shape, targets.dtype) == ((64, 8), torch.float32)
    shown = targets.argmax(1)
    assert set(shown.tolist()) == {0, 1, 2}  # the fourth is never to be shown
    np.testing.assert_array_equal(people, SHOWN.people[shown.numpy()])


def test_half_of_the_views_are_mixtures_of_nobody_once_there_are_any(tmp_path: Path) -> None:
    pool = Pool(tmp_path, 4, 8)
    pool.add(CROPS[:1], np.eye(8, dtype=np.float32)[7:])

    ((_, targets, people),) = batches(pool, batch=200)

    of_pool = targets[:, 7] == 1
    assert 70 < int(of_pool.sum()) < 130
    assert set(people[of_pool].tolist()) == {-1}


def test_batches_differ_and_belong_to_their_seed(tmp_path: Path) -> None:
    def seen(seed: int, workers: int = 0) -> list[bytes]:
        made = batches(Pool(tmp_path, 4, 8), number=2, batch=2, seed=seed, workers=workers)
        return [pictures.numpy().tobytes() for pictures, _, _ in made]

    once = seen(1)
    assert once == seen(1) == seen(1, workers=1)
    assert len({*once, *seen(2)}) == 4
