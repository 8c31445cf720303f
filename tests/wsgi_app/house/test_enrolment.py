from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.galleries import add_visit
from wsgi_app.base.errors import Conflict, NotFound, RequestError, UnusablePhoto
from wsgi_app.base.faces import Counterpart, Objection
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.stores.faces import Source
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.crops import crop_from_png
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.standards import ENROLMENT
from wsgi_app.vision.verdicts import Policy

Photo = Callable[[str], bytes]
POLICY = Policy(threshold=0.526, margin=0.05)


# Enrolling


def test_a_good_photo_becomes_a_face_of_that_person(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    ana = stores.people.add("Ana")
    face = Enroller(pipeline, stores, POLICY, steps).enrol(Candidate(ana.id, photo("ana-1"))).face
    assert stores.faces.of(ana.id) == [face]
    assert stores.people.get(ana.id) == replace(ana, faces=1, portrait=face.id)
    sighting = pipeline.single_face(photo("ana-1"), ENROLMENT, steps)
    assert face.quality == sighting.quality.rounded()
    assert set(steps.seconds) == {"decode", "detect", "align", "recheck", "faults", "embed", "match", "store"}


def test_the_kept_crop_embeds_to_the_vector_in_the_gallery(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    ana = stores.people.add("Ana")
    face = Enroller(pipeline, stores, POLICY, steps).enrol(Candidate(ana.id, photo("ana-1"))).face
    crop = crop_from_png(stores.photos.path(face.crop).read_bytes())
    (kept,) = stores.gallery.rows(pipeline.pack.embedder.key).faces
    assert (kept.person_id, kept.name) == (ana.id, "Ana")
    assert kept.vector.tobytes() == pipeline.embed(crop, steps).tobytes()
    assert np.linalg.norm(kept.vector) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "code"),
    [("nobody-1", "no_face"), ("text", "unsupported_media_type"), ("broken", "unreadable_image")],
)
def test_a_photo_that_cannot_be_used_stores_nothing(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps, name: str, code: str
) -> None:
    ana = stores.people.add("Ana")
    before = stores.gallery.generation()
    data = {"text": b"Ana", "broken": photo("ana-1")[:2000]}
    with pytest.raises(RequestError) as refused:
        Enroller(pipeline, stores, POLICY, steps).enrol(Candidate(ana.id, data.get(name) or photo(name)))
    assert refused.value.code == code
    assert (stores.people.page(10), stores.gallery.generation()) == ([ana], before)
    assert not stores.photos.path("").exists()


