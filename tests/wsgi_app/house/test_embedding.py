from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.galleries import SHARP
from wsgi_app.base.steps import Steps
from wsgi_app.house import embedding
from wsgi_app.house.embedding import embed_anew
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_from_png, crop_to_png
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.verdicts import Policy

POLICY = Policy(threshold=0.526, margin=0.05)
Photo = Callable[[str], bytes]


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def never(done: int, total: int) -> None:
    """Progress where there is nothing to do."""
    raise AssertionError(f"{done} of {total} faces are embedded once more")


@pytest.fixture
def crop_png(pipeline: Pipeline, photo: Photo, steps: Steps) -> Callable[[str], bytes]:
    """The aligned face of a test photo, as it is kept."""

    def of(name: str) -> bytes:
        picture = pipeline.decode(photo(name), steps)
        (face,) = pipeline.detect(picture, steps)
        return crop_to_png(pipeline.sight(picture, face, steps).crop)

    return of


def enrolled_earlier(stores: Stores, name: str, *crops: bytes) -> list[str]:
    """Enrol somebody as an earlier embedder saw them; gives the ids of their faces."""
    person = stores.people.add(name)
    earlier = np.array([1, 0, 0], np.float32)
    return [stores.faces.add(person.id, crop, SHARP, Embedding("earlier", earlier)).id for crop in crops]


def vectors_of(stores: Stores, embedder: str) -> list[tuple[str, bytes]]:
    return sorted((face.name, face.vector.tobytes()) for face in stores.gallery.rows(embedder).faces)


def test_faces_that_the_present_embedder_has_not_seen_are_embedded_from_their_crops(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps, crop_png: Callable[[str], bytes]
) -> None:
    crops = crop_png("ana-1"), crop_png("ana-2")
    enrolled_earlier(stores, "Ana", *crops)
    bruno = stores.people.add("Bruno")
    Enroller(pipeline, stores, POLICY, steps).enrol(Candidate(bruno.id, photo("bruno-1")))
    earlier = vectors_of(stores, "earlier")
    seen: list[tuple[int, int]] = []

    unreadable = embed_anew(pipeline, stores, steps, lambda done, total: seen.append((done, total)))

    assert (unreadable, seen) == ([], [(1, 2), (2, 2)])
    embedder = pipeline.pack.embedder.key
    of_ana = [("Ana", pipeline.embed(crop_from_png(crop), steps).tobytes()) for crop in crops]
    of_bruno = ("Bruno", pipeline.embed(crop_from_png(crop_png("bruno-1")), steps).tobytes())
    assert vectors_of(stores, embedder) == sorted([*of_ana, of_bruno])
    assert stores.gallery.unseen_by(embedder) == []
    assert vectors_of(stores, "earlier") == earlier


def test_a_second_time_there_is_nothing_to_do_and_no_new_generation(
    pipeline: Pipeline, stores: Stores, steps: Steps, crop_png: Callable[[str], bytes]
) -> None:
    enrolled_earlier(stores, "Ana", crop_png("ana-1"))
    embed_anew(pipeline, stores, steps, silent)
    before = stores.gallery.generation()
    embed_anew(pipeline, stores, steps, never)
    assert stores.gallery.generation() == before


