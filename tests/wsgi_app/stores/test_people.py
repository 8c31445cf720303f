from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.conftest import Clock
from tests.galleries import add_face, crops_on_disk, gallery_of
from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.stores.forgetting import Forgotten
from wsgi_app.stores.people import DETAILS, PeopleStore, Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import people as people_table

TEN_O_CLOCK = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
NOBODY = "f" * 32


@pytest.fixture
def people(stores: Stores) -> PeopleStore:
    return stores.people


def counted(number: int) -> str:
    """The id that the store gives as its ``number``-th."""
    return f"{number:032x}"


def plain(name: str) -> Person:
    """The first who is added, at ten o'clock, without rules and without faces."""
    return Person(
        name=name,
        valid_from=None,
        valid_until=None,
        hours=(),
        id=counted(1),
        revision=1,
        created_at=TEN_O_CLOCK,
    )


def called(name: str) -> Callable[[Person], Person]:
    """Gives somebody another name."""
    return lambda person: replace(person, name=name)


def always(_: Person) -> bool:
    return True


def never(_: Person) -> bool:
    return False


# People


def test_somebody_new_has_a_name_an_id_a_day_and_no_faces(people: PeopleStore) -> None:
    ana = people.add("Ana")
    assert ana == plain("Ana")
    assert people.get(ana.id) == ana


def test_nobody_has_an_unknown_id(people: PeopleStore) -> None:
    with pytest.raises(NotFound, match="not_found:person"):
        people.get(NOBODY)


@pytest.mark.parametrize(
    ("name", "same"), [("Ana", "Ana"), ("Ana", "ANA"), ("STRASSE", "straße"), ("Ζωή Σ", "ζωή ς"), ("É", "é")]
)
def test_two_people_cannot_share_a_name_in_capitals_or_not(people: PeopleStore, name: str, same: str) -> None:
    first = people.add(name)
    with pytest.raises(Conflict) as refused:
        people.add(same)
    assert (refused.value.key, refused.value.values) == ("name_taken:person", {"name": same})
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


def test_a_page_says_how_many_faces_each_has(stores: Stores, people: PeopleStore) -> None:
    ana, bruno = people.add("Ana"), people.add("Bruno")
    first = add_face(stores, bruno.id)
    add_face(stores, bruno.id)
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
    with pytest.raises(Conflict, match="name_taken:person name='ANA'"):
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


def test_a_change_is_refused_when_the_person_is_not_as_expected(stores: Stores, people: PeopleStore) -> None:
    ana = people.add("Ana")
    add_face(stores, ana.id)
    before = people.get(ana.id), stores.gallery.generation()
    with pytest.raises(PreconditionFailed):
        people.change(ana.id, called("Bruno"), never)
    with pytest.raises(PreconditionFailed):
        people.remove(ana.id, never)
    assert (people.get(ana.id), stores.gallery.generation()) == before


def test_what_is_expected_is_asked_of_the_person_as_stored(stores: Stores, people: PeopleStore) -> None:
    known = people.get(add_face(stores, people.add("Ana").id).person_id)
    asked: list[Person] = []

    def note(person: Person) -> bool:
        asked.append(person)
        return True

    people.change(known.id, called("Ana Maria"), note)
    people.remove(known.id, note)
    assert asked == [known, replace(known, name="Ana Maria", revision=2)]


def test_somebody_removed_takes_faces_crops_and_embeddings_with_them(stores: Stores) -> None:
    people = stores.people
    ana, bruno = people.add("Ana"), people.add("Bruno")
    theirs = [add_face(stores, person.id) for person in (ana, ana, bruno)]
    assert people.remove(ana.id, always) == Forgotten(2, (), (theirs[0].crop, theirs[1].crop))
    assert people.page(10) == [replace(bruno, faces=1, portrait=theirs[2].id)]
    assert crops_on_disk(stores) == ["people", theirs[2].crop]
    assert gallery_of(stores, "e1") == [(bruno.id, "Bruno", [0.125, -0.1875, 0.03125])]
    for ask in (people.get, stores.faces.of):
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

    assert ana == ruled(plain("Ana"))
    assert changed == replace(ruled(bruno), revision=2)
    assert people.page(10) == [ana, changed]


def test_what_an_edit_refuses_leaves_everything_as_it_was(stores: Stores, people: PeopleStore) -> None:
    ana, before = people.add("Ana"), stores.gallery.generation()

    def refuse(_: Person) -> Person:
        raise Conflict("conflict")

    with pytest.raises(Conflict):
        people.change(ana.id, refuse, always)
    with pytest.raises(Conflict):
        people.add("Bruno", refuse)
    assert (people.page(10), stores.gallery.generation()) == ([ana], before)


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
    people.remove(ana, always)

    told = [(event.kind, event.action, event.subject, event.by) for event in stores.events.after(0, 100)]
    assert told == [("person", action, ana, "maria") for action in ("added", "changed", "forgotten")]
    assert {str(event.details) for event in stores.events.after(0, 100)} == {"{}"}


# Columns


def test_what_is_said_of_somebody_is_in_columns_of_their_own_and_nothing_else_is() -> None:
    kept_besides = {"id", "name_key", "revision", "created_at"}

    assert set(people_table.columns.keys()) == {*DETAILS, *kept_besides}
