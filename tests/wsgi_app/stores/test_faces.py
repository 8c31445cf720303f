from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Clock
from tests.galleries import SHARP, add_face, add_visit, crops_on_disk, gallery_of, vector
from wsgi_app.base.errors import NotFound, PreconditionFailed
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import EnrolledFace, FaceStore, Source
from wsgi_app.stores.photos import PhotoStore, sha256_of
from wsgi_app.stores.stores import Stores

NOBODY = "f" * 32


@pytest.fixture
def ana(stores: Stores) -> str:
    return stores.people.add("Ana").id


def test_a_face_is_kept_with_its_crop_its_quality_and_its_time(stores: Stores, clock: Clock) -> None:
    ana = stores.people.add("Ana")
    clock.advance(60)
    face = stores.faces.add(ana.id, b"the crop", SHARP, Embedding("e1", vector(1.0)))
    assert face == EnrolledFace(
        f"{2:032x}",
        ana.id,
        f"people/{2:032x}.png",
        SHARP,
        datetime(2026, 1, 5, 10, 1, tzinfo=UTC),
        negative=False,
        visit_id=None,
        crop_sha256=sha256_of(b"the crop"),
    )
    assert stores.faces.get(ana.id, face.id) == face
    assert stores.faces.of(ana.id) == [face]
    assert stores.people.get(ana.id) == replace(ana, faces=1, portrait=face.id)
    assert stores.photos.path(face.crop).read_bytes() == b"the crop"


def test_nobody_has_faces_under_an_unknown_id(stores: Stores) -> None:
    with pytest.raises(NotFound, match="not_found:person"):
        stores.faces.of(NOBODY)


def test_faces_come_oldest_first(stores: Stores, ana: str, clock: Clock) -> None:
    clock.advance(60)
    late = add_face(stores, ana)
    clock.advance(-60)
    early = [add_face(stores, ana) for _ in range(2)]
    assert stores.faces.of(ana) == [*early, late]


def test_a_face_belongs_to_one_person_alone(stores: Stores, ana: str) -> None:
    bruno = stores.people.add("Bruno").id
    face = add_face(stores, ana)
    with pytest.raises(NotFound, match="not_found:face"):
        stores.faces.get(bruno, face.id)
    with pytest.raises(NotFound, match="not_found:face"):
        stores.faces.remove(bruno, face.id)
    assert stores.faces.of(ana) == [face]


def test_a_removed_face_takes_its_crop_with_it_and_leaves_the_others(stores: Stores, ana: str) -> None:
    first, second = add_face(stores, ana, first=1.0), add_face(stores, ana, first=2.0)
    stores.faces.remove(ana, first.id)
    assert stores.faces.of(ana) == [second]
    assert crops_on_disk(stores) == ["people", second.crop]
    assert gallery_of(stores, "e1") == [(ana, "Ana", [0.25, -0.1875, 0.03125])]
    with pytest.raises(NotFound):
        stores.faces.remove(ana, first.id)


def test_the_faces_of_some_visits_are_found_whosever_they_are(stores: Stores, ana: str) -> None:
    bruno, seen = stores.people.add("Bruno").id, Embedding("e1", vector(1.0))
    for visit in ("v1", "v2", "v3", "v4"):
        add_visit(stores, visit)
    hers = stores.faces.add(ana, b"png", SHARP, seen, Source("v1"))
    not_his = stores.faces.add(bruno, b"png", SHARP, seen, Source("v2", negative=True))
    stores.faces.add(ana, b"png", SHARP, seen, Source("v3"))
    add_face(stores, ana)

    assert stores.faces.taken_from(["v1", "v2", "v4"]) == [hers, not_his]
    assert stores.faces.taken_from([]) == []


def test_every_change_is_told_as_somebodys(stores: Stores, ana: str) -> None:
    faces, before = stores.faces.acting("maria"), stores.events.last()
    face = faces.add(ana, b"png", SHARP, Embedding("e1", vector(1.0)))
    barred = faces.add(
        ana, b"png", SHARP, Embedding("e1", vector(1.0)), Source(negative=True, like="someone")
    )
    faces.remove(ana, face.id)

    events = stores.events.after(before, 100)
    assert [(event.action, event.details) for event in events] == [
        ("enrolled", {"face": face.id}),
        ("barred", {"face": barred.id, "like": "someone"}),
        ("face_removed", {"face": face.id}),
    ]
    assert {(event.kind, event.subject, event.by) for event in events} == {("person", ana, "maria")}


# Faces that cannot be kept


def test_a_face_for_nobody_leaves_nothing_on_disk(stores: Stores) -> None:
    with pytest.raises(NotFound):
        add_face(stores, NOBODY)
    assert crops_on_disk(stores) == []


class MeddlingPhotos(PhotoStore):
    """A photo store beside which something happens while a crop is saved."""

    def __init__(self, folder: Path, meanwhile: Callable[[], object]):
        super().__init__(folder)
        self._meanwhile = meanwhile

    def save_crop(self, face_id: str, png: bytes) -> str:
        name = super().save_crop(face_id, png)
        self._meanwhile()
        return name


def test_a_face_of_somebody_forgotten_meanwhile_leaves_nothing_on_disk(
    stores: Stores, ana: str, clock: Clock
) -> None:
    photos = MeddlingPhotos(stores.photos.path(""), lambda: stores.people.remove(ana, lambda _: True))
    meddled = replace(stores, faces=FaceStore(stores.database, photos, clock.now, lambda: "face"))
    with pytest.raises(NotFound, match="not_found:person"):
        add_face(meddled, ana)
    assert (stores.people.page(10), gallery_of(stores, "e1"), crops_on_disk(stores)) == ([], [], ["people"])


def test_a_face_of_a_visit_that_was_forgotten_meanwhile_leaves_nothing(
    stores: Stores, ana: str, clock: Clock
) -> None:
    bruno, hers = stores.people.add("Bruno").id, add_visit(stores, "hers", ana)
    before = stores.gallery.generation()
    photos = MeddlingPhotos(stores.photos.path(""), lambda: stores.people.remove(ana, lambda _: True))
    naming = FaceStore(stores.database, photos, clock.now, lambda: "face")
    with pytest.raises(NotFound, match="not_found:visit"):
        naming.add(bruno, b"of Ana", SHARP, Embedding("e1", vector(1.0)), Source(hers))
    assert (stores.faces.of(bruno), gallery_of(stores, "e1")) == ([], [])
    assert not list(stores.photos.path("").rglob("*.*"))
    assert stores.gallery.generation() == before + 1  # she was forgotten, and no more


def test_a_face_that_is_not_as_expected_stays(stores: Stores, ana: str) -> None:
    face, seen = add_face(stores, ana), []
    last = stores.events.last()

    def refuse(found: EnrolledFace) -> bool:
        seen.append(found)
        return False

    with pytest.raises(PreconditionFailed, match="precondition_failed:face"):
        stores.faces.remove(ana, face.id, refuse)
    assert (seen, stores.faces.of(ana), stores.events.last()) == ([face], [face], last)
    assert stores.photos.path(face.crop).exists()
