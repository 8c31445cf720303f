"""Devices: their tokens, their last press, how they are."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from tests.conftest import Clock
from tests.doors import GOOD_VITALS
from tests.wsgi_app.stores.conftest import KEY
from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.stores.database import open_database
from wsgi_app.stores.devices import Device, DeviceStore
from wsgi_app.stores.presses import Press, keep_press
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer

OTHER_KEY = b"o" * 32
ANSWER = StoredAnswer(404, b"{}")
PATIENCE_S = 60


def fresh(clock: Clock) -> Device:
    """The door as it is made."""
    return Device("front-door", clock.now(), None, None, None, None, None, None, 0, None)


# Tokens


def test_a_new_device_is_found_by_its_token_and_by_its_name(devices: DeviceStore, clock: Clock) -> None:
    assert devices.holding(KEY) == fresh(clock)
    assert devices.get("front-door") == fresh(clock)
    assert devices.page(10) == devices.everyone() == [fresh(clock)]


def test_nobody_has_another_token(devices: DeviceStore) -> None:
    assert devices.holding(OTHER_KEY) is None
    with pytest.raises(NotFound, match="not_found:device"):
        devices.get("back-door")


def test_a_name_has_one_token_at_a_time(devices: DeviceStore, clock: Clock) -> None:
    with pytest.raises(Conflict, match="name_taken:device name='front-door'"):
        devices.add("front-door", OTHER_KEY)

    assert (devices.holding(KEY), devices.holding(OTHER_KEY)) == (fresh(clock), None)


def test_a_revoked_token_is_known_and_the_device_is_no_door_any_more(
    devices: DeviceStore, clock: Clock
) -> None:
    clock.advance(60)
    devices.revoke("front-door")

    revoked = replace(fresh(clock), created_at=clock.now() - timedelta(seconds=60), revoked_at=clock.now())
    assert (devices.holding(KEY), devices.everyone()) == (revoked, [revoked])
    assert devices.page(10) == []
    with pytest.raises(NotFound):
        devices.get("front-door")
    with pytest.raises(NotFound):
        devices.revoke("front-door")
    with pytest.raises(NotFound):
        devices.hear("front-door", GOOD_VITALS)


def test_a_revoked_name_gets_a_new_token_and_a_new_life(stores: Stores, devices: DeviceStore) -> None:
    with stores.database.write() as connection:
        keep_press(connection, Press("front-door", KEY, "p", "boot", 5, stores.now()))
    devices.hear("front-door", GOOD_VITALS)
    devices.revoke("front-door")

    devices.add("front-door", OTHER_KEY)

    made = Device("front-door", stores.now(), None, None, None, None, None, None, 0, None)
    assert (devices.holding(KEY), devices.holding(OTHER_KEY)) == (None, made)


def test_pages_go_by_name(stores: Stores) -> None:
    for number, name in enumerate(("c", "a", "d", "b")):
        stores.devices.add(name, bytes([number]) * 32)
    stores.devices.revoke("c")

    assert [device.id for device in stores.devices.page(2)] == ["a", "b"]
    assert [device.id for device in stores.devices.page(2, "b")] == ["d"]
    assert [device.id for device in stores.devices.everyone()] == ["a", "b", "c", "d"]


def test_only_a_device_as_it_was_last_seen_is_revoked(devices: DeviceStore, clock: Clock) -> None:
    with pytest.raises(PreconditionFailed, match="precondition_failed:device"):
        devices.revoke("front-door", lambda device: device.heard_at is not None)
    assert devices.get("front-door").revoked_at is None

    devices.revoke("front-door", lambda device: device == fresh(clock))
    assert devices.page(10) == []


# What is told


def told(stores: Stores) -> list[tuple[str, str, str, str | None]]:
    """Every event so far."""
    return [(event.kind, event.action, event.subject, event.by) for event in stores.events.after(0, 100)]


def test_who_made_and_revoked_a_token_is_told(stores: Stores) -> None:
    stores.devices.add("front-door", KEY)
    owner = stores.devices.acting("Olga")
    owner.revoke("front-door")
    owner.add("front-door", OTHER_KEY)
    with pytest.raises(Conflict):
        owner.add("front-door", KEY)
    with pytest.raises(NotFound):
        owner.revoke("back-door")

    assert told(stores) == [
        ("device", "added", "front-door", "command line"),
        ("device", "revoked", "front-door", "Olga"),
        ("device", "added", "front-door", "Olga"),
    ]


def test_each_state_that_a_device_comes_to_is_told_once(stores: Stores, clock: Clock) -> None:
    stores.devices.add("front-door", KEY)
    counts = [stores.devices.tell_states()]
    stores.devices.hear("front-door", GOOD_VITALS)
    for seconds in (0, 60, 60, 60, 200, 1000):  # here, here, late, late, lost, lost
        clock.advance(seconds)
        counts.append(stores.devices.tell_states())
    stores.devices.hear("front-door", GOOD_VITALS)
    counts += [stores.devices.tell_states(), stores.devices.tell_states()]

    assert counts == [1, 1, 0, 1, 0, 1, 0, 1, 0]
    assert [event[1:] for event in told(stores)[1:]] == [
        ("never", "front-door", None),
        ("here", "front-door", None),
        ("late", "front-door", None),
        ("lost", "front-door", None),
        ("here", "front-door", None),
    ]
    assert stores.devices.get("front-door").told_state == "here"


def test_a_state_is_told_of_each_device_that_is_not_revoked(stores: Stores, clock: Clock) -> None:
    for number, name in enumerate(("a", "b", "c")):
        stores.devices.add(name, bytes([number]) * 32)
        stores.devices.hear(name, GOOD_VITALS)
    stores.devices.revoke("b")
    clock.advance(100)
    stores.devices.hear("c", GOOD_VITALS)

    assert stores.devices.tell_states() == 2
    assert told(stores)[-2:] == [("device", "late", "a", None), ("device", "here", "c", None)]


def test_a_new_life_is_told_anew(stores: Stores) -> None:
    stores.devices.add("front-door", KEY)
    stores.devices.tell_states()
    stores.devices.revoke("front-door")
    stores.devices.add("front-door", OTHER_KEY)

    assert (stores.devices.tell_states(), told(stores)[-1][1]) == (1, "never")


def test_of_several_that_tell_at_once_one_does(stores: Stores, clock: Clock) -> None:
    stores.devices.add("front-door", KEY)
    tellers = 4
    databases = [open_database(str(stores.database.engine.url)) for _ in range(tellers)]
    begin = threading.Barrier(tellers)

    def tell(number: int) -> int:
        store = DeviceStore(databases[number], clock.now)
        begin.wait(PATIENCE_S)
        return store.tell_states()

    with ThreadPoolExecutor(tellers) as pool:
        counts = list(pool.map(tell, range(tellers)))
    for database in databases:
        database.close()

    assert sorted(counts) == [0] * (tellers - 1) + [1]


# Heartbeats


def test_a_heartbeat_is_kept(devices: DeviceStore, clock: Clock) -> None:
    devices.hear("front-door", GOOD_VITALS)

    assert devices.get("front-door") == replace(
        fresh(clock), vitals=GOOD_VITALS, heard_at=clock.now(), missed=0
    )


@pytest.mark.parametrize(
    ("gap_s", "missed"),
    [(0, 0), (1, 0), (60, 0), (89, 0), (91, 1), (120, 1), (149, 1), (151, 2), (600, 9), (-60, 0)],
)
def test_heartbeats_that_did_not_come_are_counted(
    devices: DeviceStore, clock: Clock, gap_s: float, missed: int
) -> None:
    devices.hear("front-door", GOOD_VITALS)
    clock.advance(gap_s)
    devices.hear("front-door", GOOD_VITALS)

    assert devices.get("front-door").missed == missed


def test_the_count_goes_on(devices: DeviceStore, clock: Clock) -> None:
    for gap_s in (0, 180, 60, 120):
        clock.advance(gap_s)
        devices.hear("front-door", GOOD_VITALS)

    assert devices.get("front-door").missed == 3


@pytest.mark.parametrize(
    ("age_s", "state"),
    [(-5, "here"), (0, "here"), (89.9, "here"), (90, "late"), (299.9, "late"), (300, "lost"), (1e6, "lost")],
)
def test_a_device_is_what_its_last_heartbeat_makes_it(
    devices: DeviceStore, clock: Clock, age_s: float, state: str
) -> None:
    devices.hear("front-door", GOOD_VITALS)
    clock.advance(age_s)

    assert devices.get("front-door").state(clock.now()) == state


def test_states_are_counted_without_those_revoked(stores: Stores, clock: Clock) -> None:
    for number, name in enumerate(("a", "b", "c", "d", "e")):
        stores.devices.add(name, bytes([number]) * 32)
    stores.devices.hear("a", GOOD_VITALS)
    clock.advance(250)
    stores.devices.hear("b", GOOD_VITALS)
    clock.advance(100)
    stores.devices.hear("c", GOOD_VITALS)
    stores.devices.revoke("e")

    assert stores.devices.states() == {"here": 1, "late": 1, "lost": 1, "never": 1}


# Heartbeats that are signed


def test_a_signed_heartbeat_is_heard_once(stores: Stores, clock: Clock) -> None:
    stores.devices.add("front-door", KEY)
    at = clock.now()
    stores.devices.hear("front-door", GOOD_VITALS, at)
    other = msgspec.structs.replace(GOOD_VITALS, state="failed")

    for earlier in (at, at - timedelta(seconds=5)):
        with pytest.raises(Conflict, match="replayed:heartbeat"):
            stores.devices.hear("front-door", other, earlier)
    assert stores.devices.get("front-door").vitals == GOOD_VITALS

    stores.devices.hear("front-door", GOOD_VITALS)  # with its token, there is nothing to read on the way
    stores.devices.hear("front-door", other, at + timedelta(microseconds=1))
    assert stores.devices.get("front-door").vitals == other


def test_a_device_is_found_by_its_name_even_if_it_is_revoked(stores: Stores) -> None:
    stores.devices.add("front-door", KEY, b"salt")
    stores.devices.revoke("front-door")

    found = stores.devices.named("front-door")
    assert found == stores.devices.holding(KEY)
    assert (found and found.salt, stores.devices.named("back-door")) == (b"salt", None)


def test_a_heartbeat_of_a_clock_that_was_ahead_silences_nobody(stores: Stores, clock: Clock) -> None:
    stores.devices.add("front-door", KEY)
    stores.devices.hear("front-door", GOOD_VITALS, clock.now() + timedelta(days=365))

    stores.devices.hear("front-door", GOOD_VITALS, clock.now())

    assert stores.devices.get("front-door").reported_at == clock.now()
    with pytest.raises(Conflict, match="replayed:heartbeat"):
        stores.devices.hear("front-door", GOOD_VITALS, clock.now())
