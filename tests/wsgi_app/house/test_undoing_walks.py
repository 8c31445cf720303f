"""Whatever is done and undone, in whatever order: what is kept is never what no other way leaves behind."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.servers import InProcessServer, post_photo
from tests.wsgi_app.house.test_undoing import kept
from wsgi_app.access.identity import AT_HOME
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import Conflict, NotFound, Unprocessable
from wsgi_app.base.faces import Objection
from wsgi_app.base.steps import Steps
from wsgi_app.house import barring, naming, retention
from wsgi_app.house.enrolment import Candidate, EmbeddedFace, Enroller, candidate_of_visit
from wsgi_app.house.house import House
from wsgi_app.house.naming import Statement
from wsgi_app.house.undoing import undo
from wsgi_app.stores.changes import KEPT, Change
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Visit

VISITS = ("ana-2", "bruno-2", "chen-1", "chen-2")
EVERYTHING = frozenset(Objection)
# What there must never be, each as a query that finds it.
NEVER = {
    "somebody learnt from a visit that is said to be another's": """
        SELECT f.id FROM faces f JOIN corrections c ON c.visit_id = f.visit_id
        WHERE NOT f.negative AND c.verdict != 'ignored' AND c.person_id IS NOT f.person_id""",
    "a visit is said to be somebody's, and kept as not theirs": """
        SELECT f.id FROM faces f JOIN corrections c ON c.visit_id = f.visit_id
        WHERE f.negative AND c.person_id = f.person_id""",
    "a visit is learnt as somebody's, and kept as not theirs": """
        SELECT f.id FROM faces f JOIN faces n ON n.visit_id = f.visit_id AND n.person_id = f.person_id
        WHERE n.negative AND NOT f.negative""",
    "a face is of a visit that is gone": """
        SELECT id FROM faces WHERE visit_id IS NOT NULL AND visit_id NOT IN (SELECT id FROM visits)""",
    "a face shows somebody who is gone": """
        SELECT id FROM faces WHERE negative AND shows_id NOT IN (SELECT id FROM people)""",
    "a face is compared with nothing": """
        SELECT id FROM faces WHERE id NOT IN (SELECT face_id FROM embeddings)""",
    "a row refers to one that is gone": "PRAGMA foreign_key_check",
}


class Remembering(Enroller):
    """Looks at each photo once: a walk comes by the same ones again and again."""

    seen_before: dict[bytes, EmbeddedFace] = {}  # noqa: RUF012

    def look(self, photo: bytes) -> EmbeddedFace:
        if photo not in self.seen_before:
            self.seen_before[photo] = super().look(photo)
        return self.seen_before[photo]


@dataclass(frozen=True)
class Walk:
    """Somebody who does this and that, as chance has it."""

    enroller: Enroller
    visits: list[Visit]
    chance: random.Random

    def act(self) -> Change | None:
        """Do something; ``None`` where that is refused, or changes nothing."""
        acts = [self._name, self._name, self._name_anew, self._correct, self._correct, self._take_back]
        acts += [self._bar, self._ignore, self._enrol, self._enrol, self._remove, self._remove, self._confirm]
        try:
            return self.chance.choice(acts)()
        except (Conflict, NotFound, Unprocessable):
            return None

    def forget(self) -> None:
        """Delete somebody, or a visit that may be gone already."""
        if self.chance.random() < 0.5:
            with suppress(NotFound):
                self._stores.visits.remove(self._some[0].id, lambda _: True)
        else:
            self._stores.people.remove(self._person, lambda _: True)

    @property
    def _stores(self) -> Stores:
        return self.enroller.stores

    @property
    def _person(self) -> str:
        people = self._stores.people.page(10)
        return self.chance.choice(people).id if people else self._stores.people.add("Ana").id

    @property
    def _some(self) -> list[Visit]:
        return self.chance.sample(self.visits, self.chance.choice((1, 1, 2)))

    @property
    def _accept(self) -> frozenset[Objection]:
        return self.chance.choice((frozenset(), EVERYTHING))

    def _name(self) -> Change | None:
        who = Statement(CorrectionVerdict.PERSON, self._person)
        return naming.name(self.enroller, self._some, who, self._accept).change

    def _name_anew(self) -> Change | None:
        who = Statement(CorrectionVerdict.PERSON, name=self.chance.choice(("Zoe", "Xi")))
        return naming.name(self.enroller, self._some, who, self._accept).change

    def _correct(self) -> Change | None:
        said = (
            Statement(CorrectionVerdict.PERSON, self._person),
            Statement(CorrectionVerdict.PERSON, name=self.chance.choice(("Zoe", "Xi"))),
            Statement(CorrectionVerdict.NOBODY),
            Statement(CorrectionVerdict.IGNORED),
        )
        return naming.correct(self.enroller, self._some[0], self.chance.choice(said), lambda _: True)

    def _take_back(self) -> Change | None:
        return naming.take_back(self._stores, self._some[0], lambda _: True)

    def _bar(self) -> Change | None:
        return barring.bar(self.enroller, self._some, self._person).change

    def _ignore(self) -> Change | None:
        return naming.ignore(self._stores, [visit.id for visit in self._some])

    def _enrol(self) -> Change | None:
        person = self._person
        candidate = candidate_of_visit(self._stores, person, self._some[0].id)
        return self.enroller.enrol(
            Candidate(person, candidate.photo, candidate.source, accept=EVERYTHING)
        ).change

    def _remove(self) -> Change | None:
        person = self._person
        with self._stores.changes.record(Deed.FACE_REMOVED, person, [person]) as made:
            for face in self._stores.faces.of(person)[-1:]:
                self._stores.faces.remove(person, face.id)
        return made.change

    def _confirm(self) -> Change | None:
        person = self._person
        with self._stores.changes.record(Deed.FACE_CONFIRMED, person, [person]) as made:
            for face in self._stores.faces.of(person):
                self._stores.faces.confirm(person, face.id)
        return made.change


@pytest.fixture
def walk(
    house: House, steps: Steps, server: InProcessServer, photo: Callable[[str], bytes]
) -> Callable[[int], Walk]:
    """Where a walk begins: two people, and visits of them and of others."""
    enroller = Remembering(house.pipeline, house.stores.acting(AT_HOME.name), house.policy, steps)
    for name in ("ana", "bruno"):
        person = house.stores.people.add(name.title()).id
        enroller.enrol(Candidate(person, photo(f"{name}-1")))
    visits = [house.stores.visits.get(post_photo(server, "/", photo(name)).json["visit"]) for name in VISITS]
    return lambda seed: Walk(enroller, visits, random.Random(seed))


def found(stores: Stores) -> dict[str, list[str]]:
    """What there must never be, and is."""
    with stores.database.read() as connection:
        rows = {why: [str(row) for row in connection.execute(sa.text(query))] for why, query in NEVER.items()}
        crops = connection.scalars(sa.text("SELECT crop FROM faces")).all()
    rows["a face has no crop"] = [crop for crop in crops if not stores.photos.path(crop).exists()]
    return {why: each for why, each in rows.items() if each}


@pytest.mark.parametrize("seed", range(6))
def test_all_that_is_undone_last_first_is_as_it_was_at_each_step(
    seed: int, walk: Callable[[int], Walk], house: House
) -> None:
    here, done = walk(seed), []
    for _ in range(14):
        before = kept(house.stores)
        if change := here.act():
            done.append((change, before))
        else:
            assert kept(house.stores) == before
        assert found(house.stores) == {}

    for change, before in reversed(done):
        undo(house.stores, house.embedder, change.id)
        assert (change.deed, kept(house.stores)) == (change.deed, before)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_undone_in_any_order_is_refused_or_leaves_what_may_be(
    seed: int, walk: Callable[[int], Walk], house: House, clock: Clock
) -> None:
    stores, here, done = house.stores, walk(seed), list[Change]()
    for step in range(40):
        if done and here.chance.random() < 0.4:
            undo_some(house, done, here.chance)
        elif step % 20 == 19:
            here.forget()
        elif change := here.act():
            done.append(change)
        assert found(stores) == {}

    clock.advance(KEPT.total_seconds() + 1)
    retention.purge(stores, house.config, clock.now())
    with stores.database.read() as connection:
        crops = set(connection.scalars(sa.text("SELECT crop FROM faces")))
    assert {f"people/{path.name}" for path in stores.photos.path("people").iterdir()} == crops


def undo_some(house: House, done: list[Change], chance: random.Random) -> None:
    """Undo one of some changes, or be refused and change nothing."""
    before, change = kept(house.stores), chance.choice(done)
    try:
        undo(house.stores, house.embedder, change.id)
    except (Conflict, NotFound):
        assert kept(house.stores) == before
    else:
        done.remove(change)
