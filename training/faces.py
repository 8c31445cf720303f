"""Aligned faces from the shards of the training material, in memory."""

import csv
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

SHARDS = "faces-[0-9]*.tar*"  # packed or not
HELD_OUT_SHARD = "faces-val.tar"
PAIRS_FILE = "val-pairs.csv"
FACE_PX = 112  # side of an aligned face
NOBODY = -1  # the number of people who are not known
CROP_PX = 128  # of a crop: 8 px more on every side, for jitter

PairKind = Literal["genuine", "relative", "stranger"]
Wanted = Callable[[NDArray[np.str_], NDArray[np.int64]], NDArray[np.bool_]]  # of all sources and clusters


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces, without anybody's judgement of them.

    Attributes:
        names: [N], ``source/number.jpg``.
        crops: uint8 [N, 128, 128, 3], RGB.
        landmarks: float32 [N, 5, 2], px in the crop: eyes, nose, mouth corners, left ones first.
        people: int64 [N], the same number for the same person; -1 where nobody knows who it is.
        clusters: int64 [N], the same number for faces that are much alike; -1 where nobody looked.
    """

    names: NDArray[np.str_]
    crops: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    people: NDArray[np.int64]
    clusters: NDArray[np.int64]

    @property
    def sources(self) -> NDArray[np.str_]:
        """Where each comes from, [N]."""
        return sources_of(self.names)

    @property
    def number_of_people(self) -> int:
        """How many people are told apart."""
        return int(self.people.max(initial=NOBODY)) + 1

    def part(self, chosen: NDArray[np.bool_]) -> "Faces":
        """Some of them, their people numbered anew."""
        people = self.people[chosen]
        known = np.unique(people[people != NOBODY])
        return Faces(
            self.names[chosen],
            self.crops[chosen],
            self.landmarks[chosen],
            np.where(people == NOBODY, NOBODY, np.searchsorted(known, people)),
            self.clusters[chosen],
        )


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of held-out faces of people who are in no training shard.

    Attributes:
        crops: uint8 [N, 128, 128, 3], RGB.
        families: [N], of the person each crop shows.
        people: [N], who it is, unique across families.
        first: int64 [P], which crop.
        second: int64 [P], the one beside it.
        kinds: [P], ``genuine``, ``relative`` (same family) or ``stranger``.
    """

    crops: NDArray[np.uint8]
    families: NDArray[np.str_]
    people: NDArray[np.str_]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    kinds: NDArray[np.str_]


def read_faces(data: Path, wanted: Wanted | None = None) -> Faces:
    """Read every training shard; who is not named goes by the group of faces much like theirs, if any.

    Args:
        data: the folder of the material.
        wanted: from all sources and clusters, which faces to read; all by default.
    """
    with np.load(data / "faces.npz") as table:
        names, landmarks = table["name"], table["landmarks"].astype(np.float32)
        clusters = table["cluster"].astype(np.int64)
        labels = np.array(
            [
                person or (f"cluster {cluster}" if cluster >= 0 else "")
                for person, cluster in zip(table["person"].tolist(), clusters.tolist(), strict=True)
            ]
        )
    if wanted is not None:
        chosen = wanted(sources_of(names), clusters)
        names, landmarks, clusters, labels = (
            names[chosen],
            landmarks[chosen],
            clusters[chosen],
            labels[chosen],
        )
    numbers = {label: number for number, label in enumerate(sorted({*labels.tolist()} - {""}))}
    people = np.array([numbers.get(label, NOBODY) for label in labels.tolist()], np.int64)
    return Faces(names, _read_crops(sorted(data.glob(SHARDS)), names.tolist()), landmarks, people, clusters)


def sources_of(names: NDArray[np.str_]) -> NDArray[np.str_]:
    """Where faces come from, [N], by their names."""
    return np.array([name.partition("/")[0] for name in names.tolist()], np.str_)


def eye_distances(data: Path, names: NDArray[np.str_]) -> NDArray[np.float64]:
    """How far apart the eyes of faces were in their photos, px, by their names."""
    with np.load(data / "faces.npz") as table:
        known = dict(zip(table["name"].tolist(), table["eye_distance_px"].tolist(), strict=True))
    return np.array([known[name] for name in names.tolist()], np.float64)


def read_pairs(data: Path) -> Pairs:
    """Read the held-out faces and the pairs of them."""
    with (data / PAIRS_FILE).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with tarfile.open(data / HELD_OUT_SHARD) as archive:
        names = sorted(member.name for member in archive if member.isfile())
    numbers = {name: number for number, name in enumerate(names)}
    return Pairs(
        _read_crops([data / HELD_OUT_SHARD], names),
        np.array([name.partition("-")[0] for name in names]),
        np.array([name.partition("/")[0] for name in names]),
        np.array([numbers[row["a"]] for row in rows], np.int64),
        np.array([numbers[row["b"]] for row in rows], np.int64),
        np.array([row["kind"] for row in rows]),
    )


def centre(crops: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """The middle of crops [..., height, width, channels], as the aligned template has it."""
    margin = (crops.shape[-2] - size_px) // 2
    return crops[..., margin : margin + size_px, margin : margin + size_px, :]


def _read_crops(shards: Iterable[Path], names: list[str]) -> NDArray[np.uint8]:
    place = {name: number for number, name in enumerate(names)}
    crops = np.empty((len(names), CROP_PX, CROP_PX, 3), np.uint8)
    missing = set(names)
    with tqdm(total=len(names), desc="reading faces", unit="face", disable=None) as progress:
        for shard in shards:
            with tarfile.open(shard) as archive:
                for member in archive:
                    file = archive.extractfile(member) if member.name in place else None
                    if file is None:
                        continue
                    jpeg = np.frombuffer(file.read(), np.uint8)
                    crops[place[member.name]] = np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR_RGB))
                    missing.discard(member.name)
                    progress.update()
    if missing:
        raise FileNotFoundError(f"{len(missing)} of {len(names)} faces are in none of the shards.")
    return crops
