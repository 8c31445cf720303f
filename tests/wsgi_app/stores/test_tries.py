"""Tries at the doors, kept with the visits that they are."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import TooManyRequests
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.tries import Series, TryRule
from wsgi_app.stores.database import open_database
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tries import TryStore
from wsgi_app.stores.visits import Counting, StoredAnswer, Visit

FRONT, BACK = DoorId(DoorKind.DEVICE, "front"), DoorId(DoorKind.DEVICE, "back")
RULE = TryRule(tries=3, window=timedelta(minutes=10), longest_wait_s=30)
KEPT_OUT = StoredAnswer(404, b"{}")
KNOWN, UNKNOWN, NO_FACE = Outcome.KNOWN, Outcome.UNKNOWN, Outcome.NO_FACE


class Visits:
    """Visits come, each with the next number for its id."""

    def __init__(self, stores: Stores, clock: Clock):
        self.stores, self.clock, self.count = stores, clock, 0

    def come(self, *outcomes: Outcome, door: DoorId = FRONT, apart_s: float = 31) -> None:
        """One after the other, each after the longest wait unless told otherwise."""
        for outcome in outcomes:
            self.clock.advance(apart_s)
            self.add(outcome, door)

    def add(self, outcome: Outcome, door: DoorId = FRONT) -> None:
        self.count += 1
        at, name = self.stores.now(), f"v{self.count}"
        photo = self.stores.visits.save_photo(name, at, b"")
        visit = Visit(0, name, at, door, outcome, None, None, None, photo, 1.0)
        self.stores.visits.add(visit, KEPT_OUT, None, counting=Counting(RULE))

    def told(self) -> list[tuple[str, str, int, object]]:
        """What was told of the doors: what, of which, how many tries, with which visit."""
        events = self.stores.events.after(0, 1000)
        return [
            (event.action, event.subject, event.details["tries"], event.details["visit"])
            for event in events
            if event.kind == "door"
        ]


@pytest.fixture
def visits(stores: Stores, clock: Clock) -> Visits:
    return Visits(stores, clock)


def test_a_series_begins_with_the_try_that_is_one_too_many(
    visits: Visits, stores: Stores, clock: Clock
) -> None:
    visits.come(UNKNOWN, NO_FACE, UNKNOWN)
    assert stores.tries.at(FRONT, RULE) is None
    visits.come(UNKNOWN)

    since = clock.now() - timedelta(seconds=93)
    assert stores.tries.at(FRONT, RULE) == Series(FRONT, since, clock.now(), 3)
    assert visits.told() == [("tried", "device:front", 3, "v4")]


def test_it_goes_on_with_each_try_and_is_told_as_it_has_doubled(
    visits: Visits, stores: Stores, clock: Clock
) -> None:
    visits.come(*[UNKNOWN] * 7, NO_FACE)

    series = stores.tries.at(FRONT, RULE)
    assert series is not None
    assert (series.tries, clock.now() - series.last_at) == (7, timedelta(seconds=31))
    assert visits.told() == [("tried", "device:front", 3, "v3"), ("tried", "device:front", 6, "v6")]


def test_somebody_let_in_ends_it_and_that_is_told(visits: Visits, stores: Stores) -> None:
    visits.come(*[UNKNOWN] * 4, KNOWN)

    assert stores.tries.at(FRONT, RULE) is None
    assert visits.told() == [("tried", "device:front", 3, "v3"), ("let_in", "device:front", 4, "v5")]
    visits.come(UNKNOWN, UNKNOWN)
    assert stores.tries.at(FRONT, RULE) is None  # these begin to count anew


def test_it_ends_after_a_window_without_a_try(visits: Visits, stores: Stores, clock: Clock) -> None:
    visits.come(*[UNKNOWN] * 3)
    clock.advance(600)
    assert stores.tries.at(FRONT, RULE) is not None
    clock.advance(1)
    assert (stores.tries.at(FRONT, RULE), stores.tries.everywhere(RULE)) == (None, [])
    visits.come(UNKNOWN, KNOWN, *[UNKNOWN] * 3)

    assert [(action, tries) for action, _, tries, _ in visits.told()] == [("tried", 3), ("tried", 3)]


def test_tries_that_are_far_apart_begin_none(visits: Visits, stores: Stores) -> None:
    visits.come(*[UNKNOWN] * 20, apart_s=301)

    assert (stores.tries.at(FRONT, RULE), visits.told()) == (None, [])


def test_doors_are_tried_each_for_itself(visits: Visits, stores: Stores) -> None:
    address = DoorId(DoorKind.ADDRESS, "front")
    visits.come(*[UNKNOWN] * 4)
    visits.come(*[UNKNOWN] * 3, door=address, apart_s=0.1)
    visits.come(UNKNOWN, UNKNOWN, door=BACK)

    assert [(str(series.door), series.tries) for series in stores.tries.everywhere(RULE)] == [
        ("device:front", 4),
        ("address:front", 3),
    ]
    assert stores.tries.at(BACK, RULE) is None


def test_of_presses_side_by_side_the_first_makes_the_others_wait(
    visits: Visits, stores: Stores, clock: Clock
) -> None:
    visits.come(*[UNKNOWN] * 3)
    clock.advance(31)

    def is_kept(outcome: Outcome) -> bool:
        try:
            visits.add(outcome)
        except TooManyRequests:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(is_kept, [UNKNOWN] * 8))

    assert kept.count(True) == 1
    assert len(stores.visits.page(100)) == 4
    assert len(list(stores.photos.path("visits").rglob("*.jpg"))) == 4


def test_every_worker_finds_it_and_no_restart_ends_it(visits: Visits, stores: Stores) -> None:
    visits.come(*[UNKNOWN] * 3)
    other = open_database(str(stores.database.engine.url))

    assert TryStore(other, stores.now).at(FRONT, RULE) == stores.tries.at(FRONT, RULE) is not None
    other.close()


def test_a_rule_without_tries_keeps_nothing(visits: Visits, stores: Stores) -> None:
    visits.come(*[UNKNOWN] * 3)
    never = TryRule(tries=0)

    assert (stores.tries.at(FRONT, never), stores.tries.everywhere(never)) == (None, [])


@pytest.fixture
def plans(stores: Stores) -> Iterator[list[str]]:
    """How the database goes about each question that is asked of it."""
    seen: list[str] = []

    @sa.event.listens_for(stores.database.engine, "before_cursor_execute")
    def explain(
        connection: sa.Connection, cursor: object, statement: str, parameters: tuple[object, ...], *_: object
    ) -> None:
        if statement.startswith("SELECT"):
            plan = connection.connection.cursor()
            plan.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            seen.extend(row[3] for row in plan.fetchall())

    yield seen
    sa.event.remove(stores.database.engine, "before_cursor_execute", explain)


def test_no_press_reads_more_than_its_own_doors_latest_visits(visits: Visits, plans: list[str]) -> None:
    visits.come(UNKNOWN)

    assert plans == [
        "SEARCH tried_doors USING INDEX sqlite_autoindex_tried_doors_1 (door_kind=? AND door=?)",
        "SEARCH visits USING COVERING INDEX ix_visits_door_at (door_kind=? AND door=? AND at>? AND at<?)",
    ]


def test_visits_of_before_the_clock_was_set_back_hide_no_series(visits: Visits, clock: Clock) -> None:
    visits.come(KNOWN)
    clock.advance(-3600)

    visits.come(UNKNOWN, UNKNOWN, UNKNOWN)

    assert [(action, tries) for action, _, tries, _ in visits.told()] == [("tried", 3)]