def test_who_is_asked_with_the_mirror_image_too_or_no_longer_has_seen_nobody_yet(
    pipeline: Pipeline,
    stores: Stores,
    steps: Steps,
    crop_png: Callable[[str], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    enrolled_earlier(stores, "Ana", crop_png("ana-1"))
    embed_anew(pipeline, stores, steps, silent)
    embedder = pipeline.pack.embedder
    other = replace(embedder, mirrored=not embedder.mirrored)
    monkeypatch.setattr(pipeline, "pack", replace(pipeline.pack, embedder=other))

    assert len(stores.gallery.unseen_by(pipeline.pack.embedder.key)) == 1
    embed_anew(pipeline, stores, steps, silent)
    ((_, first),) = vectors_of(stores, embedder.key)
    ((_, second),) = vectors_of(stores, pipeline.pack.embedder.key)
    likeness = float(np.frombuffer(first, np.float32) @ np.frombuffer(second, np.float32))
    assert 0.8 < likeness < 0.9999


def test_in_an_empty_house_there_is_nothing_to_embed(
    pipeline: Pipeline, stores: Stores, steps: Steps
) -> None:
    assert embed_anew(pipeline, stores, steps, never) == []


@pytest.mark.parametrize(
    "damage",
    [lambda path: path.unlink(), lambda path: path.write_bytes(b"no picture")],
    ids=["missing", "broken"],
)
def test_a_crop_that_cannot_be_read_is_named_and_the_others_are_embedded(
    pipeline: Pipeline,
    stores: Stores,
    steps: Steps,
    crop_png: Callable[[str], bytes],
    damage: Callable[[Path], object],
) -> None:
    enrolled_earlier(stores, "Ana", crop_png("ana-1"), crop_png("ana-2"))
    last = stores.gallery.unseen_by("other")[-1]
    damage(stores.photos.path(last.crop))

    (unreadable,) = embed_anew(pipeline, stores, steps, silent)

    assert unreadable.face == last
    rows = stores.gallery.rows(pipeline.pack.embedder.key)
    assert ([face.name for face in rows.faces], rows.unseen) == (["Ana"], [last])


def test_a_face_that_is_removed_meanwhile_does_not_stop_the_others(
    pipeline: Pipeline, stores: Stores, steps: Steps, crop_png: Callable[[str], bytes]
) -> None:
    (of_ana,) = enrolled_earlier(stores, "Ana", crop_png("ana-1"))
    enrolled_earlier(stores, "Bruno", crop_png("bruno-1"))
    ana = stores.people.named("Ana")
    assert ana is not None

    def remove_ana(done: int, total: int) -> None:
        if done == total:
            stores.faces.remove(ana.id, of_ana)

    embed_anew(pipeline, stores, steps, remove_ana)
    assert [name for name, _ in vectors_of(stores, pipeline.pack.embedder.key)] == ["Bruno"]


def test_who_is_removed_with_their_crops_is_not_told_to_be_unreadable(
    pipeline: Pipeline, stores: Stores, steps: Steps, crop_png: Callable[[str], bytes]
) -> None:
    enrolled_earlier(stores, "Bruno", crop_png("bruno-1"))
    _, of_ana = enrolled_earlier(stores, "Ana", crop_png("ana-1"), crop_png("ana-2"))
    ana = stores.people.named("Ana")
    assert ana is not None

    def remove_the_last(done: int, total: int) -> None:
        if done == 1:
            stores.faces.remove(ana.id, of_ana)

    assert embed_anew(pipeline, stores, steps, remove_the_last) == []
    seen = vectors_of(stores, pipeline.pack.embedder.key)
    assert [name for name, _ in seen] == ["Ana", "Bruno"]


def test_what_is_broken_off_goes_on_where_it_was(
    pipeline: Pipeline,
    stores: Stores,
    steps: Steps,
    crop_png: Callable[[str], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding, "TOGETHER", 2)
    enrolled_earlier(stores, "Ana", *[crop_png("ana-1")] * 5)
    seen: list[tuple[int, int]] = []

    def break_off(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        embed_anew(pipeline, stores, steps, break_off)
    embed_anew(pipeline, stores, steps, lambda *progress: seen.append(progress))

    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert stores.gallery.unseen_by(pipeline.pack.embedder.key) == []


def test_two_may_embed_the_same_faces_at_once(
    pipeline: Pipeline, stores: Stores, steps: Steps, crop_png: Callable[[str], bytes]
) -> None:
    enrolled_earlier(stores, "Ana", crop_png("ana-1"))

    def another_does_the_same(done: int, total: int) -> None:
        embed_anew(pipeline, stores, steps, silent)

    embed_anew(pipeline, stores, steps, another_does_the_same)
    (kept,) = vectors_of(stores, pipeline.pack.embedder.key)
    assert kept == ("Ana", pipeline.embed(crop_from_png(crop_png("ana-1")), steps).tobytes())
