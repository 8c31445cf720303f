"""Faces that nobody has, made of the known ones, with what the teacher says of each: an ever new pool.

One process makes them for as long as a run lasts, and whoever learns picks any of them at any time.
"""

import os
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from training.degradations import Picture, lit_otherwise
from training.faces import CROP_PX, FACE_PX, centre
from training.teacher import Teacher, unit

AT_ONCE = 32
ALIKE = 0.5  # of the mixtures are of two faces that the teacher finds alike
CANDIDATES = 256  # of which the one most alike is taken
BENT = 0.5  # so many are bent
BENT_PX = 2.5  # how far, by standard deviation
BENT_GRID = 5


@dataclass(frozen=True, eq=False)
class Shown:
    """Faces, and all that has to be known of them.

    Attributes:
        crops: uint8 [N, 128, 128, 3], RGB.
        targets: float32 [N, size], unit length: what the teacher says of each.
        people: int64 [N], the same number for the same person; -1 where nobody knows who it is.
        weights: float64 [N], how often to show each; the sum is 1.
    """

    crops: NDArray[np.uint8]
    targets: NDArray[np.float32]
    people: NDArray[np.int64]
    weights: NDArray[np.float64]


class Pool:
    """Pictures and targets in files, so that processes share them and a run finds them again."""

    def __init__(self, folder: Path, capacity: int, size: int):
        folder.mkdir(parents=True, exist_ok=True)
        self.capacity = capacity
        self.crops = _file(folder / "crops.npy", (capacity, CROP_PX, CROP_PX, 3), np.uint8)
        self.targets = _file(folder / "targets.npy", (capacity, size), np.float16)
        self._made = _file(folder / f"made-{capacity}x{size}.npy", (1,), np.int64)

    @property
    def made(self) -> int:
        """How many were ever made."""
        return int(self._made[0])

    @property
    def filled(self) -> int:
        """How many there are to pick from."""
        return min(self.made, self.capacity)

    def add(self, crops: NDArray[np.uint8], targets: NDArray[np.float32]) -> None:
        """Put new ones in the place of the oldest.

        Whoever reads a place in this moment may get the old target for the new picture: so rare that it
        does not matter.
        """
        places = (self.made + np.arange(len(crops))) % self.capacity
        self.crops[places], self.targets[places] = crops, targets
        self._made[0] += len(crops)


def _file(path: Path, shape: tuple[int, ...], dtype: Any) -> Any:
    if path.is_file():
        found = np.lib.format.open_memmap(path, mode="r+")
        if found.shape == shape:
            return found
    return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)


class Mixer:
    """Makes mixtures of faces."""

    def __init__(self, faces: Shown):
        self._crops, self._targets, self._chances = faces.crops, faces.targets, np.cumsum(faces.weights)

    def mixture(self, random: np.random.Generator) -> Picture:
        """A face, uint8 [128, 128, 3]."""
        first, *others = np.searchsorted(self._chances, random.random(1 + CANDIDATES) * self._chances[-1])
        second = others[0]
        if random.random() < ALIKE:
            likeness = self._targets[others] @ self._targets[first]
            likeness[np.array(others) == first] = -1
            second = others[int(likeness.argmax())]
        crop = mixed(mirrored(self._crops[first], random), mirrored(self._crops[second], random), random)
        if random.random() < BENT:
            crop = bent(crop, random)
        return lit_otherwise(crop, random) if random.random() < 0.3 else crop


def mirrored(crop: Picture, random: np.random.Generator) -> Picture:
    """A picture, or its mirror image."""
    return np.ascontiguousarray(crop[:, ::-1]) if random.random() < 0.5 else crop


def mixed(first: Picture, second: Picture, random: np.random.Generator) -> Picture:
    """A face made of two aligned ones: one shines through the other, or they share the picture softly."""
    if random.random() < 0.5:
        share = random.uniform(0.2, 0.8)
        return np.asarray(cv2.addWeighted(first, share, second, 1 - share, 0), np.uint8)
    angle, place = random.uniform(0, 2 * np.pi), random.uniform(-0.35, 0.35)
    line = np.linspace(-1, 1, CROP_PX, dtype=np.float32)
    slope = line[None] * np.float32(np.cos(angle)) + line[:, None] * np.float32(np.sin(angle)) - place
    softness = random.uniform(4, 14)
    shares = (1 / (1 + np.exp(-slope * softness))).astype(np.float32)
    return np.asarray(cv2.blendLinear(first, second, shares, 1 - shares), np.uint8)


def bent(crop: Picture, random: np.random.Generator) -> Picture:
    """A face of other proportions: everything a little elsewhere, softly."""
    grid = random.normal(0, BENT_PX, (BENT_GRID, BENT_GRID, 2)).astype(np.float32)
    across, down = cv2.split(cv2.resize(grid, (CROP_PX, CROP_PX), interpolation=cv2.INTER_CUBIC))
    rows, columns = np.indices((CROP_PX, CROP_PX), np.float32)
    x, y = (np.asarray(place, np.float32) for place in (columns + across, rows + down))
    return np.asarray(cv2.remap(crop, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.uint8)


@dataclass(frozen=True, eq=False)
class Maker:
    """All that is needed to fill a pool."""

    pool: Pool
    mixer: Mixer
    teacher: Teacher
    basis: NDArray[np.float32]

    def work(self, random: np.random.Generator, duty: float) -> None:
        """Make mixtures while the parent lives; once the pool is partly filled, only so much of the time."""
        cv2.setNumThreads(0)
        parent = os.getppid()
        while os.getppid() == parent:
            began = time.perf_counter()
            crops = np.stack([self.mixer.mixture(random) for _ in range(AT_ONCE)])
            self.pool.add(crops, unit(self.teacher.embed(centre(crops, FACE_PX)) @ self.basis))
            if self.pool.filled > self.pool.capacity // 8:
                time.sleep((time.perf_counter() - began) * (1 / duty - 1))

    def start(self, seed: int, duty: float) -> BaseProcess:
        """A process that does so, and ends with this one."""
        random = np.random.default_rng((seed, self.pool.made))
        process = get_context("fork").Process(target=self.work, args=(random, duty), daemon=True)
        process.start()
        return process
