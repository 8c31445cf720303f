"""How often the faces of each source are shown, and whose are kept for the second examination."""

import zlib

import numpy as np
from numpy.typing import NDArray

from training.faces import NOBODY, Faces

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


def weights_of(faces: Faces) -> NDArray[np.float64]:
    """How often to show each face, [N]; the sum is 1."""
    weights = np.array([WEIGHTS.get(source, 1.0) for source in faces.sources.tolist()])
    return np.asarray(weights / weights.sum(), np.float64)


def is_examined(sources: NDArray[np.str_], clusters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which faces are for the second examination, bool [N].

    Always the same people are: their group's number alone decides.
    """
    shares = np.array([zlib.crc32(b"%d" % number) / 2**32 for number in clusters.tolist()])
    return (clusters != NOBODY) & (shares < EXAMINED_SHARE) & np.isin(sources, EXAMINED)


def is_learnt(sources: NDArray[np.str_], clusters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which are to be learnt from, bool [N]: those of none of the people who are examined."""
    return ~np.isin(clusters, clusters[is_examined(sources, clusters)])


def parted(faces: Faces) -> tuple[Faces, Faces]:
    """What is to be learnt from, and the faces of the second examination, whose people it has none of."""
    learnt, examined = (chosen(faces.sources, faces.clusters) for chosen in (is_learnt, is_examined))
    return faces.part(learnt), faces.part(examined)


def seen_more_than_once(people: NDArray[np.int64]) -> NDArray[np.int64]:
    """People [N] numbered anew without those on one photo only, of whom there is nothing to be learnt: -1."""
    seen, photos = np.unique(people, return_counts=True)
    known = seen[(photos > 1) & (seen != NOBODY)]
    return np.where(np.isin(people, known), np.searchsorted(known, people), NOBODY)
