"""What the embedder is shown: faces and mixtures of them, as a door camera would show them, without end."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from training.degradations import Jitter, Picture, covered, degraded, jittered, lit_otherwise
from training.faces import FACE_PX, NOBODY
from training.mixtures import Pool, Shown, mirrored
from training.spoiling import DISGUISES

MIXED = 0.5  # of the views are mixtures
GENTLE = 0.4  # of the views have nothing worse than other light
COVERED = 0.08
STRETCHED = 0.12  # of the views come from a picture in the wrong form
DISGUISED = 0.2  # of the views are of somebody in spectacles, paint or shadow, or bent by a lens
JITTER = Jitter(shift_px=3.5, turn_degrees=7.0, scale=0.07, stretch=0.08)
WRONG_FORM = Jitter(shift_px=3.5, turn_degrees=7.0, scale=0.07, stretch=0.5)

Batch = tuple[Tensor, Tensor, Tensor]


class Views(IterableDataset[Batch]):
    """Batches without end: pictures uint8 [B, 112, 112, 3], targets float32 [B, size], people int64 [B]."""

    def __init__(self, shown: Shown, pool: Pool, batch: int, seed: Sequence[int]):
        self._faces, self._pool, self._batch, self._seed = shown, pool, batch, seed
        self._chances = np.cumsum(shown.weights)

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        random = np.random.default_rng((*self._seed, worker.id if worker else 0))
        cv2.setNumThreads(0)
        while True:
            shown = [self._shown(random) for _ in range(self._batch)]
            yield (
                torch.from_numpy(np.stack([picture for picture, _, _ in shown])),
                torch.from_numpy(np.stack([target for _, target, _ in shown]).astype(np.float32)),
                torch.tensor([person for _, _, person in shown]),
            )

    def _shown(self, random: np.random.Generator) -> tuple[Picture, NDArray[np.floating], int]:
        if self._pool.filled and random.random() < MIXED:
            place = int(random.integers(self._pool.filled))
            return view(self._pool.crops[place], random), self._pool.targets[place], NOBODY
        place = int(np.searchsorted(self._chances, random.random() * self._chances[-1]))
        return (
            view(self._faces.crops[place], random),
            self._faces.targets[place],
            int(self._faces.people[place]),
        )


def view(crop: Picture, random: np.random.Generator) -> Picture:
    """One view, uint8 [112, 112, 3], of a crop [128, 128, 3]."""
    jitter = WRONG_FORM if random.random() < STRETCHED else JITTER
    seen = mirrored(crop, random)
    if random.random() < DISGUISED:
        seen = DISGUISES[random.integers(len(DISGUISES))](seen, random)
    picture = jittered(seen, FACE_PX, jitter, random)
    if random.random() < GENTLE:
        return lit_otherwise(picture, random) if random.random() < 0.5 else picture
    if random.random() < COVERED / (1 - GENTLE):
        picture = covered(picture, random)
    return degraded(picture, random)


def loader(views: Views, workers: int) -> Iterator[Batch]:
    """The batches, prepared by so many processes."""
    return iter(DataLoader(views, None, num_workers=workers, prefetch_factor=4 if workers else None))


def to_tensor(pictures: Tensor) -> Tensor:
    """Pictures uint8 [B, height, width, 3] as the embedder takes them: [B, 3, height, width], -1..1."""
    return pictures.permute(0, 3, 1, 2).float().sub_(127.5).div_(127.5)
