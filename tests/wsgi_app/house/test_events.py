from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from tests.galleries import SHARP
from tests.wsgi_app.live.conftest import add_visit
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.people import PersonName
from wsgi_app.base.purges import HoldReason
from wsgi_app.house.events import EventBody, EventFeed, EventsBody, PurgeSeen, VisitSeen
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.purges import PurgeDoubt
from wsgi_app.stores.stores import Stores


@pytest.fixture
def feed(stores: Stores) -> EventFeed:
    return EventFeed(stores.events)


def test_a_visit_is_told_with_who_was_let_in(stores: Stores, feed: EventFeed, clock: Clock) -> None:
    ana = stores.acting("Olga").people.add("Ana")
    visit = add_visit(stores, person_id=ana.id)

    assert feed.after(0, 10) == EventsBody(
        [
            EventBody(1, clock.now(), "person", "added", ana.id, by="Olga", name="Ana"),
            EventBody(
                2,
                clock.now(),
                "visit",
                "came",
                visit,
                visit=VisitSeen(
                    visit,
                    clock.now(),
                    "device:front-door",
                    Outcome.KNOWN,
                    PersonName(ana.id, "Ana"),
                    score=0.7,
                ),
            ),
        ],
        last=2,
    )


def test_names_are_told_as_they_are_now(stores: Stores, feed: EventFeed) -> None:
    ana = stores.people.add("Ana")
    add_visit(stores, person_id=ana.id)
    with stores.database.write() as connection:
        connection.execute(sa.text("UPDATE people SET name = 'Anabela'"))

    added, came = feed.after(0, 10).events

    assert came.visit is not None
    assert (added.name, came.visit.person) == ("Anabela", PersonName(ana.id, "Anabela"))


def test_somebody_forgotten_is_told_of_without_a_name(stores: Stores, feed: EventFeed) -> None:
    ana = stores.people.add("Ana")
    stores.people.remove(ana.id, lambda _: True)

    assert [(event.action, event.name) for event in feed.after(0, 10).events] == [
        ("added", None),
        ("forgotten", None),
    ]


def test_a_face_that_somebody_insisted_on_is_told_with_its_doubts_until_it_is_confirmed(
    stores: Stores, feed: EventFeed
) -> None:
    ana, bruno = stores.people.add("Ana"), stores.people.add("Bruno")
    kept = Embedding("e1", np.ones(4, np.float32))
    plain = stores.faces.add(ana.id, b"", SHARP, kept)
    twin = stores.faces.add(ana.id, b"", SHARP, kept, Source(like=bruno.id, unlike=0.1234))
    stores.faces.confirm(ana.id, twin.id)
    before = feed.after(2, 10).events
    stores.people.remove(bruno.id, lambda _: True)
    after = feed.after(2, 10).events

    def told(events: list[EventBody]) -> list[tuple[str, str | None, PersonName | None, float | None]]:
        return [(event.action, event.face, event.like, event.unlike) for event in events]

    assert told(before) == [
        ("enrolled", plain.id, None, None),
        ("enrolled", twin.id, PersonName(bruno.id, "Bruno"), 0.12),
        ("face_confirmed", twin.id, None, None),
    ]
    assert told(after)[1] == ("enrolled", twin.id, None, 0.12)  # who is forgotten is named nowhere


def test_a_visit_that_is_gone_is_left_out(stores: Stores, feed: EventFeed) -> None:
    visit = add_visit(stores)
    with stores.database.write() as connection:
        connection.execute(sa.text("DELETE FROM visits"))

    body = msgspec.to_builtins(feed.after(0, 10))
    assert [(event["subject"], "visit" in event) for event in body["events"]] == [(visit, False)]


def test_a_device_is_told_with_its_state_and_a_message_with_its_text(stores: Stores, feed: EventFeed) -> None:
    stores.devices.add("front-door", b"hash")
    stores.devices.tell_states()
    stores.events.say("The plumber comes at ten.", "Olga", "connection-1")

    told = [
        (event.kind, event.action, event.subject, event.state, event.text)
        for event in feed.after(0, 10).events
    ]
    assert told[-2:] == [
        ("device", "never", "front-door", "never", None),
        ("message", "said", "connection-1", None, "The plumber comes at ten."),
    ]


def test_a_purge_that_waits_is_told_with_why_and_how_much_would_go(stores: Stores, feed: EventFeed) -> None:
    stores.purges.hold(PurgeDoubt(HoldReason.CLOCK_JUMPED, 12, 15, {"other visits": 12}, 15))
    stores.acting("Olga").purges.approve()

    told = [
        (event.kind, event.action, event.subject, event.by, event.purge) for event in feed.after(0, 10).events
    ]
    assert told == [
        ("purge", "held", "clock_jumped", None, PurgeSeen(visits=12, of=15)),
        ("purge", "approved", "clock_jumped", "Olga", PurgeSeen(visits=12, of=15)),
    ]


def test_what_happens_to_accounts_is_told_to_nobody(stores: Stores, feed: EventFeed) -> None:
    stores.invitations.invite(b"key", "owner")
    stores.accounts.accept(b"key", "Olga", "hash")
    stores.events.say("Hello", "Olga", "connection-1")

    kinds = [event.kind for event in stores.events.after(0, 10)]
    assert set(kinds) == {"account", "message"}
    assert [event.kind for event in feed.after(0, 10).events] == ["message"]


def test_what_follows_is_told_a_page_at_a_time(stores: Stores, feed: EventFeed) -> None:
    subjects = [add_visit(stores) for _ in range(5)]

    pages = [feed.after(0, 2), feed.after(2, 2), feed.after(4, 2), feed.after(5, 2)]

    assert [[event.subject for event in page.events] for page in pages] == [
        subjects[:2],
        subjects[2:4],
        subjects[4:],
        [],
    ]
    assert [(page.last, page.reset) for page in pages] == [(2, False), (4, False), (5, False), (5, False)]


def test_a_number_that_no_event_had_yet_is_from_another_house(stores: Stores, feed: EventFeed) -> None:
    add_visit(stores)

    assert feed.after(7, 10) == EventsBody([], last=1, reset=True)


@pytest.fixture
def statements(stores: Stores) -> Iterator[list[str]]:
    """Every SELECT from now on."""
    seen: list[str] = []

    def see(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    sa.event.listen(stores.database.engine, "before_cursor_execute", see)
    yield seen
    sa.event.remove(stores.database.engine, "before_cursor_execute", see)


def test_many_visits_are_read_with_as_few_queries_as_one(
    stores: Stores, feed: EventFeed, statements: list[str]
) -> None:
    people = [stores.people.add(name).id for name in ("Ana", "Bruno", "Chen")]
    for number in range(30):
        add_visit(stores, person_id=people[number % 3])
    statements.clear()

    page = feed.after(0, 100)

    assert len(page.events) == 33
    assert len(statements) == 4  # the events, their number, the visits, the names
