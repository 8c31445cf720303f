"""How the pages say what happened."""

import numpy as np

from tests.accounts import add_account
from tests.galleries import SHARP
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.doors import DoorId, DoorState
from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.base.purges import HoldReason
from wsgi_app.endpoints.undo import PAGES
from wsgi_app.house.words.pages import CHANGES, DEEDS, DOORS, OUTCOMES, REASONS, TALLIES, TITLES
from wsgi_app.stores.changes import Recording
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.purges import PurgeDoubt
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

EMBEDDING = Embedding("embedder", np.ones(4, np.float32))


def test_every_outcome_has_its_words() -> None:
    assert set(OUTCOMES) == set(TITLES) == set(Outcome)
    assert sorted(outcome for *_, together in TALLIES for outcome in together) == sorted(Outcome)


def test_everything_that_can_be_undone_has_its_words_and_the_page_that_follows() -> None:
    assert set(DEEDS) == set(PAGES) == set(Deed)


def test_every_reason_has_its_words() -> None:
    assert set(REASONS) == set(Reason)


def test_every_state_of_a_door_has_its_words() -> None:
    assert list(DOORS) == list(DoorState)


def test_the_lights_are_those_of_the_door_and_green_is_for_whoever_is_let_in() -> None:
    assert {light for _, light in (*OUTCOMES.values(), *DOORS.values())} == {"green", "red", "amber"}
    assert [outcome for outcome, (_, light) in OUTCOMES.items() if light == "green"] == [Outcome.KNOWN]


def test_a_tile_has_the_light_of_all_that_it_counts() -> None:
    counted = {outcome: light for _, light, outcomes in TALLIES for outcome in outcomes}

    assert counted == {outcome: light for outcome, (_, light) in OUTCOMES.items()}


def test_everything_that_is_done_by_hand_has_its_words(stores: Stores) -> None:
    change_accounts(stores)
    change_people(stores)
    change_visits(stores)
    stores.devices.add("front", b"hash")
    stores.devices.revoke("front")
    stores.purges.hold(PurgeDoubt(HoldReason.ALL_OLD, 1, 1, {}, 1))
    stores.purges.approve()

    done = {f"{event.kind} {event.action}" for event in stores.events.done_by_somebody(100)}

    assert done == set(CHANGES)


def change_accounts(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    vera = add_account(stores, "Vera", "viewer")
    stores.accounts.tell_failure(vera, "127.0.0.1")
    stores.sessions.start(b"sign-in", vera, "127.0.0.1")
    stores.sessions.end(b"sign-in")
    stores.invitations.let_back_in(b"link", vera.id)
    stores.accounts.accept(b"link", "", "hash")
    stores.invitations.take_back(stores.invitations.invite(b"another link", "viewer").id)
    stores.accounts.change_role(vera.id, "operator", lambda _: True)
    stores.accounts.remove(vera.id, lambda _: True)


def change_people(stores: Stores) -> None:
    ana = stores.people.add("Ana").id
    stores.people.change(ana, lambda person: person, lambda _: True)
    face = stores.faces.add(ana, b"png", SHARP, EMBEDDING)
    stores.faces.add(ana, b"png", SHARP, EMBEDDING, Source(negative=True))
    stores.faces.confirm(ana, stores.faces.add(ana, b"png", SHARP, EMBEDDING, Source(unlike=0.2)).id)
    with stores.changes.record(Deed.FACE_REMOVED, ana, [ana]) as removed:
        stores.faces.remove(ana, face.id)
    take_back(stores, removed)
    stores.people.remove(ana, lambda _: True)


def take_back(stores: Stores, made: Recording) -> None:
    assert made.change is not None
    stores.changes.take_back(made.change.id)


def change_visits(stores: Stores) -> None:
    at = stores.now()
    for visit_id in ("v1", "v2"):
        photo = stores.visits.save_photo(visit_id, at, b"jpeg")
        visit = Visit(
            0, visit_id, at, DoorId.of("device:front"), Outcome.UNKNOWN, None, None, None, photo, 12.5
        )
        stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
    with stores.changes.record(Deed.CORRECTED, "v1", visits=["v1"]) as corrected:
        stores.corrections.set(["v1"], CorrectionVerdict.NOBODY)
    take_back(stores, corrected)
    stores.corrections.set(["v1"], CorrectionVerdict.IGNORED)
    stores.corrections.remove("v1")
    stores.visits.remove("v2", lambda _: True)
