"""Which faces look like one person: of those that nobody knows, and of those that are said to be one's."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wsgi_app.vision.embed import Embedding


def cluster(faces: Sequence[Embedding], threshold: float) -> list[list[int]]:
    """Put faces that are alike together, in one pass over them: leaders with average linkage.

    Each face joins the cluster to whose members its mean cosine is highest, if that is at least the
    threshold, and begins one of its own otherwise. The mean over all members keeps a chain of faces, each
    a little like the next, from tying strangers together.

    Args:
        faces: float32 [size] each, of unit length, newest first.
        threshold: least mean cosine.

    Returns:
        The indices of the faces of each cluster, in their order; clusters in the order of their first faces.
    """
    clusters: list[list[int]] = []
    if not len(faces):
        return clusters
    # The mean of a face's cosines to some others is its cosine to their mean: one row for each cluster.
    means = np.zeros((len(faces), len(faces[0])), np.float32)
    for index, face in enumerate(faces):
        likeness = means[: len(clusters)] @ face
        best = int(likeness.argmax()) if clusters else 0
        if not clusters or likeness[best] < threshold:
            best = len(clusters)
            clusters.append([])
        clusters[best].append(index)
        means[best] += (face - means[best]) / len(clusters[best])
    return clusters


def linked(likeness: NDArray[np.float32], least: float) -> list[list[int]]:
    """Put faces together that a chain of others ties to each other, each like the next: single linkage.

    Args:
        likeness: float32 [faces, faces], their cosines.
        least: from which on two are tied.

    Returns:
        The indices of the faces of each group, rising; the largest group first.
    """
    if not len(likeness):
        return []
    reached = likeness >= least
    np.fill_diagonal(reached, val=True)
    while True:  # each round doubles the length of the chains that are followed
        further = reached @ reached
        if (further == reached).all():
            break
        reached = further
    firsts = reached.argmax(axis=1)
    groups = [np.flatnonzero(firsts == first).tolist() for first in np.unique(firsts)]
    return sorted(groups, key=len, reverse=True)
