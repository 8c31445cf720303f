from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from wsgi_app.base.doors import DoorId, DoorState
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.events import Event, EventPage, SeenVisit, tell
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit


def add_visit(stores: Stores, person_id: str | None = None) -> Visit:
    visit = Visit(
        0,
        stores.visits.new_id(),
        stores.now(),
        DoorId.of("device:front-door"),
        Outcome.KNOWN if person_id else Outcome.UNKNOWN,
        person_id,
        0.7,
        None,
        "none.jpg",
        took_ms=1.0,
    )
    stores.visits.add(visit, StoredAnswer(200, b"{}"), None)
    return visit


def test_before_anything_happens_there_is_nothing(stores: Stores) -> None:
    assert (stores.events.last(), stores.events.after(0, 10)) == (0, [])
    assert stores.events.page(0, 10) == EventPage(0, [], {}, {}, {})


def test_events_come_in_the_order_of_happening(stores: Stores, clock: Clock) -> None:
    stores.devices.add("front-door", b"hash")
    clock.advance(60)
    stores.events.say("Hello", "Olga", "connection-1")

    added, said = stores.events.after(0, 10)

    assert said == Event(
        2, clock.now(), "message", "said", "connection-1", by="Olga", details={"text": "Hello"}
    )
    assert (added.number, added.at) == (1, clock.now() - timedelta(seconds=60))
    assert stores.events.after(1, 10) == [said]
    assert stores.events.after(0, 1) == [added]
    assert stores.events.last() == 2


def test_an_event_is_there_only_if_what_it_tells_is(stores: Stores, clock: Clock) -> None:
    def change_and_fail() -> None:
        with stores.database.write() as connection:
            tell(connection, clock.now(), ("person", "changed", "p1"))
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        change_and_fail()
    stores.events.say("Hello", "Olga", "connection-1")

    assert [(event.number, event.kind) for event in stores.events.after(0, 10)] == [(1, "message")]


def test_the_last_number_stays_when_the_latest_events_are_deleted(stores: Stores) -> None:
    for _ in range(3):
        stores.events.say("Hello", "Olga", "connection-1")
    with stores.database.write() as connection:
        connection.execute(sa.text("DELETE FROM events"))

    assert stores.events.last() == 3
    stores.events.say("Hello", "Olga", "connection-1")
    assert [event.number for event in stores.events.after(0, 10)] == [4]


def test_those_who_watch_are_told_what_events_are_about(stores: Stores) -> None:
    ana = stores.people.add("Ana")
    stores.devices.add("front-door", b"hash")
    stores.devices.tell_states()
    visit, stranger = add_visit(stores, ana.id), add_visit(stores)

    found = stores.events.page(0, 10)

    assert [event.kind for event in found.events] == ["person", "device", "device", "visit", "visit"]
    assert found == EventPage(
        5,
        stores.events.after(0, 10),
        {
            visit.id: SeenVisit(
                visit.id, visit.at, DoorId.of("device:front-door"), Outcome.KNOWN, 0.7, (ana.id, "Ana")
            ),
            stranger.id: SeenVisit(
                stranger.id, stranger.at, DoorId.of("device:front-door"), Outcome.UNKNOWN, 0.7, None
            ),
        },
        {ana.id: "Ana"},
        {"front-door": DoorState.NEVER},
    )


def test_those_who_watch_are_told_nothing_of_accounts(stores: Stores) -> None:
    stores.invitations.invite(b"key", "owner")
    stores.accounts.accept(b"key", "Olga", "hash")

    found = stores.events.page(0, 10)

    assert {event.kind for event in stores.events.after(0, 10)} == {"account"}
    assert (found.events, found.last) == ([], stores.events.last())


def test_the_audit_log_has_what_somebody_did_by_hand_newest_first(stores: Stores) -> None:
    ana = stores.acting("Olga").people.add("Ana")
    add_visit(stores)
    bruno = stores.acting("Otto").people.add("Bruno")
    stores.events.say("Hello", "Olga", "connection-1")

    def told(events: list[Event]) -> list[tuple[str | None, str, str]]:
        return [(event.by, event.action, event.subject) for event in events]

    assert told(stores.events.done_by_somebody(10)) == [
        ("Otto", "added", bruno.id),
        ("Olga", "added", ana.id),
    ]
    assert told(stores.events.done_by_somebody(1)) == [("Otto", "added", bruno.id)]
    assert told(stores.events.done_by_somebody(10, before=3)) == [("Olga", "added", ana.id)]
