"""Why a purge waits, and what the last one saw of the clocks."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conftest import Clock
from wsgi_app.base.clocks import Clocks
from wsgi_app.base.errors import Conflict
from wsgi_app.base.purges import HoldReason
from wsgi_app.stores.purges import Hold, PurgeDoubt, PurgeState
from wsgi_app.stores.stores import Stores

ALL_OLD = PurgeDoubt(HoldReason.ALL_OLD, visits=2, of=3, counts={"other visits": 2, "sessions": 1}, newest=7)
MOST = replace(ALL_OLD, reason=HoldReason.MOST_VISITS)


def told(stores: Stores) -> list[tuple[str, str, str | None]]:
    """What was told of purges: what, of which reason, by whom."""
    events = stores.events.after(0, 1000)
    return [(event.action, event.subject, event.by) for event in events if event.kind == "purge"]


def test_in_a_new_house_no_purge_was_and_none_waits(stores: Stores) -> None:
    assert stores.purges.state() == PurgeState(None, None)


def test_a_purge_waits_until_it_has_gone_and_is_told_once(stores: Stores, clock: Clock) -> None:
    since = clock.now()

    hold = stores.purges.hold(ALL_OLD)
    clock.advance(3600)
    again = stores.purges.hold(replace(ALL_OLD, visits=3))

    assert hold == Hold(ALL_OLD, since)
    assert again == replace(hold, doubt=replace(ALL_OLD, visits=3))
    assert stores.purges.state() == PurgeState(None, again)
    assert told(stores) == [("held", "all_old", None)]


def test_it_is_approved_once_by_whoever_was_first(stores: Stores) -> None:
    stores.purges.hold(ALL_OLD)

    hold = stores.acting("Olga").purges.approve()

    assert hold.approved_by == "Olga"
    assert stores.acting("Ana").purges.approve() == hold == stores.purges.hold(ALL_OLD)
    assert told(stores)[1:] == [("approved", "all_old", "Olga")]


def test_what_does_not_wait_cannot_be_approved(stores: Stores) -> None:
    with pytest.raises(Conflict, match="no_purge_held"):
        stores.purges.approve()


def test_another_reason_is_another_question_from_the_same_time_on(stores: Stores, clock: Clock) -> None:
    before = stores.purges.hold(ALL_OLD)
    stores.purges.approve()
    clock.advance(3600)

    assert stores.purges.hold(MOST) == Hold(MOST, before.since)
    assert told(stores)[2:] == [("held", "most_visits", None)]


@pytest.mark.parametrize(("approved", "action"), [(True, "released"), (False, "ended")])
def test_once_it_has_gone_nothing_waits_any_more(
    stores: Stores, clock: Clock, approved: bool, action: str
) -> None:
    hold = stores.purges.hold(ALL_OLD)
    if approved:
        hold = stores.purges.approve()
    clocks = Clocks(clock.now(), "one", timedelta(seconds=86400.25))

    stores.purges.finish(hold, clocks)
    stores.purges.finish(hold, clocks)  # two at once

    assert stores.purges.state() == PurgeState(clocks, None)
    assert told(stores)[-1] == (action, "all_old", None)
    assert [what for what, _, _ in told(stores)].count(action) == 1


def test_what_began_while_a_purge_went_on_waits(stores: Stores, clock: Clock) -> None:
    clocks = Clocks(clock.now(), "one", timedelta(days=1))
    first = stores.purges.hold(ALL_OLD)
    other = stores.purges.hold(MOST)

    stores.purges.finish(first, clocks)
    stores.purges.finish(None, clocks)

    assert stores.purges.state() == PurgeState(None, other)


def test_a_purge_that_took_down_no_clocks_leaves_those_of_the_one_before(
    stores: Stores, clock: Clock
) -> None:
    clocks = Clocks(clock.now(), "one", timedelta(days=1))
    stores.purges.finish(None, clocks)
    stores.purges.finish(None, None)

    assert stores.purges.state() == PurgeState(clocks, None)
