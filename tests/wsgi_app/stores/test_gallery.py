from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.galleries import SHARP, add_face, gallery_of, vector
from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores

NOBODY = "f" * 32


@pytest.fixture
def ana(stores: Stores) -> str:
    return stores.people.add("Ana").id


def called(name: str) -> Callable[[Person], Person]:
    """Gives somebody another name."""
    return lambda person: replace(person, name=name)


def always(_: Person) -> bool:
    return True


def never(_: Person) -> bool:
    return False


def ruled(person: Person) -> Person:
    """From nine in the morning on."""
    return replace(person, valid_from=datetime(2026, 1, 5, 9, 0, tzinfo=UTC))


def test_the_gallery_says_who_may_not_come_at_any_time(stores: Stores, ana: str) -> None:
    eun = stores.people.add("Eun", lambda person: replace(person, hours=("tue 09:00-12:00",)))
    stores.people.add("Chen")
    changed = stores.people.change(ana, ruled, always)

    assert stores.gallery.rows("e1").bound == [changed, eun]


# Embeddings


def test_each_embedder_has_its_own_vectors_of_the_same_faces(stores: Stores, ana: str) -> None:
    bruno = stores.people.add("Bruno").id
    first, second = add_face(stores, ana, "e1", 1.0), add_face(stores, bruno, "e1", 2.0)
    assert stores.gallery.unseen_by("e1") == []
    assert stores.gallery.unseen_by("e2") == [first, second]
    stores.gallery.add_embeddings("e2", {first.id: vector(3.0)})
    assert stores.gallery.unseen_by("e2") == [second]
    assert gallery_of(stores, "e1") == [
        (ana, "Ana", [0.125, -0.1875, 0.03125]),
        (bruno, "Bruno", [0.25, -0.1875, 0.03125]),
    ]
    assert gallery_of(stores, "e2") == [(ana, "Ana", [0.375, -0.1875, 0.03125])]
    assert gallery_of(stores, "e3") == []


def test_a_vector_comes_back_to_the_bit(stores: Stores, ana: str) -> None:
    kept = np.array([0.1, -0.0, 1e-45, -0.9, np.float32(1) / 3], np.float32)
    stores.faces.add(ana, b"png", SHARP, Embedding("e1", kept))
    (face,) = stores.gallery.rows("e1").faces
    assert (face.vector.dtype, face.vector.tobytes()) == (np.dtype(np.float32), kept.tobytes())


def test_embeddings_that_somebody_else_made_meanwhile_stay_and_the_others_are_kept(
    stores: Stores, ana: str
) -> None:
    first, second = add_face(stores, ana, "e1"), add_face(stores, ana, "e1")
    stores.gallery.add_embeddings("e2", {first.id: vector(2.0)})
    stores.gallery.add_embeddings("e2", {first.id: vector(2.0), second.id: vector(3.0)})
    assert gallery_of(stores, "e2") == [
        (ana, "Ana", [0.25, -0.1875, 0.03125]),
        (ana, "Ana", [0.375, -0.1875, 0.03125]),
    ]


def test_embeddings_of_faces_removed_meanwhile_are_left_out_and_the_others_kept(
    stores: Stores, ana: str
) -> None:
    gone, stays = add_face(stores, ana, "e1"), add_face(stores, ana, "e1")
    stores.faces.remove(ana, gone.id)
    stores.gallery.add_embeddings("e2", {gone.id: vector(2.0), stays.id: vector(3.0)})
    assert gallery_of(stores, "e2") == [(ana, "Ana", [0.375, -0.1875, 0.03125])]


# Generations


@pytest.mark.parametrize(
    "change",
    [
        lambda stores, ana, face: stores.faces.add(ana, b"png", SHARP, Embedding("e1", vector(2.0))),
        lambda stores, ana, face: stores.faces.remove(ana, face),
        lambda stores, ana, face: stores.gallery.add_embeddings("e2", {face: vector(2.0)}),
        lambda stores, ana, face: stores.people.change(ana, called("Ana Maria"), always),
        lambda stores, ana, face: stores.people.change(ana, ruled, always),
        lambda stores, ana, face: stores.people.remove(ana, always),
    ],
    ids=["a new face", "a removed face", "a new embedding", "a new name", "a rule", "a removed person"],
)
def test_every_change_that_a_match_depends_on_starts_a_new_generation(
    stores: Stores, ana: str, change: Callable[[Stores, str, str], object]
) -> None:
    face = add_face(stores, ana).id
    before = stores.gallery.generation()
    change(stores, ana, face)
    assert stores.gallery.generation() == before + 1
    assert stores.gallery.rows("e1").generation == before + 1


def test_looking_starts_no_new_generation(stores: Stores, ana: str) -> None:
    face = add_face(stores, ana)
    before = stores.gallery.generation()
    stores.people.get(ana), stores.people.named("Ana"), stores.people.page(10), stores.people.names([ana])
    (
        stores.faces.of(ana),
        stores.faces.get(ana, face.id),
        stores.gallery.rows("e1"),
        stores.gallery.unseen_by("e2"),
    )
    stores.gallery.add_embeddings("e1", {face.id: vector(2.0)})
    assert stores.gallery.generation() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda stores, ana: stores.people.add("ANA"),
        lambda stores, ana: stores.people.change(ana, called("Bruno"), always),
        lambda stores, ana: stores.people.change(ana, called("Chen"), never),
        lambda stores, ana: stores.people.remove(ana, never),
        lambda stores, ana: stores.faces.remove(ana, NOBODY),
        lambda stores, ana: add_face(stores, NOBODY),
    ],
    ids=[
        "a taken name",
        "another's name",
        "not as expected",
        "nor to remove",
        "no such face",
        "no such person",
    ],
)
def test_a_refused_change_starts_no_new_generation(
    stores: Stores, ana: str, change: Callable[[Stores, str], object]
) -> None:
    stores.people.add("Bruno")
    add_face(stores, ana)
    before = stores.gallery.generation()
    with pytest.raises((Conflict, NotFound, PreconditionFailed)):
        change(stores, ana)
    assert stores.gallery.generation() == before
