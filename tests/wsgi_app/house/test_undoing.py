import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.servers import InProcessServer, post_photo
from wsgi_app.access.identity import AT_HOME
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import Conflict, NotFound, PorteiroError
from wsgi_app.base.faces import Objection
from wsgi_app.base.steps import Steps
from wsgi_app.house import barring, naming, retention
from wsgi_app.house.enrolment import MOST_FACES, Candidate, Enroller, candidate_of_visit
from wsgi_app.house.house import House
from wsgi_app.house.naming import Statement
from wsgi_app.house.undoing import undo
from wsgi_app.stores.changes import KEPT, Change
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import metadata
from wsgi_app.stores.visits import Visit

Photo = Callable[[str], bytes]
KEPT_TABLES = ("people", "faces", "embeddings", "corrections", "visits", "probes")
Kept = dict[str, Any]


@pytest.fixture
def enroller(house: House, steps: Steps) -> Enroller:
    """What somebody's click has at hand."""
    return Enroller(house.pipeline, house.stores.acting(AT_HOME.name), house.policy, steps)


@pytest.fixture
def ana(enroller: Enroller, stores: Stores, photo: Photo) -> str:
    """Ana, enrolled with two photos."""
    person = stores.people.add("Ana").id
    for name in ("ana-1", "ana-3"):
        enroller.enrol(Candidate(person, photo(name)))
    return person


@pytest.fixture
def come(server: InProcessServer, stores: Stores, photo: Photo) -> Callable[..., list[Visit]]:
    """The visits of some photos."""

    def ring(*names: str) -> list[Visit]:
        return [stores.visits.get(post_photo(server, "/", photo(name)).json["visit"]) for name in names]

    return ring


def kept(stores: Stores) -> Kept:
    """Every row of a house but for what happened, and every file."""
    with stores.database.read() as connection:
        rows = {
            name: sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {name}"))))
            for name in KEPT_TABLES
        }
    folder = stores.photos.path("")
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {**rows, "files": files}


def person(person_id: str) -> Statement:
    return Statement(CorrectionVerdict.PERSON, person_id)


def called(name: str) -> Statement:
    return Statement(CorrectionVerdict.PERSON, name=name)


Do = Callable[[Enroller, str, list[Visit]], Change | None]


def remove(enroller: Enroller, ana: str, _visits: list[Visit]) -> Change | None:
    with enroller.stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as made:
        enroller.stores.faces.remove(ana, enroller.stores.faces.of(ana)[0].id)
    return made.change


