from collections.abc import Callable

import numpy as np
import pytest
import sqlalchemy as sa

from tests.conftest import Clock
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

Come = Callable[..., None]

FRONT = DoorId(DoorKind.DEVICE, "front door")


@pytest.fixture
def come(stores: Stores, clock: Clock) -> Come:
    """Store a visit with its face as an embedder saw it."""

    def add(visit_id: str, outcome: str = "unknown", person: str | None = None, embedder: str = "e1") -> None:
        clock.advance(60)
        visit = Visit(
            number=0,
            id=visit_id,
            at=clock.now(),
            door=FRONT,
            outcome=Outcome(outcome),
            person_id=person,
            score=0.25,
            face=None,
            photo=stores.visits.save_photo(visit_id, clock.now(), b"jpeg"),
            took_ms=12.5,
        )
        vector = np.array((0.6, 0.8), np.float32)
        probe = Embedding(embedder, vector) if embedder else None
        stores.visits.add(visit, StoredAnswer(404, b"{}"), None, None, probe)

    return add


def waiting(stores: Stores, limit: int = 500) -> list[str]:
    found = [probe.visit_id for probe in stores.probes.unsettled("e1", limit)]
    assert stores.probes.count_unsettled("e1", limit) == len(found)
    return found


def test_which_embedder_compared_a_visits_face_is_known(stores: Stores, come: Come) -> None:
    come("v1", embedder="e2")
    come("v2", "no_face", embedder="")

    assert [stores.probes.embedder_of(visit) for visit in ("v1", "v2", "v3")] == ["e2", None, None]


def test_an_unknown_face_waits_with_everything_that_tells_who_it_may_be(
    stores: Stores, clock: Clock, come: Come
) -> None:
    come("v1")

    (probe,) = stores.probes.unsettled("e1", 500)

    assert (probe.number, probe.visit_id, probe.at, probe.door, probe.score) == (
        1,
        "v1",
        clock.now(),
        FRONT,
        0.25,
    )
    assert probe.vector.dtype == np.float32
    assert probe.vector.tolist() == [np.float32(0.6), np.float32(0.8)]


def test_neither_every_visit_nor_every_probe_is_read(stores: Stores) -> None:
    asked = []
    sa.event.listen(stores.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2:4]))
    assert waiting(stores) == []
    statements = [one for one in asked if "probes" in one[0]]
    assert len(statements) == 2
    with stores.database.read() as connection:
        plans = [
            connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values) for text, values in statements
        ]
        steps = [row[3] for plan in plans for row in plan]
    assert "SEARCH visits USING INDEX ix_visits_outcome (outcome=?)" in steps
    assert [step for step in steps if step.startswith(("SCAN visits", "SCAN probes", "USE TEMP"))] == []


def test_the_newest_faces_come_first_and_only_so_many(stores: Stores, come: Come) -> None:
    for number in range(1, 6):
        come(f"v{number}")

    assert waiting(stores) == ["v5", "v4", "v3", "v2", "v1"]
    assert waiting(stores, 2) == ["v5", "v4"]


def test_a_face_that_was_known_or_not_compared_does_not_wait(stores: Stores, come: Come) -> None:
    ana = stores.people.add("Ana").id
    come("known", "known", ana)
    come("nobody there", "no_face", embedder="")
    come("at night", "not_now")
    come("a stranger")

    assert waiting(stores) == ["a stranger"]


def test_what_another_embedder_saw_cannot_be_compared_and_does_not_wait(stores: Stores, come: Come) -> None:
    come("v1", embedder="e2")
    come("v2")

    assert waiting(stores) == ["v2"]


@pytest.mark.parametrize(
    ("verdict", "left"),
    [
        (CorrectionVerdict.PERSON, ["known"]),
        (CorrectionVerdict.IGNORED, ["known"]),
        (CorrectionVerdict.NOBODY, ["unknown", "known"]),
    ],
)
def test_an_unknown_face_waits_until_somebody_says_who_it_is(
    stores: Stores, come: Come, verdict: CorrectionVerdict, left: list[str]
) -> None:
    ana = stores.people.add("Ana").id
    come("known", "known", ana)
    come("unknown")
    stores.corrections.set(["known"], CorrectionVerdict.NOBODY)
    assert waiting(stores) == ["unknown", "known"]

    stores.corrections.set(["unknown"], verdict, ana if verdict is CorrectionVerdict.PERSON else None)

    assert waiting(stores) == left


def test_a_known_face_waits_once_it_was_said_to_be_nobodys_until_that_is_taken_back(
    stores: Stores, come: Come
) -> None:
    come("v1", "known", stores.people.add("Ana").id)
    assert waiting(stores) == []

    stores.corrections.set(["v1"], CorrectionVerdict.NOBODY)
    assert waiting(stores) == ["v1"]

    stores.corrections.remove("v1")
    assert waiting(stores) == []
