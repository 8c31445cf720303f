from datetime import UTC, datetime

import numpy as np
import pytest

from tests.galleries import SHARP, without_crops
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.gallery import GalleryState, LiveGallery
from wsgi_app.house.inbox import MOST_FACES, Cluster, compare, gather
from wsgi_app.house.resemblance import Likeness
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit
from wsgi_app.vision.verdicts import Policy

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
EMBEDDER = "flat"
POLICY = Policy(threshold=0.5, margin=0.05, own=0.4, sure=0.5)
THRESHOLD, LEAST = 0.5, 0.35


def vector(x: float, y: float) -> Embedding:
    """A face as a unit vector in a plane."""
    return Embedding(EMBEDDER, np.array([x, y], np.float32))


def come(stores: Stores, visit_id: str, face: Embedding) -> None:
    """Somebody whom nobody knows is at the door."""
    photo = stores.visits.save_photo(visit_id, AT, b"jpeg")
    visit = Visit(
        0, visit_id, AT, DoorId.of("device:front door"), Outcome.UNKNOWN, None, 0.25, None, photo, 12.5
    )
    stores.visits.add(visit, StoredAnswer(404, b"{}"), None, None, face)


def enrol(stores: Stores, name: str, face: Embedding) -> str:
    """Somebody's id, whose one face is this."""
    person = stores.people.add(name)
    stores.faces.add(person.id, b"", SHARP, face)
    return person.id


def gathered(stores: Stores) -> list[list[str]]:
    return [[probe.visit_id for probe in group] for group in gather(stores, EMBEDDER, THRESHOLD)]


def compared(stores: Stores) -> list[Cluster]:
    state: GalleryState = LiveGallery(stores.gallery, EMBEDDER, without_crops, POLICY).now()
    return compare(gather(stores, EMBEDDER, THRESHOLD), stores, state, EMBEDDER, LEAST)


def likeliest(stores: Stores) -> list[Likeness | None]:
    """Whom each group is like, to two digits."""
    return [
        like and Likeness(like.person_id, like.name, round(like.score, 2))
        for like in (each.likeliest for each in compared(stores))
    ]


def test_those_who_look_like_one_person_are_together_and_who_came_last_is_first(stores: Stores) -> None:
    come(stores, "east", vector(1, 0))
    come(stores, "north", vector(0, 1))
    come(stores, "north-again", vector(0.28, 0.96))
    come(stores, "east-again", vector(0.96, -0.28))

    assert gathered(stores) == [["east-again", "east"], ["north-again", "north"]]


def test_in_an_empty_house_nobody_waits(stores: Stores) -> None:
    assert (gathered(stores), likeliest(stores)) == ([], [])


def test_only_so_many_faces_are_looked_at_the_newest_ones(stores: Stores) -> None:
    for number in range(MOST_FACES + 1):
        come(stores, f"{number:032x}", vector(1, 0))

    (group,) = gathered(stores)

    assert (len(group), group[0], group[-1]) == (MOST_FACES, f"{MOST_FACES:032x}", f"{1:032x}")


def test_of_those_who_are_enrolled_the_likeliest_to_any_of_a_group_s_faces_is_told(stores: Stores) -> None:
    come(stores, "east", vector(1, 0))
    come(stores, "north-east", vector(0.8, 0.6))
    enrol(stores, "Ana", vector(0.8, -0.6))
    bruno = enrol(stores, "Bruno", vector(0.6, 0.8))

    assert likeliest(stores) == [Likeness(bruno, "Bruno", 0.96)]


def test_the_two_faces_are_told_that_are_the_most_alike(stores: Stores) -> None:
    come(stores, "east", vector(1, 0))
    come(stores, "north-east", vector(0.8, 0.6))
    ana = enrol(stores, "Ana", vector(0, -1))
    like, other = (stores.faces.add(ana, b"", SHARP, vector(*at)).id for at in ((0.6, 0.8), (0.96, -0.28)))
    enrol(stores, "Bruno", vector(-1, 0))

    (cluster,) = compared(stores)

    assert cluster.likeliest is not None
    assert (cluster.likeliest.face_id, cluster.closest) in {(like, "north-east"), (other, "east")}


@pytest.mark.parametrize(("x", "y", "told"), [(0.36, 0.9329, True), (0.34, 0.9404, False)])
def test_whom_a_group_is_hardly_like_is_not_mentioned(stores: Stores, x: float, y: float, told: bool) -> None:
    come(stores, "east", vector(1, 0))
    ana = enrol(stores, "Ana", vector(x, y))

    assert likeliest(stores) == [Likeness(ana, "Ana", x) if told else None]


def test_who_is_said_not_to_be_one_of_a_group_is_none_of_it(stores: Stores) -> None:
    come(stores, "east", vector(1, 0))
    come(stores, "north-east", vector(0.8, 0.6))
    ana, bruno = enrol(stores, "Ana", vector(0.96, 0.28)), enrol(stores, "Bruno", vector(0.6, 0.8))
    stores.faces.add(ana, b"", SHARP, vector(0.8, 0.6), Source("north-east", negative=True))

    assert likeliest(stores) == [Likeness(bruno, "Bruno", 0.96)]
