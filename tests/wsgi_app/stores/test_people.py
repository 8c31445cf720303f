from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import Clock
from wsgi_app.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.services import Stores
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.forgetting import Forgotten
from wsgi_app.stores.people import EnrolledFace, PeopleStore, Person, Source
from wsgi_app.stores.photos import PhotoStore

TEN_O_CLOCK = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
NOBODY = "f" * 32
SHARP = {"sharpness": 20.5, "brightness": 120.0}


@pytest.fixture
def people(stores: Stores) -> PeopleStore:
    return stores.people


def counted(number: int) -> str:
    """The id that the store gives as its ``number``-th."""
    return f"{number:032x}"


def vector(first: float) -> NDArray[np.float32]:
    return np.array([first, -1.5, 0.25], np.float32)


def add_face(people: PeopleStore, person_id: str, embedder: str = "e1", first: float = 1.0) -> EnrolledFace:
    return people.add_face(person_id, b"png", SHARP, Embedding(embedder, vector(first)))


def called(name: str) -> Callable[[Person], Person]:
    """Gives somebody another name."""
    return lambda person: replace(person, name=name)


def always(_: Person) -> bool:
    return True


def never(_: Person) -> bool:
    return False


def gallery_of(people: PeopleStore, embedder: str) -> list[tuple[str, str, list[float]]]:
    """What an embedder has seen: person id, name and vector of each face."""
    return sorted(
        (face.person_id, face.name, face.vector.tolist()) for face in people.gallery(embedder).faces
    )


def crops_on_disk(stores: Stores) -> list[str]:
    folder = stores.photos.path("")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


# People


def test_somebody_new_has_a_name_an_id_a_day_and_no_faces(people: PeopleStore) -> None:
    ana = people.add("Ana")
    assert ana == Person(counted(1), "Ana", revision=1, created_at=TEN_O_CLOCK, faces=0)
    assert people.get(ana.id) == ana


def test_nobody_has_an_unknown_id(people: PeopleStore) -> None:
    for ask in (people.get, people.faces):
        with pytest.raises(NotFound, match="There is no such person"):
            ask(NOBODY)


@pytest.mark.parametrize(
    ("name", "same"), [("Ana", "Ana"), ("Ana", "ANA"), ("STRASSE", "straße"), ("Ζωή Σ", "ζωή ς"), ("É", "é")]
)
def test_two_people_cannot_share_a_name_in_capitals_or_not(people: PeopleStore, name: str, same: str) -> None:
    first = people.add(name)
    with pytest.raises(Conflict) as refused:
        people.add(same)
    assert (refused.value.code, str(refused.value)) == (
        "name_taken",
        f"There is already somebody called {same}.",
    )
    assert people.page(10) == [first]


def test_somebody_is_found_by_name_in_capitals_or_not(people: PeopleStore) -> None:
    ana = people.add("Ana Maria")
    assert [people.named(name) for name in ("Ana Maria", "ANA MARIA", "ana maria")] == [ana, ana, ana]
    assert [people.named(name) for name in ("Ana", "", "Bruno")] == [None, None, None]