def test_a_photo_of_nobody_known_stores_nothing(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    with pytest.raises(NotFound, match="not_found:person"):
        Enroller(pipeline, stores, POLICY, steps).enrol(Candidate("f" * 32, photo("ana-1")))
    assert (stores.gallery.generation(), stores.photos.path("").exists()) == (0, False)


# Likeness


@pytest.mark.parametrize(
    ("threshold", "refused"), [(0.5, True), (0.99, False)], ids=["like another", "not like enough"]
)
def test_a_face_is_another_s_from_the_threshold_on(
    pipeline: Pipeline,
    stores: Stores,
    photo: Photo,
    steps: Steps,
    threshold: float,
    refused: bool,
) -> None:
    ana, eve = stores.people.add("Ana"), stores.people.add("Eve")
    Enroller(pipeline, stores, POLICY, steps).enrol(Candidate(ana.id, photo("ana-1")))
    policy, candidate = Policy(threshold, POLICY.margin), Candidate(eve.id, photo("ana-2"))

    if refused:
        with pytest.raises(UnusablePhoto, match="like_another other='Ana'") as refusal:
            Enroller(pipeline, stores, policy, steps).enrol(candidate)
        assert refusal.value.code == "like_another"
    else:
        Enroller(pipeline, stores, policy, steps).enrol(candidate)
    assert stores.people.get(eve.id).faces == (0 if refused else 1)


def test_who_insists_is_heard_and_where_the_photo_is_from_is_kept(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    ana, eve = stores.people.add("Ana"), stores.people.add("Eve")
    Enroller(pipeline, stores, POLICY, steps).enrol(Candidate(ana.id, photo("ana-1")))

    insisting = Candidate(
        eve.id, photo("ana-2"), Source(add_visit(stores)), accept=frozenset({Objection.LIKE_ANOTHER})
    )
    face = Enroller(pipeline, stores, POLICY, steps).enrol(insisting).face

    assert (face.person_id, face.visit_id, face.negative) == (eve.id, "v1", False)
    assert stores.events.done_by_somebody(1)[0].details == {"face": face.id, "like": ana.id}


def test_insisting_on_a_face_that_is_like_nobody_is_not_told(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    ana = stores.people.add("Ana")
    insisting = Candidate(ana.id, photo("ana-1"), accept=frozenset({Objection.LIKE_ANOTHER}))
    face = Enroller(pipeline, stores, POLICY, steps).enrol(insisting).face
    assert stores.events.done_by_somebody(1)[0].details == {"face": face.id}


# Whose photo is it?

OWN = replace(POLICY, own=0.41, sure=0.526)


@pytest.fixture
def ana(pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps) -> Person:
    """Ana, enrolled with two photos."""
    person = stores.people.add("Ana")
    for name in ("ana-1", "ana-3"):
        Enroller(pipeline, stores, OWN, steps).enrol(Candidate(person.id, photo(name)))
    return person


@pytest.mark.parametrize("name", ["ana-2", "ana-4", "ana-5"])
def test_one_more_photo_of_somebody_raises_no_doubt(
    name: str, ana: Person, pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    face = Enroller(pipeline, stores, OWN, steps).enrol(Candidate(ana.id, photo(name))).face

    assert (face.unlike, stores.faces.doubtful(10)) == (None, [])


@pytest.mark.parametrize("name", ["bruno-1", "chen-2", "eun-3", "jun-4"])
def test_a_photo_of_somebody_else_among_ones_own_is_doubted(
    name: str, ana: Person, pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    enroller = Enroller(pipeline, stores, OWN, steps)

    with pytest.raises(UnusablePhoto, match="unlike_own"):
        enroller.enrol(Candidate(ana.id, photo(name)))
    with pytest.raises(UnusablePhoto, match="unlike_own"):
        enroller.enrol(Candidate(ana.id, photo(name), accept=frozenset({Objection.LIKE_ANOTHER})))
    assert stores.people.get(ana.id).faces == 2


def test_who_insists_on_it_has_it_looked_at_until_somebody_confirms(
    ana: Person, pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    insisting = Candidate(ana.id, photo("bruno-1"), accept=frozenset({Objection.UNLIKE_OWN}))

    face = Enroller(pipeline, stores, OWN, steps).enrol(insisting).face

    assert face.unlike is not None
    assert stores.faces.doubtful(10) == [face]
    told = stores.events.done_by_somebody(1)[0]
    assert (told.action, told.details) == ("enrolled", {"face": face.id, "unlike": f"{face.unlike:.2f}"})
    assert stores.faces.confirm(ana.id, face.id) == replace(face, unlike=None)
    assert stores.faces.doubtful(10) == []
    assert stores.events.done_by_somebody(1)[0].action == "face_confirmed"


def test_a_doubtful_photo_makes_no_others_of_that_person_ones_own(
    ana: Person, pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    enroller, insisted = Enroller(pipeline, stores, OWN, steps), frozenset({Objection.UNLIKE_OWN})
    enroller.enrol(Candidate(ana.id, photo("goro-1"), accept=insisted))

    with pytest.raises(UnusablePhoto, match="unlike_own"):
        enroller.enrol(Candidate(ana.id, photo("goro-2")))
    assert enroller.enrol(Candidate(ana.id, photo("goro-3"), accept=insisted)).face.unlike is not None

    for face in stores.faces.of(ana.id):
        if face.unlike is None:
            stores.faces.remove(ana.id, face.id)
    enroller.enrol(Candidate(ana.id, photo("goro-4")))  # with her own gone, these are all alike


def test_a_persons_first_photo_is_like_nobodys_yet(
    pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    eve = stores.people.add("Eve")

    assert (
        Enroller(pipeline, stores, OWN, steps).enrol(Candidate(eve.id, photo("bruno-1"))).face.unlike is None
    )


def test_a_photo_that_somebody_else_has_is_refused_with_that_one(
    ana: Person, pipeline: Pipeline, stores: Stores, photo: Photo, steps: Steps
) -> None:
    eve, (first, _) = stores.people.add("Eve"), stores.faces.of(ana.id)

    with pytest.raises(Conflict) as refusal:
        Enroller(pipeline, stores, OWN, steps).enrol(
            Candidate(eve.id, photo("ana-1"), accept=frozenset(Objection))
        )

    assert refusal.value.key == "duplicate:other"
    assert refusal.value.values == {"name": "Eve", "other": "Ana"}
    kept = refusal.value.counterpart
    assert kept == Counterpart(ana.id, first.id, kept.score if kept else 0.0)
