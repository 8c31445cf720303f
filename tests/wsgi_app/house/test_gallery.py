import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.galleries import SHARP, without_crops
from wsgi_app.base.errors import DatabaseTrouble
from wsgi_app.base.limits import Limits
from wsgi_app.house.gallery import GalleryState, LiveGallery, rule_of
from wsgi_app.house.hours import NEVER
from wsgi_app.house.rules import Rule
from wsgi_app.stores.database import Database, open_database
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.gallery import GalleryRows, GalleryStore
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores, stores_over
from wsgi_app.vision.verdicts import Policy

EMBEDDER = "e1"
POLICY = Policy(threshold=0.5, margin=0.05, own=0.4, sure=0.5)
PATIENCE_S = 60


class WatchedGallery(GalleryStore):
    """A gallery store that counts how often the whole gallery is read from it."""

    def __init__(self, database: Database):
        super().__init__(database)
        self.loads = 0

    def rows(self, embedder: str) -> GalleryRows:
        self.loads += 1
        return super().rows(embedder)


@dataclass
class House:
    """A live gallery, the store that it reads, and another process's stores on the same folder."""

    gallery: LiveGallery
    read: WatchedGallery
    elsewhere: Stores


@pytest.fixture
def house(stores: Stores) -> House:
    read = WatchedGallery(stores.database)
    return House(LiveGallery(read, EMBEDDER, without_crops, POLICY), read, stores)


def enrol(stores: Stores, name: str, *faces: tuple[float, float]) -> str:
    """Somebody with faces whose embeddings are these; gives their id."""
    person_id = stores.people.add(name).id
    for face in faces:
        stores.faces.add(person_id, b"png", SHARP, Embedding(EMBEDDER, np.array(face, np.float32)))
    return person_id


def always(_: Person) -> bool:
    return True


def content(state: GalleryState) -> dict[str, list[list[float]]]:
    """Every person's name and the embeddings of their faces."""
    gallery = state.gallery
    faces = np.split(gallery.embeddings, gallery.starts)[1:]
    return {
        state.names[person]: sorted(theirs.tolist())
        for person, theirs in zip(gallery.people, faces, strict=True)
    }


def test_an_empty_house_has_an_empty_gallery(house: House) -> None:
    state = house.gallery.now()
    assert (state.generation, state.gallery.people, state.names) == (0, (), {})
    assert content(state) == {}


def test_the_gallery_holds_everybodys_faces_and_names(house: House) -> None:
    enrol(house.elsewhere, "Ana", (1, 0), (0.6, 0.8))
    enrol(house.elsewhere, "Bruno", (0, 1))
    enrol(house.elsewhere, "Chen")
    assert content(house.gallery.now()) == {
        "Ana": [[np.float32(0.6), np.float32(0.8)], [1, 0]],
        "Bruno": [[0, 1]],
    }


def test_it_is_loaded_once_and_then_only_after_a_change(house: House) -> None:
    enrol(house.elsewhere, "Ana", (1, 0))
    first = house.gallery.now()
    assert [house.gallery.now() for _ in range(5)] == [first] * 5
    assert house.read.loads == 1
    enrol(house.elsewhere, "Bruno", (0, 1))
    second = house.gallery.now()
    assert [house.gallery.now() for _ in range(5)] == [second] * 5
    assert (house.read.loads, second.generation) == (2, first.generation + 1)


def test_somebody_without_faces_is_no_reason_to_load_again(house: House) -> None:
    first = house.gallery.now()
    house.elsewhere.people.add("Ana")
    assert house.gallery.now() is first


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (lambda stores, ana, face: stores.faces.remove(ana, face), {"Ana": [[1, 0]], "Bruno": [[0, -1]]}),
        (lambda stores, ana, face: stores.people.remove(ana, always), {"Bruno": [[0, -1]]}),
        (
            lambda stores, ana, face: stores.people.change(
                ana, lambda person: replace(person, name="Ana Maria"), always
            ),
            {"Ana Maria": [[0, 1], [1, 0]], "Bruno": [[0, -1]]},
        ),
        (
            lambda stores, ana, face: enrol(stores, "Chen", (-1, 0)),
            {"Ana": [[0, 1], [1, 0]], "Bruno": [[0, -1]], "Chen": [[-1, 0]]},
        ),
    ],
    ids=["a face removed", "a person removed", "a person renamed", "a person enrolled"],
)
def test_what_another_process_changes_is_seen_at_once(
    house: House,
    stores: Stores,
    clock: Clock,
    change: Callable[[Stores, str, str], object],
    after: dict[str, list[list[float]]],
) -> None:
    ana = enrol(house.elsewhere, "Ana", (1, 0), (0, 1))
    enrol(house.elsewhere, "Bruno", (0, -1))
    assert content(house.gallery.now()) == {"Ana": [[0, 1], [1, 0]], "Bruno": [[0, -1]]}
    (last,) = house.elsewhere.faces.of(ana)[1:]
    other_database = open_database(str(stores.database.engine.url))
    ids = iter(f"other-{number}" for number in range(9))
    other_process = stores_over(other_database, stores.photos, clock.now, ids.__next__, Limits())
    change(other_process, ana, last.id)
    assert content(house.gallery.now()) == after
    other_database.close()


