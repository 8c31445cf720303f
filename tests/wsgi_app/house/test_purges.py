"""Whether the house forgets now: what gives rise to doubt, and what does not."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Clock
from wsgi_app.base.clocks import Clocks
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import Conflict
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.purges import purge
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
DOOR = DoorId.of("device:front")


@dataclass
class Machine:
    """A house on a machine: its clock can be set, the machine started anew, and time passes for both."""

    stores: Stores
    config: Config
    clock: Clock
    boots: int = 1
    uptime: timedelta = DAY
    came: int = 0

    def passes(self, time: timedelta) -> None:
        """Time passes."""
        self.jumps(time)
        self.uptime += time

    def jumps(self, by: timedelta) -> None:
        """The clock is set."""
        self.clock.set(self.clock.now() + by)

    def restarts(self, off: timedelta = MINUTE, up: timedelta = HOUR) -> None:
        """The machine is off for a while, and then up for another."""
        self.boots, self.uptime = self.boots + 1, timedelta(0)
        self.jumps(off)
        self.passes(up)

    def visits(self, number: int, ago: timedelta = timedelta(0), outcome: Outcome = Outcome.UNKNOWN) -> None:
        """So many visits come, or came some time ago."""
        for _ in range(number):
            self.came += 1
            visit_id, at = f"v{self.came}", self.clock.now() - ago
            visit = Visit(0, visit_id, at, DOOR, outcome, None, None, None, f"visits/{visit_id}.jpg", 1.0)
            self.stores.visits.add(visit, StoredAnswer(404, b"{}"), None)

    def purges(self, *, approved: bool = False) -> str:
        """The reason for which a purge waits, or ``""``; then all that is too old is gone."""
        before = self.stores.visits.page(1000)
        clocks = Clocks(self.clock.now(), f"boot-{self.boots}", self.uptime)
        try:
            purge(self.stores, self.config, clocks, approved=approved)
        except Conflict as error:
            assert self.stores.visits.page(1000) == before
            return error.key.removeprefix("purge_held:")
        assert self.kept() == [visit.id for visit in before if self.clock.now() - visit.at <= 30 * DAY]
        return ""

    def kept(self) -> list[str]:
        return [visit.id for visit in self.stores.visits.page(1000)]

    def told(self) -> list[tuple[str, str, str | None]]:
        """What was told of purges: what, of which reason, by whom."""
        events = self.stores.events.after(0, 1000)
        return [(event.action, event.subject, event.by) for event in events if event.kind == "purge"]


@pytest.fixture
def machine(stores: Stores, clock: Clock, tmp_path: Path) -> Machine:
    """A machine that is up for a day; every visit is kept for 30 days."""
    config = load_config({"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_KEEP_OTHER_DAYS": "30"})
    return Machine(stores, config, clock)


def test_nothing_gives_rise_to_doubt_in_a_new_house(machine: Machine) -> None:
    assert machine.purges() == ""
    assert machine.told() == []


def test_hour_by_hour_visits_go_when_their_time_is_over(machine: Machine) -> None:
    for _ in range(40):
        machine.visits(1)
        machine.passes(DAY - HOUR)
        assert machine.purges() == ""
        machine.passes(HOUR)
        assert machine.purges() == ""

    assert len(machine.kept()) == 30


# The clock jumps


@pytest.mark.parametrize("by", [YEAR, 61 * MINUTE, -61 * MINUTE, -300 * DAY])
def test_after_a_jump_of_the_clock_nothing_goes_until_it_is_as_it_was(
    machine: Machine, by: timedelta
) -> None:
    machine.visits(3)
    machine.purges()
    machine.passes(HOUR)
    machine.jumps(by)

    held = [machine.purges()]
    machine.passes(HOUR)
    held.append(machine.purges())
    machine.jumps(-by)

    assert held == ["clock_jumped"] * 2
    assert machine.purges() == ""
    assert machine.told() == [("held", "clock_jumped", None), ("ended", "clock_jumped", None)]
    assert len(machine.kept()) == 3


@pytest.mark.parametrize("by", [59 * MINUTE, -59 * MINUTE])
def test_what_a_clock_is_set_by_less_than_an_hour_is_no_jump(machine: Machine, by: timedelta) -> None:
    machine.purges()
    machine.jumps(by)

    assert machine.purges() == ""


def test_a_clock_that_is_right_now_is_approved_and_believed_from_then_on(machine: Machine) -> None:
    machine.jumps(-YEAR)
    machine.purges()
    machine.jumps(YEAR)
    machine.visits(1, ago=31 * DAY)

    held = machine.purges()
    machine.stores.acting("Olga").purges.approve()
    gone = machine.purges()
    machine.passes(HOUR)

    assert (held, gone, machine.purges()) == ("clock_jumped", "", "")
    assert machine.kept() == []
    assert machine.told() == [
        ("held", "clock_jumped", None),
        ("approved", "clock_jumped", "Olga"),
        ("released", "clock_jumped", None),
    ]


def test_a_start_of_the_machine_makes_no_clock_right_that_had_jumped(machine: Machine) -> None:
    machine.visits(3, ago=9 * DAY)  # not all of them would be old
    machine.visits(3)
    machine.purges()
    machine.jumps(25 * DAY)
    assert machine.purges() == "clock_jumped"

    machine.restarts()
    still = machine.purges()
    machine.jumps(-25 * DAY)

    assert still == "clock_jumped"
    assert machine.purges() == ""
    assert len(machine.kept()) == 6


def test_a_clock_that_had_jumped_back_and_is_right_after_a_start_holds_nothing(machine: Machine) -> None:
    machine.visits(3)
    machine.purges()
    machine.jumps(-YEAR)
    assert machine.purges() == "clock_jumped"

    machine.restarts()
    still = machine.purges()
    machine.restarts(off=YEAR)

    assert (still, machine.purges()) == ("clock_jumped", "")


# Everything is old


def test_without_evidence_of_the_clock_the_newest_visit_is_not_removed(machine: Machine) -> None:
    machine.visits(3)
    machine.jumps(YEAR)

    assert machine.purges() == "all_old"
    machine.jumps(-YEAR)
    assert machine.purges() == ""
    assert len(machine.kept()) == 3


def test_a_quiet_house_keeps_its_promise_to_delete(machine: Machine) -> None:
    machine.visits(19)
    machine.purges()
    machine.passes(31 * DAY)

    assert machine.purges() == ""
    assert machine.kept() == []


def test_a_machine_that_was_off_for_longer_than_visits_are_kept_asks_once(machine: Machine) -> None:
    machine.visits(3)
    machine.purges()
    machine.restarts(off=31 * DAY)
    machine.visits(1)

    held = machine.purges()
    machine.purges()

    assert held == "all_old"
    assert machine.purges(approved=True) == ""
    assert machine.told() == [
        ("held", "all_old", None),
        ("approved", "all_old", "command line"),
        ("released", "all_old", None),
    ]
    assert machine.kept() == ["v4"]
    machine.passes(31 * DAY)
    assert machine.purges() == ""


def test_who_comes_while_the_clock_is_wrong_ends_no_doubt(machine: Machine) -> None:
    machine.visits(3)
    machine.jumps(YEAR)
    machine.restarts(up=5 * MINUTE)
    machine.visits(5)  # before the first purge of this start
    before = machine.purges()
    machine.passes(HOUR)
    machine.visits(5)
    since = machine.purges()
    machine.restarts()
    machine.visits(5)

    assert (before, since, machine.purges()) == ("all_old",) * 3
    machine.jumps(-YEAR)
    assert machine.purges() == ""
    assert len(machine.kept()) == 18


def test_where_the_machine_tells_no_time_of_its_own_the_newest_visit_of_all_counts(
    stores: Stores, machine: Machine
) -> None:
    machine.visits(1, ago=31 * DAY)
    clocks = Clocks(machine.clock.now(), "", timedelta(0))

    with pytest.raises(Conflict, match="purge_held:all_old visits=1 of=1"):
        purge(stores, machine.config, clocks)
    machine.visits(1)
    machine.stores.purges.approve()
    purge(stores, machine.config, clocks)

    assert machine.kept() == ["v2"]


# Most of them


@pytest.mark.parametrize(
    ("old", "young", "reason"),
    [(20, 19, "most_visits"), (20, 20, ""), (19, 1, ""), (200, 199, "most_visits")],
)
def test_most_visits_go_only_if_an_owner_says_so(machine: Machine, old: int, young: int, reason: str) -> None:
    machine.purges()
    machine.visits(old, ago=31 * DAY)
    machine.visits(young)

    assert machine.purges() == reason


def test_settings_that_forget_most_of_the_visits_ask_first_and_do_not_once_they_are_mended(
    machine: Machine,
) -> None:
    machine.visits(30, ago=5 * DAY)
    machine.purges()
    right, machine.config = machine.config, replace(machine.config, keep_other_days=1)
    held = machine.purges()
    machine.config = right

    assert (held, machine.purges()) == ("most_visits", "")
    assert machine.told() == [("held", "most_visits", None), ("ended", "most_visits", None)]


def test_who_comes_meanwhile_makes_most_no_fewer(machine: Machine) -> None:
    machine.purges()
    machine.visits(30, ago=31 * DAY)
    machine.purges()
    machine.visits(100)

    assert machine.purges() == "most_visits"


def test_what_was_approved_is_not_what_is_found_later(machine: Machine) -> None:
    machine.purges()
    machine.visits(30, ago=31 * DAY)
    machine.visits(5)
    machine.purges()
    machine.stores.acting("Olga").purges.approve()
    machine.jumps(YEAR)

    assert machine.purges() == "clock_jumped"
    machine.jumps(-YEAR)
    assert machine.purges() == "most_visits"
    assert [action for action, _, _ in machine.told()] == ["held", "approved", "held", "held"]


def test_with_yes_it_is_told_who_did_it_where_there_was_doubt(machine: Machine) -> None:
    machine.visits(1, ago=31 * DAY)

    assert machine.purges(approved=True) == ""
    assert [action for action, _, _ in machine.told()] == ["held", "approved", "released"]
    assert machine.purges(approved=True) == ""
    assert len(machine.told()) == 3


# A Raspberry Pi has no clock: after a start its time is as it was, until the network gives it the right one


@pytest.mark.parametrize("off", [HOUR, 3 * HOUR, 20 * DAY])
@pytest.mark.parametrize("purged", [False, True])
def test_a_machine_that_gets_its_time_after_its_start_does_not_ask(
    machine: Machine, off: timedelta, purged: bool
) -> None:
    machine.visits(2)
    machine.purges()
    for _ in range(3):
        machine.visits(2)
        machine.restarts(off=timedelta(0), up=MINUTE)
        if purged:
            assert machine.purges() == ""
        machine.jumps(off)
        machine.passes(HOUR)
        assert machine.purges() == ""

    assert machine.told() == []


def test_a_machine_that_begins_in_1970_does_not_ask(machine: Machine) -> None:
    machine.visits(2)
    machine.purges()
    now = machine.clock.now()
    machine.restarts(off=datetime(1970, 1, 1, tzinfo=UTC) - now, up=MINUTE)
    early = machine.purges()
    machine.clock.set(now + DAY)
    machine.passes(HOUR)

    assert (early, machine.purges()) == ("", "")
    assert len(machine.kept()) == 2
