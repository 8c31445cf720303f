"""Presses: which is later, and that none is stored twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.conftest import Clock
from tests.wsgi_app.stores.conftest import KEY
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import Conflict, Forbidden
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.database import open_database
from wsgi_app.stores.devices import DeviceStore
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.presses import Press, keep_press, refuse_replayed
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit, VisitStore

ANSWER = StoredAnswer(404, b"{}")
PATIENCE_S = 60


def press(clock: Clock, boot: str, ms: int, ahead_s: float = 0.0) -> Press:
    return Press("front-door", KEY, f"{boot}-{ms}", boot, ms, clock.now() + timedelta(seconds=ahead_s))


def keep(stores: Stores, one: Press) -> None:
    with stores.database.write() as connection:
        keep_press(connection, one)


def test_a_press_is_kept_as_the_last_one(stores: Stores, devices: DeviceStore, clock: Clock) -> None:
    before = devices.get("front-door")

    keep(stores, press(clock, "one", 1000))

    assert devices.get("front-door") == replace(before, boot="one", pressed_ms=1000, pressed_at=clock.now())


@pytest.mark.parametrize(
    ("boot", "ms", "ahead_s"),
    [
        ("one", 1001, 0.0),
        ("one", 1001, -20.0),  # the device's time of day was set back
        ("two", 3, 0.001),
    ],
)
def test_a_later_press_is_let_through(
    stores: Stores, devices: DeviceStore, clock: Clock, boot: str, ms: int, ahead_s: float
) -> None:
    keep(stores, press(clock, "one", 1000))

    refuse_replayed(devices.get("front-door"), press(clock, boot, ms, ahead_s))
    keep(stores, press(clock, boot, ms, ahead_s))

    assert (devices.get("front-door").boot, devices.get("front-door").pressed_ms) == (boot, ms)


@pytest.mark.parametrize(
    ("boot", "ms", "ahead_s"),
    [
        ("one", 1000, 0.0),
        ("one", 1000, 5.0),
        ("one", 999, 5.0),
        ("two", 2000, 0.0),
        ("two", 2000, -0.001),
    ],
)
def test_any_other_is_not_and_changes_nothing(
    stores: Stores, devices: DeviceStore, clock: Clock, boot: str, ms: int, ahead_s: float
) -> None:
    keep(stores, press(clock, "one", 1000))
    before = devices.get("front-door")

    with pytest.raises(Conflict) as refused_early:
        refuse_replayed(before, press(clock, boot, ms, ahead_s))
    with pytest.raises(Conflict) as refused_at_last:
        keep(stores, press(clock, boot, ms, ahead_s))

    assert refused_early.value.code == refused_at_last.value.code == "replayed"
    assert devices.get("front-door") == before


def test_a_time_of_day_that_is_set_back_lets_no_press_of_an_earlier_boot_in(
    stores: Stores, devices: DeviceStore, clock: Clock
) -> None:
    keep(stores, press(clock, "one", 1000, ahead_s=20))
    keep(stores, press(clock, "one", 2000))

    assert devices.get("front-door").pressed_at == clock.now() + timedelta(seconds=20)
    with pytest.raises(Conflict):
        keep(stores, press(clock, "zero", 9000, ahead_s=20))


def test_a_boot_that_another_one_followed_never_comes_back_whatever_the_clock_says(
    stores: Stores, devices: DeviceStore, clock: Clock
) -> None:
    keep(stores, press(clock, "one", 1000))
    keep(stores, press(clock, "two", 10, ahead_s=1))
    before = devices.get("front-door")

    with pytest.raises(Conflict, match="replayed"):
        keep(stores, press(clock, "one", 2000, ahead_s=2))
    assert devices.get("front-door") == before


def test_a_press_of_a_clock_that_was_ahead_shuts_nobody_out(
    stores: Stores, devices: DeviceStore, clock: Clock
) -> None:
    keep(stores, press(clock, "one", 1000, ahead_s=60))
    assert not devices.set_clock_back("front-door")  # it may have been of now
    keep(stores, press(clock, "two", 10, ahead_s=86400))
    assert devices.set_clock_back("front-door")

    with pytest.raises(Conflict):
        refuse_replayed(devices.get("front-door"), press(clock, "three", 5))
    clock.advance(1)
    keep(stores, press(clock, "three", 5))
    for earlier in ("one", "two"):
        with pytest.raises(Conflict):
            keep(stores, press(clock, earlier, 9000, ahead_s=1))


def test_a_token_revoked_while_the_photo_was_judged_stores_nothing(
    stores: Stores, devices: DeviceStore, clock: Clock
) -> None:
    devices.revoke("front-door")

    with pytest.raises(Forbidden) as refused:
        keep(stores, press(clock, "one", 1000))

    assert refused.value.code == "revoked"
    assert devices.everyone()[0].boot is None


def visit_of(store: VisitStore, at: datetime, visit_id: str) -> Visit:
    photo = store.save_photo(visit_id, at, b"jpeg")
    return Visit(
        0, visit_id, at, DoorId.of("device:front-door"), Outcome.UNKNOWN, None, None, None, photo, 1.0
    )


def test_a_visit_of_a_replayed_press_is_not_stored(
    stores: Stores, devices: DeviceStore, clock: Clock
) -> None:
    first, second = press(clock, "one", 1000), replace(press(clock, "one", 1000), id="another")
    for one, visit_id in ((first, "v1"), (second, "v2")):
        visit = visit_of(stores.visits, clock.now(), visit_id)
        key = IdempotencyKey(DoorId.of("device:front-door"), one.id)
        if one is first:
            stores.visits.add(visit, ANSWER, key, one)
        else:
            with pytest.raises(Conflict):
                stores.visits.add(visit, ANSWER, key, one)

    assert [visit.id for visit in stores.visits.page(10)] == ["v1"]
    assert [path.stem for path in stores.photos.path("").rglob("*.jpg")] == ["v1"]
    assert stores.visits.answer(IdempotencyKey(DoorId.of("device:front-door"), "another")) is None


def test_of_presses_of_one_moment_that_race_one_is_stored(
    stores: Stores, devices: DeviceStore, clock: Clock
) -> None:
    racers = 8
    databases = [open_database(str(stores.database.engine.url)) for _ in range(racers)]
    begin = threading.Barrier(racers)

    def race(number: int) -> str:
        photos = PhotoStore(stores.photos.path(""))
        store = VisitStore(databases[number], photos, clock.now, str, 600)
        one = replace(press(clock, "one", 1000), id=f"press-{number}")
        visit = visit_of(store, clock.now(), f"v{number}")
        begin.wait(PATIENCE_S)
        try:
            store.add(visit, ANSWER, IdempotencyKey(DoorId.of("device:front-door"), one.id), one)
        except Conflict as refused:
            return refused.code
        return "stored"

    with ThreadPoolExecutor(racers) as pool:
        told = list(pool.map(race, range(racers)))
    for database in databases:
        database.close()

    assert sorted(told) == ["replayed"] * (racers - 1) + ["stored"]
    assert [visit.id for visit in stores.visits.page(10)] == [f"v{told.index('stored')}"]
