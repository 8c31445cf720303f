from dataclasses import replace

import numpy as np
import pytest

from tests.galleries import SHARP
from wsgi_app.house.doubts import doubts_about, doubts_among
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.gallery import GalleryFace
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.verdicts import Policy

POLICY = Policy(threshold=0.5, margin=0.05, own=0.4, sure=0.5)
EAST, NORTH, NORTH_EAST, WEST = (1, 0), (0, 1), (0.6, 0.8), (-1, 0)


def face(name: str, at: tuple[float, float], *, doubtful: bool = False) -> GalleryFace:
    return GalleryFace(
        "ana", "Ana", np.array(at, np.float32), negative=False, face_id=name, doubtful=doubtful
    )


SURE, DOUBTED = face("sure", EAST), face("doubted", NORTH, doubtful=True)


@pytest.mark.parametrize(
    ("faces", "asked"),
    [
        ([SURE, DOUBTED], {"doubted": 0.0}),
        ([DOUBTED], {}),
        ([SURE], {}),
        ([SURE, face("between", NORTH_EAST), DOUBTED], {"doubted": 0.6236}),
        ([SURE, face("alike", (0.8, 0.6), doubtful=True)], {}),
        ([SURE, face("hardly", (0.48, 0.8772684), doubtful=True)], {"hardly": 0.48}),
        ([SURE, face("also", NORTH_EAST, doubtful=True), DOUBTED], {"doubted": 0.0}),
        ([face("also", NORTH_EAST, doubtful=True), DOUBTED], {}),
        ([face("other", WEST, doubtful=True), DOUBTED], {"doubted": 0.0, "other": 0.0}),
        ([replace(SURE, negative=True), DOUBTED], {}),
    ],
    ids=[
        "unlike the others",
        "no others",
        "never doubted",
        "like one that came later, which is between",
        "like the others by now",
        "not unlike the others, and not like enough",
        "like a doubtful one, and unlike the others",
        "doubtful ones alone that are alike",
        "doubtful ones alone that are not",
        "unlike what is not theirs",
    ],
)
def test_a_photo_is_asked_about_as_long_as_what_it_is_compared_with_is_unlike_it(
    faces: list[GalleryFace], asked: dict[str, float]
) -> None:
    assert doubts_among(faces, POLICY) == asked


def add(stores: Stores, person: str, at: tuple[float, float], *, unlike: float | None = None) -> str:
    seen = Embedding("flat", np.array(at, np.float32))
    return stores.faces.add(person, b"png", SHARP, seen, Source(unlike=unlike)).id


def test_the_question_ends_with_what_raised_it_and_is_asked_again_with_that(stores: Stores) -> None:
    ana, bruno = stores.people.add("Ana").id, stores.people.add("Bruno").id
    first = add(stores, ana, EAST)
    doubted = add(stores, ana, NORTH, unlike=0.0)
    add(stores, bruno, EAST)

    def asked() -> dict[str, dict[str, float]]:
        return doubts_about(stores, "flat", POLICY, [ana, bruno])

    assert asked() == {ana: {doubted: 0.0}}
    other = add(stores, ana, NORTH_EAST)
    stores.faces.remove(ana, first)
    assert asked() == {}
    add(stores, ana, EAST)
    assert asked() == {ana: {doubted: 0.6236}}
    stores.faces.remove(ana, other)
    assert asked() == {ana: {doubted: 0.0}}
    stores.faces.confirm(ana, doubted)
    assert asked() == {}
