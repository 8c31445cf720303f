from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.galleries import SHARP, vector
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.people import Person
from wsgi_app.stores.retention import LET_IN, OTHERS
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import answers, corrections, probes, visits
from wsgi_app.stores.visit_filters import VisitFilter
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit


def always(_: Person) -> bool:
    return True


def add_visit(stores: Stores, person_id: str | None, key: str = "") -> str:
    """A visit with a photo, a probe and an answer; gives its id."""
    visit_id, at = stores.visits.new_id(), stores.now()
    photo = stores.visits.save_photo(visit_id, at, b"jpeg")
    outcome = "known" if person_id else "unknown"
    visit = Visit(
        0, visit_id, at, DoorId.of("device:door"), Outcome(outcome), person_id, 0.9, None, photo, 1.0
    )
    press = IdempotencyKey(DoorId.of("device:door"), key or visit_id)
    stores.visits.add(visit, StoredAnswer(200, b"told"), press, probe=Embedding("e1", vector(1.0)))
    return visit_id


def rows_of(stores: Stores, table: sa.Table) -> int:
    with stores.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_somebody_forgotten_takes_every_visit_that_shows_them_along(stores: Stores) -> None:
    ana, bruno = stores.people.add("Ana").id, stores.people.add("Bruno").id
    _, ignored, said = (add_visit(stores, person) for person in (ana, ana, None))
    stores.corrections.set([ignored], CorrectionVerdict.IGNORED)
    stores.corrections.set([said], CorrectionVerdict.PERSON, ana)
    kept = [add_visit(stores, bruno), add_visit(stores, None)]

    forgotten = stores.people.remove(ana, always)

    assert (forgotten.faces, len(forgotten.visits)) == (0, 3)
    assert [visit.id for visit in stores.visits.page(10)] == kept[::-1]
    assert [rows_of(stores, table) for table in (probes, answers, corrections)] == [2, 2, 0]
    told = {(event.action, event.subject) for event in stores.events.after(0, 100) if event.kind == "visit"}
    gone = {("removed", visit) for visit in forgotten.visits}
    assert told == {("came", visit) for visit in kept} | gone
    assert {path.stem for path in stores.photos.path("visits").rglob("*.jpg")} == set(kept)


def test_visits_that_somebody_was_only_taken_for_stay_and_lose_the_name(stores: Stores) -> None:
    ana, bruno = stores.people.add("Ana").id, stores.people.add("Bruno").id
    stranger, brunos = add_visit(stores, ana, "press-1"), add_visit(stores, ana, "press-2")
    stores.corrections.set([stranger], CorrectionVerdict.NOBODY)
    stores.corrections.set([brunos], CorrectionVerdict.PERSON, bruno)

    forgotten = stores.people.remove(ana, always)

    assert forgotten.visits == ()
    assert [(visit.id, visit.person_id) for visit in stores.visits.page(10)] == [
        (brunos, None),
        (stranger, None),
    ]
    assert rows_of(stores, answers) == 0  # they name her
    assert {correction.verdict for correction in stores.corrections.of([stranger, brunos]).values()} == {
        "nobody",
        "person",
    }


def test_what_was_kept_as_not_somebody_else_goes_with_who_it_shows(stores: Stores) -> None:
    people = stores.people
    ana, bruno = people.add("Ana").id, people.add("Bruno").id
    visit = add_visit(stores, ana)
    of_her = stores.faces.add(
        bruno, b"png", SHARP, Embedding("e1", vector(1.0)), Source(visit, negative=True)
    )
    of_him = stores.faces.add(bruno, b"png", SHARP, Embedding("e1", vector(2.0)), Source(visit))
    not_her = stores.faces.add(ana, b"png", SHARP, Embedding("e1", vector(3.0)), Source(negative=True))

    forgotten = people.remove(ana, always)

    assert forgotten.faces == 0
    assert {of_her.crop, not_her.crop} < set(forgotten.photos)
    assert stores.faces.of(bruno) == [replace(of_him, visit_id=None)]
    assert [stores.photos.path(face.crop).exists() for face in (of_her, of_him, not_her)] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("gone", ["purged", "removed"])
def test_what_was_kept_as_not_somebody_else_goes_with_who_it_shows_after_its_visit_too(
    stores: Stores, gone: str, said: bool
) -> None:
    ana, bruno = stores.people.add("Ana").id, stores.people.add("Bruno").id
    visit, other = add_visit(stores, None if said else ana), add_visit(stores, None)
    not_his = [
        stores.faces.add(bruno, b"png", SHARP, Embedding("e1", vector(1.0)), Source(taken, negative=True))
        for taken in (visit, other)
    ]
    if said:
        stores.corrections.set([visit], CorrectionVerdict.PERSON, ana)
    else:
        stores.corrections.set([visit], CorrectionVerdict.IGNORED)
    if gone == "purged":
        for kind in (LET_IN, OTHERS):
            stores.retention.remove_some(kind, stores.now() + timedelta(days=1))
    else:
        for taken in (visit, other):
            stores.visits.remove(taken, lambda _: True)
    assert stores.faces.of(bruno) == [replace(face, visit_id=None) for face in not_his]

    forgotten = stores.people.remove(ana, always)

    assert forgotten.photos == (not_his[0].crop,)
    assert stores.faces.of(bruno) == [replace(not_his[1], visit_id=None)]
    assert [stores.photos.path(face.crop).exists() for face in not_his] == [False, True]


def test_somebody_who_came_thousands_of_times_is_forgotten_too(stores: Stores) -> None:
    ana, at = stores.people.add("Ana").id, stores.now()
    row = {"at": at, "door": "d", "outcome": "known", "person_id": ana, "photo": "x", "took_ms": 1.0}
    with stores.database.write() as connection:
        connection.execute(visits.insert(), [{**row, "id": f"v{number}"} for number in range(2500)])

    assert len(stores.people.remove(ana, always).visits) == 2500
    assert stores.visits.page(1) == []


def test_the_name_of_somebody_forgotten_is_in_no_byte_of_the_database(stores: Stores) -> None:
    zoe = stores.people.add("Zoe Quimby").id
    add_visit(stores, zoe)
    file = Path(str(stores.database.engine.url.database))
    words = (b"Zoe Quimby", b"zoe quimby", zoe.encode())  # the audit log has the id, and nothing else

    def found() -> list[bool]:
        kept = b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))
        return [word in kept for word in words]

    stores.database.wipe()
    assert found() == [True, True, True]

    stores.people.remove(zoe, always)
    assert found() == [False, False, True]


def test_somebody_is_forgotten_while_others_read(stores: Stores) -> None:
    zoe = stores.people.add("Zoe Quimby").id
    with stores.database.engine.begin() as reader:
        reader.execute(sa.select(visits)).all()
        stores.people.remove(zoe, always)

    assert stores.people.page(1) == []


def test_the_visits_that_show_somebody_come_newest_first(stores: Stores) -> None:
    ana = stores.people.add("Ana").id
    first, taken_for_her, third = (add_visit(stores, ana) for _ in range(3))
    fourth = add_visit(stores, None)
    stores.corrections.set([taken_for_her], CorrectionVerdict.NOBODY)
    stores.corrections.set([fourth], CorrectionVerdict.PERSON, ana)

    shown = stores.visits.page(2, criteria=VisitFilter(person=ana))
    rest = stores.visits.page(2, shown[-1].number, VisitFilter(person=ana))

    assert [[visit.id for visit in page] for page in (shown, rest)] == [[fourth, third], [first]]
