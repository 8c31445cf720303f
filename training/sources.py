"""Where the faces come from, how often each is shown, and who is kept for the second examination."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.faces import SHARDS, read_crops

# How often a photo of a source is shown, beside one of another: small and varied sources more, children less.
WEIGHTS = {
    "cdeb": 1.2,
    "dfdc": 1.0,
    "ffhq": 1.5,
    "fiw": 1.0,
    "gen": 1.5,
    "hair": 0.9,
    "kar": 1.0,
    "kar2": 1.0,
    "meb": 1.6,
    "sport": 1.0,
    "stock": 1.0,
    "utk": 0.8,
}
EXAMINED = ("hair", "kar2", "sport")
EXAMINED_SHARE = 0.12  # of their people
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Material:
    """Faces without anybody's judgement of them.

    Attributes:
        names: [N], ``source/number.jpg``.
        crops: uint8 [N, 128, 128, 3], RGB.
        people: int64 [N], the same number for the same person; -1 where nobody knows who it is.
        clusters: int64 [N], the same number for faces that are much alike; -1 where nobody looked.
        weights: float64 [N], how often to show each; the sum is 1.
    """

    names: NDArray[np.str_]
    crops: NDArray[np.uint8]
    people: NDArray[np.int64]
    clusters: NDArray[np.int64]
    weights: NDArray[np.float64]

    def part(self, chosen: NDArray[np.bool_]) -> "Material":
        """Some of it, its people numbered anew; who is on one photo only is nobody."""
        people = self.people[chosen]
        seen, photos = np.unique(people[people != NOBODY], return_counts=True)
        known = seen[photos > 1]
        numbers = np.where(np.isin(people, known), np.searchsorted(known, people), NOBODY)
        weights = self.weights[chosen]
        return Material(
            self.names[chosen], self.crops[chosen], numbers, self.clusters[chosen], weights / weights.sum()
        )

    @property
    def number_of_people(self) -> int:
        """How many people are told apart."""
        return int(self.people.max()) + 1


def read_material(data: Path) -> tuple[Material, Material]:
    """What is to be learnt from, and the faces of the second examination, whose people it has none of."""
    with np.load(data / "faces.npz") as table:
        names, persons, clusters = table["name"], table["person"], table["cluster"].astype(np.int64)
    sources = np.array([name.partition("/")[0] for name in names.tolist()])
    labels = [
        person or (f"cluster {cluster}" if cluster >= 0 else "")
        for person, cluster in zip(persons.tolist(), clusters.tolist(), strict=True)
    ]
    known = {label: number for number, label in enumerate(sorted({*labels} - {""}))}
    people = np.array([known.get(label, NOBODY) for label in labels], np.int64)
    weights = np.array([WEIGHTS.get(source, 1.0) for source in sources.tolist()])
    crops = read_crops(sorted(data.glob(SHARDS)), names.tolist())
    everything = Material(names, crops, people, clusters, weights / weights.sum())
    examined = _examined_groups(clusters) & np.isin(sources, EXAMINED)
    # A group that is examined is learnt nowhere, whichever source its photos come from.
    kept_back = np.isin(clusters, np.unique(clusters[examined])) & (clusters >= 0)
    return everything.part(~kept_back), everything.part(examined)


def _examined_groups(clusters: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Always the same share of the groups, chosen by their number alone."""
    shares = np.array([zlib.crc32(b"%d" % number) / 2**32 for number in clusters.tolist()])
    return (clusters >= 0) & (shares < EXAMINED_SHARE)
