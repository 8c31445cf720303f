from dataclasses import replace

import numpy as np
import pytest

from tests.galleries import SHARP
from wsgi_app.base.faces import Counterpart
from wsgi_app.house.resemblance import Likeness, likeliest_others, own_likeness
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.verdicts import Policy

POLICY = Policy(threshold=0.5, margin=0.05, own=0.4, sure=0.5)


def with_faces(
    stores: Stores,
    name: str,
    *vectors: tuple[float, float],
    negative: bool = False,
    unlike: float | None = None,
) -> str:
    """Somebody's id; an embedder has seen their faces as these unit vectors."""
    person = stores.people.named(name) or stores.people.add(name)
    for vector in vectors:
        kept = Embedding("flat", np.array(vector, np.float32))
        stores.faces.add(person.id, b"", SHARP, kept, Source(negative=negative, unlike=unlike))
    return person.id


def own(stores: Stores, person: str, x: float, y: float) -> tuple[float | None, float | None]:
    """How like a face is to somebody's that nobody has to look at, and to all of theirs, to two digits."""
    found = own_likeness(stores.gallery.of("flat", [person]), np.array([x, y], np.float32), POLICY)
    return _rounded(found.sure), _rounded(found.nearest)


def _rounded(face: Counterpart | None) -> float | None:
    return None if face is None else round(face.score, 2)


def test_a_face_is_like_the_best_of_somebody_s_faces(stores: Stores) -> None:
    ana = with_faces(stores, "Ana", (1, 0), (0, 1))
    with_faces(stores, "Ana", (0.8, 0.6), negative=True)
    assert own(stores, ana, 0.8, 0.6) == (0.8, 0.8)


def test_faces_that_somebody_has_to_look_at_are_told_apart(stores: Stores) -> None:
    ana = with_faces(stores, "Ana", (1, 0))
    with_faces(stores, "Ana", (0, 1), unlike=0.0)
    assert own(stores, ana, 0.28, 0.96) == (0.28, 0.96)

    with_faces(stores, "Ana", (0.8, 0.6))  # between the two: somebody has to look all the same
    assert own(stores, ana, 0.28, 0.96) == (0.8, 0.96)


def test_the_likeliest_other_is_told_with_the_face(stores: Stores) -> None:
    ana = with_faces(stores, "Ana", (0.8, 0.6))
    bruno = with_faces(stores, "Bruno", (0.6, 0.8), (-1, 0))
    chen = with_faces(stores, "Chen", (-0.6, 0.8))
    probes = [np.array(at, np.float32) for at in ((0.8, 0.6), (-0.6, 0.8))]

    found = likeliest_others(stores.gallery.rows("flat").faces, probes, ana)

    best, (also,) = stores.faces.of(bruno)[0], stores.faces.of(chen)
    assert [other and replace(other, score=round(other.score, 6)) for other in found] == [
        Likeness(bruno, "Bruno", 0.96, best.id),
        Likeness(chen, "Chen", 1.0, also.id),
    ]


@pytest.mark.parametrize("embedder", ["flat", "another"])
def test_where_nobody_is_enrolled_a_face_is_like_nobody(stores: Stores, embedder: str) -> None:
    ana = with_faces(stores, "Ana")
    with_faces(stores, "Bruno", (1, 0), negative=True)
    probe = np.array([1, 0], np.float32)
    assert likeliest_others(stores.gallery.rows(embedder).faces, [probe], ana) == [None]
    assert own(stores, ana, 1, 0) == (None, None)
