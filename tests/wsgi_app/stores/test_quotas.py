"""What each door sent in a day, counted with its visits."""

from datetime import date, timedelta

import pytest

from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import StorageFull
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.quotas import DaySent, DoorDay
from wsgi_app.base.tries import TryRule
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import Counting, IdempotencyKey, StoredAnswer, Visit

FRONT, BACK = DoorId(DoorKind.DEVICE, "front"), DoorId(DoorKind.DEVICE, "back")
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


def came(
    stores: Stores, number: int, size: int | None = 100, door: DoorId = FRONT, on: date = MONDAY
) -> StoredAnswer:
    """A visit whose photo has so many bytes, or is not kept."""
    name, at = f"v{number}", stores.now()
    photo = "" if size is None else stores.visits.save_photo(name, at, bytes(size))
    visit = Visit(0, name, at, door, Outcome.UNKNOWN, None, None, None, photo, 1.0)
    counting = Counting(TryRule(tries=0), DoorDay(str(door), on), size or 0)
    key = IdempotencyKey(door, name)
    return stores.visits.add(visit, StoredAnswer(404, name.encode()), key, counting=counting)


def sent(stores: Stores, door: DoorId = FRONT, on: date = MONDAY) -> DaySent:
    return stores.quotas.sent(DoorDay(str(door), on))


def told(stores: Stores) -> list[tuple[str, str]]:
    events = stores.events.after(0, 100)
    return [(event.action, event.subject) for event in events if event.kind == "quota"]


def test_each_door_has_a_count_of_its_own(stores: Stores) -> None:
    assert sent(stores) == DaySent()
    for number, (size, door) in enumerate([(100, FRONT), (50, BACK), (30, FRONT)]):
        came(stores, number, size, door)

    assert (sent(stores), sent(stores, BACK)) == (DaySent(2, 130, 0), DaySent(1, 50, 0))


def test_a_new_day_begins_at_nothing_whichever_way_the_clock_went(stores: Stores) -> None:
    came(stores, 1)
    came(stores, 2, None)
    came(stores, 3, 70, on=TUESDAY)
    assert (sent(stores), sent(stores, on=TUESDAY)) == (DaySent(), DaySent(1, 70, 0))

    came(stores, 4, 60)
    assert (sent(stores), sent(stores, on=TUESDAY)) == (DaySent(1, 60, 0), DaySent())


def test_photos_that_are_not_kept_are_told_once_a_day_and_door(stores: Stores) -> None:
    came(stores, 0)
    for number, (door, on) in enumerate(
        [(FRONT, MONDAY), (FRONT, MONDAY), (BACK, MONDAY), (FRONT, TUESDAY), (FRONT, TUESDAY)], 1
    ):
        came(stores, number, None, door, on)

    assert told(stores) == [("spent", str(FRONT)), ("spent", str(BACK)), ("spent", str(FRONT))]
    assert stores.quotas.beyond(MONDAY) == [(str(BACK), 1)]
    assert stores.quotas.beyond(TUESDAY) == [(str(FRONT), 2)]


def test_a_press_that_is_sent_again_counts_once(stores: Stores) -> None:
    for _ in range(3):
        assert came(stores, 1).body == b"v1"
        stores.photos.remove(stores.visits.get("v1").photo)

    assert sent(stores) == DaySent(1, 100, 0)


def test_of_what_is_not_kept_nothing_is_counted(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("storage_full")

    monkeypatch.setattr("wsgi_app.stores.visits._insert", full)
    with pytest.raises(StorageFull):
        came(stores, 1)

    assert sent(stores) == DaySent()


def test_a_door_with_a_new_token_begins_anew(stores: Stores) -> None:
    for name in ("front", "back"):
        stores.devices.add(name, name.encode())
        came(stores, len(name), None, DoorId(DoorKind.DEVICE, name))
    stores.devices.revoke("front")
    stores.devices.add("front", b"another")

    assert (sent(stores), sent(stores, BACK)) == (DaySent(), DaySent(1, 0, 1))


def test_it_is_one_row_for_each_door(stores: Stores) -> None:
    for number in range(20):
        came(stores, number, on=MONDAY + timedelta(days=number))
    with stores.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM door_days").scalar_one() == 1
