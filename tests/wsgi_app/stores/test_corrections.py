from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.conftest import Clock
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import NotFound
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.corrections import Correction
from wsgi_app.stores.events import AT_THE_MACHINE, Event
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

TEN_O_CLOCK = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
NOBODY = "f" * 32


@pytest.fixture
def came(stores: Stores) -> list[str]:
    """The ids of three visits."""
    ids = ["v1", "v2", "v3"]
    for visit_id in ids:
        visit = Visit(
            number=0,
            id=visit_id,
            at=stores.now(),
            door=DoorId.of("device:front door"),
            outcome=Outcome.UNKNOWN,
            person_id=None,
            score=0.25,
            face=None,
            photo=stores.visits.save_photo(visit_id, stores.now(), b"jpeg"),
            took_ms=12.5,
        )
        stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
    return ids


@pytest.fixture
def ana(stores: Stores) -> str:
    return stores.people.add("Ana").id


def told(stores: Stores, after: int) -> list[Event]:
    return stores.events.after(after, 100)


def test_nothing_was_said_of_a_new_visit(stores: Stores, came: list[str]) -> None:
    assert stores.corrections.of(came) == {}


def test_what_was_said_of_visits_is_kept_with_who_said_it_and_when(
    stores: Stores, came: list[str], ana: str
) -> None:
    stores.acting("Clara").corrections.set(["v1", "v3"], CorrectionVerdict.PERSON, ana)
    stores.corrections.set(["v2"], CorrectionVerdict.IGNORED)

    assert stores.corrections.of(came) == {
        "v1": Correction("v1", CorrectionVerdict.PERSON, ana, by="Clara", at=TEN_O_CLOCK),
        "v2": Correction("v2", CorrectionVerdict.IGNORED, None, by=AT_THE_MACHINE, at=TEN_O_CLOCK),
        "v3": Correction("v3", CorrectionVerdict.PERSON, ana, by="Clara", at=TEN_O_CLOCK),
    }
    assert stores.corrections.of(["v3", NOBODY]).keys() == {"v3"}


def test_the_verdict_of_a_corrected_visit_stays_as_it_was(stores: Stores, came: list[str], ana: str) -> None:
    before = stores.visits.page(10)

    stores.corrections.set(came, CorrectionVerdict.PERSON, ana)

    assert stores.visits.page(10) == before


def test_the_last_word_counts(stores: Stores, clock: Clock, came: list[str], ana: str) -> None:
    stores.corrections.set(came, CorrectionVerdict.PERSON, ana)
    clock.advance(60)
    stores.corrections.set(["v2"], CorrectionVerdict.NOBODY)

    said = stores.corrections.of(came)
    assert {visit_id: one.verdict for visit_id, one in said.items()} == {
        "v1": "person",
        "v2": "nobody",
        "v3": "person",
    }
    assert said["v2"] == Correction("v2", CorrectionVerdict.NOBODY, None, AT_THE_MACHINE, clock.now())


def test_a_visit_that_is_named_twice_is_corrected_once(stores: Stores, came: list[str]) -> None:
    last = stores.events.last()

    stores.corrections.set(["v1", "v1"], CorrectionVerdict.IGNORED)

    assert [event.subject for event in told(stores, last)] == ["v1"]


def test_each_correction_is_told(stores: Stores, came: list[str], ana: str) -> None:
    last = stores.events.last()

    stores.acting("Clara").corrections.set(["v1", "v2"], CorrectionVerdict.PERSON, ana)
    stores.acting("Duarte").corrections.remove("v1")

    expected = Event(
        number=last + 1,
        at=TEN_O_CLOCK,
        kind="visit",
        action="corrected",
        subject="v1",
        by="Clara",
        details={"verdict": "person", "person": ana},
    )
    assert told(stores, last) == [
        expected,
        replace(expected, number=last + 2, subject="v2"),
        replace(expected, number=last + 3, action="correction_removed", by="Duarte", details={}),
    ]


@pytest.mark.parametrize(
    ("visit_ids", "person_id", "reason"),
    [
        (["v1", NOBODY], None, "^not_found:visit$"),
        (["v1", "v2"], NOBODY, "^not_found:person$"),
    ],
)
def test_what_cannot_be_said_of_all_is_said_of_none(
    stores: Stores, came: list[str], visit_ids: list[str], person_id: str | None, reason: str
) -> None:
    stores.corrections.set(["v1"], CorrectionVerdict.IGNORED)
    before, last = stores.corrections.of(came), stores.events.last()

    with pytest.raises(NotFound, match=reason):
        stores.corrections.set(visit_ids, CorrectionVerdict.PERSON, person_id)

    assert before
    assert stores.corrections.of(came) == before
    assert told(stores, last) == []


def test_a_correction_is_taken_back_once(stores: Stores, came: list[str]) -> None:
    stores.corrections.set(came, CorrectionVerdict.IGNORED)

    stores.corrections.remove("v2")

    assert stores.corrections.of(came).keys() == {"v1", "v3"}
    with pytest.raises(NotFound, match="not_found:correction"):
        stores.corrections.remove("v2")


def test_whoever_is_forgotten_is_in_no_correction(stores: Stores, came: list[str], ana: str) -> None:
    stores.corrections.set(["v1"], CorrectionVerdict.PERSON, ana)
    stores.corrections.set(["v2"], CorrectionVerdict.IGNORED)

    stores.people.remove(ana, lambda _: True)

    assert stores.corrections.of(came).keys() == {"v2"}