DEEDS: dict[str, Do] = {
    "named, somebody new": lambda enroller, _, visits: naming.name(enroller, visits, called("Chen")).change,
    "named, somebody known": lambda enroller, ana, visits: (
        naming.name(enroller, visits, person(ana), frozenset(Objection)).change
    ),
    "barred": lambda enroller, ana, visits: barring.bar(enroller, visits, ana).change,
    "ignored": lambda enroller, _, visits: naming.ignore(enroller.stores, [visit.id for visit in visits]),
    "corrected": lambda enroller, _, visits: naming.correct(
        enroller, visits[0], called("Eve"), lambda _: True
    ),
    "removed": remove,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_undone_is_as_if_it_had_not_been(
    deed: str, enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    visits = come("chen-1", "chen-2", "chen-3", "chen-4")
    before = kept(house.stores)

    change = DEEDS[deed](enroller, ana, visits)

    assert change is not None
    assert kept(house.stores) != before
    assert undo(house.stores.acting("Olga"), house.embedder, change.id) == change
    assert kept(house.stores) == before
    told = house.stores.events.done_by_somebody(1)[0]
    assert (told.action, told.by, told.details) == ("undone", "Olga", {"deed": change.deed})


def test_a_naming_that_took_photos_from_somebody_else_gives_them_back(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    visits = come("chen-1", "chen-2")
    naming.name(enroller, visits, called("Dana"))
    before = kept(house.stores)

    change = naming.name(enroller, visits, person(ana), frozenset(Objection)).change

    assert change is not None
    undo(house.stores, house.embedder, change.id)
    assert kept(house.stores) == before


def test_a_correction_of_a_wrong_verdict_and_taking_it_back_are_undone_likewise(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    (visit,) = come("ana-2")
    assert visit.person_id == ana
    before = kept(house.stores)
    corrected = naming.correct(enroller, visit, called("Eve"), lambda _: True)
    between = kept(house.stores)
    taken_back = naming.take_back(enroller.stores, visit, lambda _: True)

    for change, state in ((taken_back, between), (corrected, before)):
        assert change is not None
        undo(house.stores, house.embedder, change.id)
        assert kept(house.stores) == state


def test_an_enrolment_and_a_confirmation_are_undone_likewise(
    enroller: Enroller, house: House, ana: str, photo: Photo
) -> None:
    stores, before = house.stores, kept(house.stores)
    enrolment = enroller.enrol(Candidate(ana, photo("bruno-1"), accept=frozenset(Objection)))
    doubted = kept(stores)
    with stores.changes.record(Deed.FACE_CONFIRMED, ana, [ana]) as confirmed:
        stores.faces.confirm(ana, enrolment.face.id)

    assert confirmed.change is not None
    assert enrolment.change is not None
    undo(stores, house.embedder, confirmed.change.id)
    assert kept(stores) == doubted
    undo(stores, house.embedder, enrolment.change.id)
    assert kept(stores) == before


@pytest.mark.parametrize(
    "said",
    [
        lambda enroller, ana, visits: naming.name(enroller, visits, person(ana), frozenset(Objection)),
        lambda enroller, _, visits: naming.name(enroller, visits, called("Zoe")),
        lambda enroller, _, visits: naming.ignore(enroller.stores, [visit.id for visit in visits]),
        lambda enroller, _, visits: naming.correct(
            enroller, visits[0], Statement(CorrectionVerdict.NOBODY), lambda _: True
        ),
    ],
)
def test_what_was_said_before_somebody_new_was_named_is_said_again(
    said: Callable[[Enroller, str, list[Visit]], object],
    enroller: Enroller,
    house: House,
    ana: str,
    come: Callable[..., list[Visit]],
) -> None:
    visits = come("chen-1", "chen-2", "chen-3")
    said(enroller, ana, visits)
    before = kept(house.stores)

    changes = [
        naming.name(enroller, visits, called("Newbie")).change,
        naming.correct(enroller, visits[0], called("Eve"), lambda _: True),
    ]

    for change in reversed(changes):
        assert change is not None
        undo(house.stores, house.embedder, change.id)
    assert kept(house.stores) == before


def test_what_changed_nothing_is_nothing_to_undo(house: House, ana: str) -> None:
    face = house.stores.faces.of(ana)[0]
    with house.stores.changes.record(Deed.FACE_CONFIRMED, ana, [ana]) as made:
        house.stores.faces.confirm(ana, face.id)
    assert made.change is None


def test_a_change_is_undone_once_and_for_a_quarter_of_an_hour(
    enroller: Enroller, house: House, ana: str, clock: Clock
) -> None:
    first, second = remove(enroller, ana, []), remove(enroller, ana, [])
    assert first is not None
    assert second is not None
    clock.advance(KEPT.total_seconds() - 1)
    undo(house.stores, house.embedder, second.id)
    with pytest.raises(NotFound, match="not_found:change"):
        undo(house.stores, house.embedder, second.id)
    clock.advance(1)
    with pytest.raises(NotFound, match="not_found:change"):
        undo(house.stores, house.embedder, first.id)


def test_what_was_removed_is_on_disk_until_its_time_is_over_and_no_longer(
    enroller: Enroller, house: House, ana: str, clock: Clock
) -> None:
    stores, face = house.stores, house.stores.faces.of(ana)[0]
    os.utime(stores.photos.path(face.crop), (0, 0))  # enrolled long ago, it is no stray either
    remove(enroller, ana, [])
    retention.purge(stores, house.config, clock.now())
    assert stores.photos.path(face.crop).exists()

    clock.advance(KEPT.total_seconds() + 1)
    counts = retention.purge(stores, house.config, clock.now())

    assert counts["changes that could be taken back"] == 3
    assert not stores.photos.path(face.crop).exists()
    assert all(stores.photos.path(left.crop).exists() for left in stores.faces.of(ana))
    with stores.database.read() as connection:
        assert connection.execute(sa.select(metadata.tables["change_names"])).all() == []


# What was changed since


def refused(house: House, change: Change | None) -> str:
    """Why a change is not undone; everything is as before."""
    assert change is not None
    before = kept(house.stores)
    with pytest.raises(PorteiroError) as refusal:
        undo(house.stores, house.embedder, change.id)
    assert kept(house.stores) == before
    return refusal.value.key


def test_what_somebody_changed_since_is_not_undone_until_that_is(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]], clock: Clock
) -> None:
    visits = come("chen-1", "chen-2")
    before = kept(house.stores)
    named = naming.name(enroller, visits, called("Chen"))
    clock.advance(1)
    barred = barring.bar(enroller, visits, named.person.id).change

    assert refused(house, named.change) == "changed_since:undo_first"
    assert barred is not None
    undo(house.stores, house.embedder, barred.id)
    assert named.change is not None
    undo(house.stores, house.embedder, named.change.id)
    assert kept(house.stores) == before


def test_somebody_new_who_was_let_in_since_is_not_undone(
    enroller: Enroller, house: House, come: Callable[..., list[Visit]]
) -> None:
    named = naming.name(enroller, come("chen-1", "chen-2"), called("Chen"))
    come("chen-3")

    assert refused(house, named.change) == "changed_since:known"


def test_somebody_new_with_another_photo_or_name_since_is_not_undone(
    enroller: Enroller, house: House, photo: Photo, come: Callable[..., list[Visit]], clock: Clock
) -> None:
    named = naming.name(enroller, come("chen-1"), called("Chen"))
    clock.advance(1)
    more = enroller.enrol(Candidate(named.person.id, photo("chen-2"))).change
    assert refused(house, named.change) == "changed_since:undo_first"

    assert more is not None
    undo(house.stores, house.embedder, more.id)
    house.stores.people.change(named.person.id, lambda person: replace(person, name="Wei"), lambda _: True)
    assert refused(house, named.change) == "changed_since"


def test_what_was_not_done_by_hand_here_is_named_as_what_it_is(
    enroller: Enroller, house: House, photo: Photo, come: Callable[..., list[Visit]], clock: Clock
) -> None:
    named = naming.name(enroller, come("chen-1"), called("Chen"))
    seen = enroller.look(photo("chen-2"))  # as `porteiro enrol` adds it
    (others,) = enroller.others([seen], named.person.id)
    face = enroller.keep(seen, Candidate(named.person.id, photo("chen-2")), others)
    assert refused(house, named.change) == "changed_since:photos"

    house.stores.faces.remove(named.person.id, face.id)
    assert named.change is not None
    undo(house.stores, house.embedder, named.change.id)


def test_to_undo_something_else_first_is_said_only_where_that_helps(
    enroller: Enroller, house: House, photo: Photo, come: Callable[..., list[Visit]], clock: Clock
) -> None:
    visits = come("chen-1")
    named = naming.name(enroller, visits, called("Chen"))
    house.stores.people.change(named.person.id, lambda person: replace(person, name="Wei"), lambda _: True)
    clock.advance(1)
    enroller.enrol(Candidate(named.person.id, photo("chen-2")))

    assert refused(house, named.change) == "changed_since"

    clock.advance(1)
    renamed = naming.name(enroller, visits, called("Dana"))
    house.stores.people.change(renamed.person.id, lambda person: replace(person, name="Eun"), lambda _: True)
    assert refused(house, renamed.change) == "changed_since"
    assert refused(house, named.change) == "changed_since"


def test_a_photo_that_its_person_has_again_is_not_brought_back_a_second_time(
    enroller: Enroller, house: House, ana: str, photo: Photo
) -> None:
    removed = remove(enroller, ana, [])
    enroller.enrol(Candidate(ana, photo("ana-1")))

    assert refused(house, removed) == "duplicate:returned"


def test_a_photo_that_somebody_else_has_by_now_does_not_come_back(
    enroller: Enroller, house: House, ana: str, photo: Photo
) -> None:
    removed = remove(enroller, ana, [])
    eve = house.stores.people.add("Eve").id
    enroller.enrol(Candidate(eve, photo("ana-1"), accept=frozenset(Objection)))

    assert refused(house, removed) == "duplicate:other"


def test_nobody_gets_more_photos_back_than_anybody_may_have(
    enroller: Enroller, house: House, ana: str
) -> None:
    removed = remove(enroller, ana, [])
    seen = house.stores.gallery.of(house.embedder, [ana])[0].vector
    for _ in range(MOST_FACES - house.stores.people.get(ana).faces):
        face = house.stores.faces.of(ana)[0]
        assert face.quality is not None
        vector = -seen  # like nothing here
        house.stores.faces.add(ana, b"png", face.quality, Embedding(house.embedder, vector))

    assert refused(house, removed) == "too_many_faces"


def test_a_photo_of_a_visit_that_is_said_to_be_another_s_by_now_does_not_come_back(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    (visit,) = come("ana-2")
    enroller.enrol(Candidate(ana, house.stores.photos.read(visit.photo), Source(visit.id)))
    with house.stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as removed:
        house.stores.faces.remove(ana, house.stores.faces.taken_from([visit.id])[0].id)
    house.stores.corrections.set([visit.id], CorrectionVerdict.NOBODY)

    assert refused(house, removed.change) == "changed_since:said"


def test_what_tells_of_somebody_who_was_new_goes_when_they_do(
    enroller: Enroller, house: House, photo: Photo, come: Callable[..., list[Visit]]
) -> None:
    visits = come("chen-1", "chen-2")
    before = kept(house.stores)
    named = naming.name(enroller, visits[:1], called("Zoe"))
    zoe = named.person.id
    enroller.enrol(Candidate(zoe, photo("chen-4")))
    with house.stores.changes.record(Deed.FACE_REMOVED, zoe, [zoe]) as face_removed:
        house.stores.faces.remove(zoe, house.stores.faces.of(zoe)[-1].id)
    naming.correct(enroller, visits[1], person(zoe), lambda _: True)
    unsaid = naming.take_back(enroller.stores, visits[1], lambda _: True)

    assert named.change is not None
    undo(house.stores, house.embedder, named.change.id)

    assert [refused(house, change) for change in (face_removed.change, unsaid)] == ["not_found:change"] * 2
    assert kept(house.stores) == before


def test_somebody_new_whom_a_deleted_visit_showed_is_not_undone(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    visits = come("chen-1", "chen-2")
    named = naming.name(enroller, visits[:1], called("Zoe"))
    barring.bar(enroller, visits[1:], ana)
    naming.correct(enroller, visits[1], person(named.person.id), lambda _: True)
    house.stores.visits.remove(visits[1].id, lambda _: True)

    assert refused(house, named.change) == "changed_since:known"


def learn_as_bruno(enroller: Enroller, visit: Visit) -> None:
    bruno = enroller.stores.people.add("Bruno").id
    photo = enroller.stores.photos.read(visit.photo)
    enroller.enrol(Candidate(bruno, photo, Source(visit.id), frozenset(Objection)))


@pytest.mark.parametrize("how", ["taken back", "ignored"])
def test_what_was_said_of_a_visit_is_not_said_again_once_it_taught_somebody_else(
    how: str, enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    (visit,) = come("chen-1")
    naming.correct(enroller, visit, person(ana), lambda _: True)
    if how == "taken back":
        unsaid = naming.take_back(enroller.stores, visit, lambda _: True)
    else:
        unsaid = naming.ignore(enroller.stores, [visit.id])
    learn_as_bruno(enroller, visit)

    assert refused(house, unsaid) == "changed_since:said"


def test_a_photo_that_is_not_somebody_s_does_not_come_back_once_it_is_said_to_be_theirs(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    visits = come("ana-4")
    kept_as_not_hers = barring.bar(enroller, visits, ana).face
    with house.stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as removed:
        house.stores.faces.remove(ana, kept_as_not_hers.id)
    naming.name(enroller, visits, person(ana))

    assert refused(house, removed.change) == "changed_since:said"


def test_a_photo_of_somebody_does_not_come_back_once_it_is_said_not_to_be_theirs(
    enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    visits = come("ana-4")
    enroller.enrol(candidate_of_visit(house.stores, ana, visits[0].id))
    with house.stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as removed:
        house.stores.faces.remove(ana, house.stores.faces.of(ana)[-1].id)
    barring.bar(enroller, visits, ana)

    assert refused(house, removed.change) == "changed_since:said"


@pytest.mark.parametrize("negative", [False, True])
def test_a_photo_that_another_network_has_never_seen_does_not_come_back(
    negative: bool, enroller: Enroller, house: House, ana: str, come: Callable[..., list[Visit]]
) -> None:
    face = house.stores.faces.of(ana)[0]
    if negative:
        face = barring.bar(enroller, come("chen-1"), ana).face
    with house.stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as removed:
        house.stores.faces.remove(ana, face.id)
    assert removed.change is not None

    with pytest.raises(Conflict, match="never_compared"):
        undo(house.stores, "the sha256 of another network", removed.change.id)

    undo(house.stores, house.embedder, removed.change.id)
    assert house.stores.faces.get(ana, face.id) == face


@pytest.mark.parametrize("forget", ["person", "visit"])
def test_what_is_forgotten_does_not_come_back_and_leaves_nothing(
    forget: str, enroller: Enroller, house: House, come: Callable[..., list[Visit]]
) -> None:
    visits = come("chen-1")
    named = naming.name(enroller, visits, called("Chen"))
    barred = barring.bar(enroller, visits, named.person.id)
    if forget == "person":
        house.stores.people.remove(named.person.id, lambda _: True)
    else:
        house.stores.visits.remove(visits[0].id, lambda _: True)

    assert barred.change is not None
    with pytest.raises(NotFound, match="not_found:change"):
        undo(house.stores, house.embedder, barred.change.id)
    with house.stores.database.read() as connection:
        assert connection.execute(sa.select(metadata.tables["changes"])).all() == []
    crops = {path.name for path in house.stores.photos.path("people").iterdir()}
    assert crops == ({f"{barred.face.id}.png"} if forget == "visit" else set())


# Two at once


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    """What became of things that are done at one moment: their errors' keys, or nothing."""
    begin = threading.Barrier(len(acts))

    def do(act: Callable[[], object]) -> str:
        begin.wait()
        try:
            act()
        except PorteiroError as error:
            return error.key
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(do, acts))


@pytest.mark.parametrize("many", [2, 4])
def test_one_photo_that_is_sent_several_times_at_once_is_enrolled_once(
    many: int, enroller: Enroller, stores: Stores, photo: Photo
) -> None:
    eve, data = stores.people.add("Eve").id, photo("ana-1")

    told = at_once([lambda: enroller.enrol(Candidate(eve, data))] * many)

    assert told == ["", *["duplicate:own"] * (many - 1)]
    assert stores.people.get(eve).faces == 1


def test_one_photo_that_two_people_get_at_once_is_one_s(
    enroller: Enroller, stores: Stores, photo: Photo
) -> None:
    people = [stores.people.add(name).id for name in ("Ana", "Eve")]
    data, everything = photo("ana-1"), frozenset(Objection)

    told = at_once(
        [
            lambda person=person: enroller.enrol(Candidate(person, data, accept=everything))  # type: ignore[misc]
            for person in people
        ]
    )

    assert told == ["", "duplicate:other"]
    assert sorted(stores.people.get(person).faces for person in people) == [0, 1]


def test_two_photos_of_two_people_at_once_raise_the_doubts_of_one_after_the_other(
    enroller: Enroller, stores: Stores, photo: Photo
) -> None:
    eve, alike = stores.people.add("Eve").id, [stores.people.add(name).id for name in ("Ana", "Bea")]

    unlike = at_once(
        [
            lambda name=name: enroller.enrol(Candidate(eve, photo(name)))  # type: ignore[misc]
            for name in ("bruno-1", "chen-1")
        ]
    )
    like = at_once(
        [
            lambda person=person, name=name: enroller.enrol(Candidate(person, photo(name)))  # type: ignore[misc]
            for person, name in zip(alike, ("ana-1", "ana-2"), strict=True)
        ]
    )

    assert (unlike, like) == (["", "unlike_own"], ["", "like_another"])


def test_nobody_gets_more_photos_at_once_than_anybody_may_have(
    enroller: Enroller, house: House, stores: Stores, photo: Photo
) -> None:
    eve = stores.people.add("Eve").id
    face = enroller.enrol(Candidate(eve, photo("ana-1"))).face
    assert face.quality is not None
    vector = stores.gallery.of(house.embedder, [eve])[0].vector
    for _ in range(MOST_FACES - 2):
        stores.faces.add(eve, b"png", face.quality, Embedding(house.embedder, vector))

    everything = frozenset(Objection)

    told = at_once(
        [
            lambda name=name: enroller.enrol(Candidate(eve, photo(name), accept=everything))  # type: ignore[misc]
            for name in ("ana-2", "ana-3")
        ]
    )

    assert told == ["", "too_many_faces"]


def test_visits_that_are_named_twice_at_once_are_learnt_once_and_make_one_person(
    enroller: Enroller, stores: Stores, come: Callable[..., list[Visit]]
) -> None:
    visits = come("chen-1", "chen-2")

    told = at_once([lambda: naming.name(enroller, visits, called("Chen"))] * 2)

    assert told == ["", ""]
    (chen,) = stores.people.page(10)
    assert chen.faces == 2


def test_one_change_that_two_undo_at_once_is_undone_by_one(
    enroller: Enroller, house: House, ana: str
) -> None:
    removed = remove(enroller, ana, [])
    assert removed is not None

    told = at_once([lambda: undo(house.stores, house.embedder, removed.id)] * 2)

    assert told == ["", "not_found:change"]
    assert house.stores.people.get(ana).faces == 2