def test_only_what_the_present_embedder_saw_counts(house: House) -> None:
    ana = enrol(house.elsewhere, "Ana", (1, 0))
    bruno = enrol(house.elsewhere, "Bruno")
    house.elsewhere.faces.add(bruno, b"png", SHARP, Embedding("another embedder", np.zeros(512, np.float32)))
    assert content(house.gallery.now()) == {"Ana": [[1, 0]]}
    (face,) = house.elsewhere.faces.of(ana)
    other = LiveGallery(house.read, "another embedder", without_crops, POLICY)
    assert content(other.now()) == {"Bruno": [[0.0] * 512]}
    house.elsewhere.faces.remove(ana, face.id)
    assert content(house.gallery.now()) == {}


def test_a_face_that_is_not_somebodys_is_kept_apart_from_their_faces(house: House) -> None:
    ana = enrol(house.elsewhere, "Ana", (1, 0))
    enrol(house.elsewhere, "Bruno", (0, 1))
    before = house.gallery.now()
    not_hers = Embedding(EMBEDDER, np.array((0.8, 0.6), np.float32))

    kept = house.elsewhere.faces.add(ana, b"png", SHARP, not_hers, Source(negative=True))
    barred = house.gallery.now()
    house.elsewhere.faces.remove(ana, kept.id)
    after = house.gallery.now()

    assert content(before) == content(barred) == content(after) == {"Ana": [[1, 0]], "Bruno": [[0, 1]]}
    assert barred.gallery.people[barred.gallery.barring[0]] == ana
    assert barred.gallery.negatives.tolist() == [[np.float32(0.8), np.float32(0.6)]]
    assert [len(state.gallery.negatives) for state in (before, barred, after)] == [0, 1, 0]
    assert house.elsewhere.people.get(ana).faces == 1


def test_threads_that_ask_at_once_share_one_load(house: House) -> None:
    threads = 4
    begin = threading.Barrier(threads)

    def ask(_: int) -> GalleryState:
        begin.wait(PATIENCE_S)
        return house.gallery.now()

    with ThreadPoolExecutor(threads) as pool:
        for change in range(1, 6):
            enrol(house.elsewhere, f"Person {change}", (1, 0))
            states = set(pool.map(ask, range(threads)))
            assert (len(states), house.read.loads) == (1, change)


# Hours as somebody else's program left them


@pytest.mark.parametrize(
    "kept",
    [
        "{}",
        '[""]',
        '["", ""]',
        "null",
        "5",
        '"tue 09:00-12:00"',
        '["tuesdays"]',
        '["tue 09:00-12:00", 5]',
        '["tue 09:00-12:00", "wed"]',
        "[",
        "",
        "[" * 100_000,
    ],
    ids=lambda kept: ascii(kept[:30]),
)
def test_hours_that_cannot_be_read_let_that_person_in_never_and_the_others_as_before(
    stores: Stores, house: House, kept: str
) -> None:
    ana, bruno = enrol(stores, "Ana", (1, 0)), enrol(stores, "Bruno", (0, 1))
    with stores.database.write() as connection:
        query = sa.text("UPDATE people SET hours = :hours WHERE id = :id")
        connection.execute(query, {"hours": kept, "id": ana})

    state = house.gallery.now()

    assert state.rules == {ana: Rule(hours=(NEVER,))}
    assert not any(NEVER.hold(stores.now() + timedelta(hours=hour)) for hour in range(7 * 24))
    assert "cannot be read" in rule_of(stores.people.get(ana)).in_words(None)
    assert rule_of(stores.people.get(bruno)) == Rule()
    renamed = stores.people.change(ana, lambda person: replace(person, name="Anabela"), always)
    assert rule_of(stores.people.get(ana)) == rule_of(renamed) == Rule(hours=(NEVER,))


@pytest.mark.parametrize(
    "vector",
    [
        (3e30, -1e30),  # like anybody
        (0.9, 0.9),
        (float("nan"), 0.0),
        (float("inf"), 0.0),
        (1.0, 0.0, 0.0),
    ],
)
def test_a_vector_that_no_embedder_made_lets_nobody_in(house: House, vector: tuple[float, ...]) -> None:
    enrol(house.elsewhere, "Ana", (1, 0), (0, 1))
    kept = np.array(vector, "<f4").tobytes()
    with house.elsewhere.database.write() as connection:
        connection.execute(sa.text("UPDATE embeddings SET vector = :kept WHERE rowid = 1"), {"kept": kept})

    for _ in range(2):
        with pytest.raises(DatabaseTrouble, match=r"^unavailable:database_damaged$"):
            house.gallery.now()


def test_half_a_vector_lets_nobody_in(house: House) -> None:
    enrol(house.elsewhere, "Ana", (1, 0))
    with house.elsewhere.database.write() as connection:
        connection.execute(sa.text("UPDATE embeddings SET vector = x'0000803f00'"))

    with pytest.raises(DatabaseTrouble, match=r"^unavailable:database_damaged$"):
        house.gallery.now()