def test_names_are_looked_up_for_those_who_are_there(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    people.add("Chen")
    assert people.names([bruno.id, NOBODY, ana.id, ana.id]) == {ana.id: "Ana", bruno.id: "Bruno"}
    assert people.names([]) == {}


def test_a_page_is_in_the_order_of_names_whatever_their_capitals(people: PeopleStore) -> None:
    for name in ("bruno", "Ana", "Chen", "dana", "Eun"):
        people.add(name)
    everybody = people.page(10)
    assert [person.name for person in everybody] == ["Ana", "bruno", "Chen", "dana", "Eun"]
    assert people.page(2) == everybody[:2]
    assert people.page(2, after="bruno") == everybody[2:4]
    assert people.page(2, after="DANA") == everybody[4:]
    assert people.page(2, after="Eun") == []
    assert people.page(10, after="B") == everybody[1:]


def test_a_page_says_how_many_faces_each_has(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    first = add_face(people, bruno.id)
    add_face(people, bruno.id)
    assert people.page(10) == [ana, replace(bruno, faces=2, portrait=first.id)]


# Renaming


def test_a_new_name_counts_up_the_revision_and_changes_nothing_else(
    people: PeopleStore, clock: Clock
) -> None:
    ana = people.add("Ana")
    clock.advance(60)
    renamed = people.change(ana.id, called("Ana Maria"), always)
    assert renamed == replace(ana, name="Ana Maria", revision=2)
    assert people.get(ana.id) == renamed
    assert (people.named("Ana"), people.named("ana maria")) == (None, renamed)


def test_the_same_name_may_change_its_capitals(people: PeopleStore) -> None:
    ana = people.add("ana")
    assert people.change(ana.id, called("Ana"), always) == replace(ana, name="Ana", revision=2)


def test_a_name_that_somebody_else_has_is_refused(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    with pytest.raises(Conflict, match="There is already somebody called ANA"):
        people.change(bruno.id, called("ANA"), always)
    assert people.page(10) == [ana, bruno]


def test_a_name_that_was_given_up_is_free_again(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    people.change(ana.id, called("Ana Maria"), always)
    assert people.change(bruno.id, called("Ana"), always).name == "Ana"


def test_nobody_can_be_renamed_or_removed_under_an_unknown_id(people: PeopleStore) -> None:
    with pytest.raises(NotFound):
        people.change(NOBODY, called("Ana"), always)
    with pytest.raises(NotFound):
        people.remove(NOBODY, always)


def test_a_change_is_refused_when_the_person_is_not_as_expected(people: PeopleStore) -> None:
    ana = people.add("Ana")
    add_face(people, ana.id)
    before = people.get(ana.id), people.generation()
    with pytest.raises(PreconditionFailed):
        people.change(ana.id, called("Bruno"), never)
    with pytest.raises(PreconditionFailed):
        people.remove(ana.id, never)
    assert (people.get(ana.id), people.generation()) == before


def test_what_is_expected_is_asked_of_the_person_as_stored(people: PeopleStore) -> None:
    known = people.get(add_face(people, people.add("Ana").id).person_id)
    asked: list[Person] = []

    def note(person: Person) -> bool:
        asked.append(person)
        return True

    people.change(known.id, called("Ana Maria"), note)
    people.remove(known.id, note)
    assert asked == [known, replace(known, name="Ana Maria", revision=2)]


# Faces


def test_a_face_is_kept_with_its_crop_its_quality_and_its_time(stores: Stores, clock: Clock) -> None:
    people, ana = stores.people, stores.people.add("Ana")
    clock.advance(60)
    face = people.add_face(ana.id, b"the crop", SHARP, Embedding("e1", vector(1.0)))
    assert face == EnrolledFace(
        counted(2),
        ana.id,
        f"people/{counted(2)}.png",
        SHARP,
        datetime(2026, 1, 5, 10, 1, tzinfo=UTC),
        negative=False,
        visit_id=None,
    )
    assert people.face(ana.id, face.id) == face
    assert people.faces(ana.id) == [face]
    assert people.get(ana.id) == replace(ana, faces=1, portrait=face.id)
    assert stores.photos.path(face.crop).read_bytes() == b"the crop"


def test_faces_come_oldest_first(people: PeopleStore, clock: Clock) -> None:
    ana = people.add("Ana")
    clock.advance(60)
    late = add_face(people, ana.id)
    clock.advance(-60)
    early = [add_face(people, ana.id) for _ in range(2)]
    assert people.faces(ana.id) == [*early, late]


def test_a_face_belongs_to_one_person_alone(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    face = add_face(people, ana.id)
    with pytest.raises(NotFound, match="This person has no such face"):
        people.face(bruno.id, face.id)
    with pytest.raises(NotFound, match="This person has no such face"):
        people.remove_face(bruno.id, face.id)
    assert people.faces(ana.id) == [face]


def test_a_removed_face_takes_its_crop_with_it_and_leaves_the_others(stores: Stores) -> None:
    people, ana = stores.people, stores.people.add("Ana")
    first, second = add_face(people, ana.id, first=1.0), add_face(people, ana.id, first=2.0)
    people.remove_face(ana.id, first.id)
    assert people.faces(ana.id) == [second]
    assert crops_on_disk(stores) == ["people", second.crop]
    assert gallery_of(people, "e1") == [(ana.id, "Ana", [2.0, -1.5, 0.25])]
    with pytest.raises(NotFound):
        people.remove_face(ana.id, first.id)


def test_somebody_removed_takes_faces_crops_and_embeddings_with_them(stores: Stores) -> None:
    people = stores.people
    ana, bruno = people.add("Ana"), people.add("Bruno")
    theirs = [add_face(people, person.id) for person in (ana, ana, bruno)]
    assert people.remove(ana.id, always) == Forgotten(2, 0, (theirs[0].crop, theirs[1].crop))
    assert people.page(10) == [replace(bruno, faces=1, portrait=theirs[2].id)]
    assert crops_on_disk(stores) == ["people", theirs[2].crop]
    assert gallery_of(people, "e1") == [(bruno.id, "Bruno", [1.0, -1.5, 0.25])]
    for ask in (people.get, people.faces):
        with pytest.raises(NotFound):
            ask(ana.id)


def test_a_name_is_free_again_once_its_person_is_removed(people: PeopleStore) -> None:
    people.remove(people.add("Ana").id, always)
    assert people.add("ANA").id == counted(2)


# Rules


def ruled(person: Person) -> Person:
    """Tuesdays from nine to twelve, from now on."""
    return replace(person, valid_from=TEN_O_CLOCK, hours=("tue 09:00-12:00",))


def test_rules_are_kept_as_given(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana", ruled), people.add("Bruno")
    changed = people.change(bruno.id, ruled, always)

    assert ana == ruled(Person(counted(1), "Ana", 1, TEN_O_CLOCK))
    assert changed == replace(ruled(bruno), revision=2)
    assert people.page(10) == [ana, changed]


def test_the_gallery_says_who_may_not_come_at_any_time(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana", ruled), people.add("Bruno")
    people.add("Chen")
    changed = people.change(bruno.id, lambda person: replace(person, valid_until=TEN_O_CLOCK), always)

    assert people.gallery("e1").bound == [ana, changed]


def test_what_an_edit_refuses_leaves_everything_as_it_was(people: PeopleStore) -> None:
    ana, before = people.add("Ana"), people.generation()

    def refuse(_: Person) -> Person:
        raise Conflict("no")

    with pytest.raises(Conflict):
        people.change(ana.id, refuse, always)
    with pytest.raises(Conflict):
        people.add("Bruno", refuse)
    assert (people.page(10), people.generation()) == ([ana], before)


# Searching


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("an", ["Ana", "Joana"]),
        ("ANA", ["Ana", "Joana"]),
        ("ß", ["Strauß"]),
        ("ss", ["Strauß"]),
        ("%", ["50% Bruno"]),
        ("_", []),
        ("eve", []),
    ],
)
def test_people_are_found_by_a_part_of_their_names(people: PeopleStore, part: str, found: list[str]) -> None:
    for name in ("Ana", "Joana", "50% Bruno", "Strauß"):
        people.add(name)

    assert [person.name for person in people.page(10, part=part)] == found
    assert [person.name for person in people.page(10, after="B", part=part)] == [
        name for name in found if name > "B"
    ]


# What is told


def test_every_change_is_told_as_somebodys(stores: Stores) -> None:
    people = stores.people.acting("maria")
    ana = people.add("Ana").id
    people.change(ana, called("Ana Maria"), always)
    face = add_face(people, ana)
    barred = people.add_face(
        ana, b"png", SHARP, Embedding("e1", vector(1.0)), Source(negative=True, like="someone")
    )
    people.remove_face(ana, face.id)
    people.remove(ana, always)

    told = [(event.action, event.details) for event in stores.events.after(0, 100)]
    assert told == [
        ("added", {}),
        ("changed", {}),
        ("enrolled", {"face": face.id}),
        ("barred", {"face": barred.id, "like": "someone"}),
        ("face_removed", {"face": face.id}),
        ("forgotten", {}),
    ]
    assert {(event.kind, event.subject, event.by) for event in stores.events.after(0, 100)} == {
        ("person", ana, "maria")
    }


# Faces that cannot be kept


def test_a_face_for_nobody_leaves_nothing_on_disk(stores: Stores) -> None:
    with pytest.raises(NotFound):
        add_face(stores.people, NOBODY)
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


def test_a_face_of_somebody_forgotten_meanwhile_leaves_nothing_on_disk(stores: Stores, clock: Clock) -> None:
    ana = stores.people.add("Ana")
    photos = MeddlingPhotos(stores.photos.path(""), lambda: stores.people.remove(ana.id, always))
    people = PeopleStore(stores.database, photos, clock.now, lambda: "face")
    with pytest.raises(NotFound, match="There is no such person"):
        add_face(people, ana.id)
    assert (people.page(10), gallery_of(people, "e1"), crops_on_disk(stores)) == ([], [], ["people"])


# Embeddings


def test_each_embedder_has_its_own_vectors_of_the_same_faces(people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    first, second = add_face(people, ana.id, "e1", 1.0), add_face(people, bruno.id, "e1", 2.0)
    assert people.unseen_by("e1") == []
    assert people.unseen_by("e2") == [first, second]
    people.add_embeddings("e2", {first.id: vector(3.0)})
    assert people.unseen_by("e2") == [second]
    assert gallery_of(people, "e1") == [
        (ana.id, "Ana", [1.0, -1.5, 0.25]),
        (bruno.id, "Bruno", [2.0, -1.5, 0.25]),
    ]
    assert gallery_of(people, "e2") == [(ana.id, "Ana", [3.0, -1.5, 0.25])]
    assert gallery_of(people, "e3") == []


def test_a_vector_comes_back_to_the_bit(people: PeopleStore) -> None:
    ana = people.add("Ana")
    kept = np.array([0.1, -0.0, 1e-45, 3.4e38, np.float32(1) / 3], np.float32)
    people.add_face(ana.id, b"png", SHARP, Embedding("e1", kept))
    (face,) = people.gallery("e1").faces
    assert (face.vector.dtype, face.vector.tobytes()) == (np.dtype(np.float32), kept.tobytes())


def test_embeddings_that_somebody_else_made_meanwhile_stay_and_the_others_are_kept(
    people: PeopleStore,
) -> None:
    ana = people.add("Ana")
    first, second = add_face(people, ana.id, "e1"), add_face(people, ana.id, "e1")
    people.add_embeddings("e2", {first.id: vector(2.0)})
    people.add_embeddings("e2", {first.id: vector(2.0), second.id: vector(3.0)})
    assert gallery_of(people, "e2") == [
        (ana.id, "Ana", [2.0, -1.5, 0.25]),
        (ana.id, "Ana", [3.0, -1.5, 0.25]),
    ]


def test_embeddings_of_faces_removed_meanwhile_are_left_out_and_the_others_kept(people: PeopleStore) -> None:
    ana = people.add("Ana")
    gone, stays = add_face(people, ana.id, "e1"), add_face(people, ana.id, "e1")
    people.remove_face(ana.id, gone.id)
    people.add_embeddings("e2", {gone.id: vector(2.0), stays.id: vector(3.0)})
    assert gallery_of(people, "e2") == [(ana.id, "Ana", [3.0, -1.5, 0.25])]


# Generations


@pytest.mark.parametrize(
    "change",
    [
        lambda people, ana, face: people.add_face(ana, b"png", SHARP, Embedding("e1", vector(2.0))),
        lambda people, ana, face: people.remove_face(ana, face),
        lambda people, ana, face: people.add_embeddings("e2", {face: vector(2.0)}),
        lambda people, ana, face: people.change(ana, called("Ana Maria"), always),
        lambda people, ana, face: people.change(ana, ruled, always),
        lambda people, ana, face: people.remove(ana, always),
    ],
    ids=["a new face", "a removed face", "a new embedding", "a new name", "a rule", "a removed person"],
)
def test_every_change_that_a_match_depends_on_starts_a_new_generation(
    people: PeopleStore, change: Callable[[PeopleStore, str, str], object]
) -> None:
    ana = people.add("Ana").id
    face = add_face(people, ana).id
    before = people.generation()
    change(people, ana, face)
    assert people.generation() == before + 1
    assert people.gallery("e1").generation == before + 1


def test_looking_starts_no_new_generation(people: PeopleStore) -> None:
    ana = people.add("Ana")
    face = add_face(people, ana.id)
    before = people.generation()
    people.get(ana.id), people.named("Ana"), people.page(10), people.names([ana.id])
    people.faces(ana.id), people.face(ana.id, face.id), people.gallery("e1"), people.unseen_by("e2")
    assert people.generation() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda people, ana: people.add("ANA"),
        lambda people, ana: people.change(ana, called("Bruno"), always),
        lambda people, ana: people.change(ana, called("Chen"), never),
        lambda people, ana: people.remove(ana, never),
        lambda people, ana: people.remove_face(ana, NOBODY),
        lambda people, ana: add_face(people, NOBODY),
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
    people: PeopleStore, change: Callable[[PeopleStore, str], object]
) -> None:
    ana = people.add("Ana")
    people.add("Bruno")
    add_face(people, ana.id)
    before = people.generation()
    with pytest.raises((Conflict, NotFound, PreconditionFailed)):
        change(people, ana.id)
    assert people.generation() == before
