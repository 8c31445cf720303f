"""All that can change of a visit, and changes that are refused because it did."""

from dataclasses import replace

import pytest

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import NotFound, PreconditionFailed
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visit_states import VisitState
from wsgi_app.stores.visits import StoredAnswer, Visit


@pytest.fixture
def ana(stores: Stores) -> str:
    """Ana's id; the visit ``v1`` is hers."""
    ana = stores.people.add("Ana").id
    photo = stores.visits.save_photo("v1", stores.now(), b"jpeg")
    visit = Visit(
        0, "v1", stores.now(), DoorId.of("device:front"), Outcome.KNOWN, ana, 0.9, None, photo, 12.5
    )
    stores.visits.add(visit, StoredAnswer(200, b"{}"), None)
    return ana


def test_everything_that_can_change_is_in_the_state(stores: Stores, ana: str) -> None:
    bruno = stores.people.add("Bruno").id
    came = VisitState("v1", ana, "Ana", None, None, None, None, None)
    assert stores.visits.state("v1") == came

    stores.acting("Clara").corrections.set(["v1"], CorrectionVerdict.PERSON, bruno)
    corrected = replace(
        came,
        verdict=CorrectionVerdict.PERSON,
        corrected_id=bruno,
        corrected_name="Bruno",
        by="Clara",
        at=stores.now(),
    )
    assert stores.visits.state("v1") == corrected

    stores.people.change(bruno, lambda person: replace(person, name="Bruna"), lambda _: True)
    assert stores.visits.state("v1") == replace(corrected, corrected_name="Bruna")

    stores.corrections.remove("v1")
    assert stores.visits.state("v1") == came


def test_a_visit_that_is_not_there_has_no_state(stores: Stores) -> None:
    with pytest.raises(NotFound, match="not_found:visit"):
        stores.visits.state("v1")


def test_what_is_expected_is_asked_in_the_transaction_and_nothing_is_changed_otherwise(
    stores: Stores, ana: str
) -> None:
    stores.corrections.set(["v1"], CorrectionVerdict.IGNORED)
    before, last, seen = stores.visits.state("v1"), stores.events.last(), []

    def refuse(state: VisitState) -> bool:
        seen.append(state)
        return False

    with pytest.raises(PreconditionFailed, match="precondition_failed:visit"):
        stores.corrections.set(["v1"], CorrectionVerdict.PERSON, ana, refuse)
    with pytest.raises(PreconditionFailed, match="precondition_failed:visit"):
        stores.corrections.remove("v1", refuse)
    with pytest.raises(PreconditionFailed, match="precondition_failed:visit"):
        stores.visits.remove("v1", refuse)

    assert seen == [before] * 3
    assert (stores.visits.state("v1"), stores.events.last()) == (before, last)
