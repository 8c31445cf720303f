"""Presses that were answered while no disk had room: each once, also where half of that was written."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Clock
from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.errors import Conflict, StorageFull
from wsgi_app.stores.presses import Press
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.unkept import MOST_BOOTS, ROOM, TORN_S, UnkeptPresses
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer

FRONT = DoorId(DoorKind.DEVICE, "front")
KEY = bytes(32)
YES, NO = StoredAnswer(200, b'{"outcome":"known"}', "abc"), StoredAnswer(404, b'{"outcome":"unknown"}', "abc")
Keep = Callable[..., StoredAnswer]


@pytest.fixture
def unkept(tmp_path: Path) -> UnkeptPresses:
    presses = UnkeptPresses(tmp_path / "unkept", keep_s=600)
    presses.make()
    return presses


def press(clock: Clock, ms: int, boot: str = "boot-1") -> Press:
    return Press("front", KEY, f"press-{boot}-{ms}", boot, ms, clock.now())


def keep(
    unkept: UnkeptPresses, one: Press, answer: StoredAnswer = YES, most_refusals: int = 0
) -> StoredAnswer:
    key = IdempotencyKey(FRONT, one.id)
    return unkept.keep(FRONT, key, one, (answer, one.at), most_refusals, opens=answer.status == 200)


def test_a_new_file_takes_its_room_and_is_empty(unkept: UnkeptPresses, tmp_path: Path, clock: Clock) -> None:
    assert (tmp_path / "unkept").stat().st_size == ROOM
    assert unkept.is_empty()
    assert unkept.answer(IdempotencyKey(FRONT, "any"), clock.now()) is None
    unkept.refuse_replayed(press(clock, 1))


def test_a_retry_is_told_the_same_and_another_worker_knows_it(
    unkept: UnkeptPresses, tmp_path: Path, clock: Clock
) -> None:
    first = press(clock, 1)
    other = UnkeptPresses(tmp_path / "unkept", keep_s=600)

    assert keep(unkept, first) == YES
    assert keep(other, first, NO) == YES  # of two at once the faster one stands
    assert other.answer(IdempotencyKey(FRONT, first.id), clock.now()) == YES
    assert other.answer(IdempotencyKey(FRONT, first.id), clock.now() + timedelta(seconds=600)) is None
    assert other.answer(IdempotencyKey(FRONT, "another"), clock.now()) is None


def test_a_press_is_taken_once(unkept: UnkeptPresses, clock: Clock) -> None:
    keep(unkept, press(clock, 5))
    clock.advance(1)
    same = replace(press(clock, 5), id="again")

    with pytest.raises(Conflict, match=r"^replayed$"):
        unkept.refuse_replayed(same)
    with pytest.raises(Conflict, match=r"^replayed$"):
        keep(unkept, same)
    unkept.refuse_replayed(press(clock, 6))


def test_a_boot_that_another_one_followed_does_not_come_back(unkept: UnkeptPresses, clock: Clock) -> None:
    keep(unkept, press(clock, 5))
    clock.advance(1)
    keep(unkept, press(clock, 1, "boot-2"))
    clock.advance(1)

    with pytest.raises(Conflict):
        keep(unkept, press(clock, 9))
    keep(unkept, press(clock, 2, "boot-2"))


def test_a_device_that_starts_again_and_again_is_a_doubt(unkept: UnkeptPresses, clock: Clock) -> None:
    for number in range(MOST_BOOTS):
        clock.advance(1)
        keep(unkept, press(clock, 1, f"boot-{number}"))
    clock.advance(1)
    with pytest.raises(StorageFull):
        keep(unkept, press(clock, 1, "one-more"))


def test_after_too_many_refusals_nobody_is_let_in_until_there_is_room(
    unkept: UnkeptPresses, clock: Clock
) -> None:
    for number in range(3):
        assert keep(unkept, press(clock, number), NO, most_refusals=3) == NO

    with pytest.raises(StorageFull):
        keep(unkept, press(clock, 9), YES, most_refusals=3)
    assert keep(unkept, press(clock, 9), YES) == YES


def test_the_database_learns_of_them_and_the_file_is_empty_then(
    unkept: UnkeptPresses, stores: Stores, clock: Clock
) -> None:
    stores.devices.add("front", KEY)
    keep(unkept, press(clock, 5))
    clock.advance(1)
    keep(unkept, press(clock, 7, "boot-2"))

    unkept.settle(stores.database)

    device = stores.devices.get("front")
    assert (device.boot, device.pressed_ms, device.pressed_at) == ("boot-2", 7, clock.now())
    assert unkept.is_empty()
    clock.advance(1)
    with pytest.raises(Conflict):
        stores.visits.refuse_press(press(clock, 9))
    with pytest.raises(Conflict):
        stores.visits.refuse_press(press(clock, 7, "boot-2"))
    stores.visits.refuse_press(press(clock, 8, "boot-2"))


def test_presses_of_a_door_without_a_token_make_room_for_others(unkept: UnkeptPresses, clock: Clock) -> None:
    keep(unkept, press(clock, 1))
    long = StoredAnswer(200, b"x" * 10_000)
    for number in range(20):
        door = DoorId(DoorKind.ADDRESS, f"192.0.2.{number}")
        told = unkept.keep(door, IdempotencyKey(door, "key"), None, (long, clock.now()), 0, opens=True)
        assert told == long

    with pytest.raises(Conflict):
        keep(unkept, replace(press(clock, 1), id="again"))


def damage(path: Path, at: datetime | None = None) -> None:
    with path.open("r+b") as file:
        file.seek(200)
        file.write(b"?????")
    if at is not None:
        os.utime(path, (at.timestamp(), at.timestamp()))


def test_half_a_file_is_a_doubt_for_as_long_as_a_press_of_it_could_come_again(
    unkept: UnkeptPresses, tmp_path: Path, clock: Clock
) -> None:
    keep(unkept, press(clock, 1))
    damage(tmp_path / "unkept")

    with pytest.raises(StorageFull):
        keep(unkept, press(clock, 2))
    with pytest.raises(StorageFull):
        unkept.refuse_replayed(press(clock, 2))

    damage(tmp_path / "unkept", datetime.now().astimezone() - timedelta(seconds=TORN_S))
    assert keep(unkept, press(clock, 2)) == YES


def test_half_a_file_of_a_clock_that_was_ahead_is_none_for_good(
    unkept: UnkeptPresses, tmp_path: Path, clock: Clock
) -> None:
    keep(unkept, press(clock, 1))
    now = datetime.now().astimezone()
    damage(tmp_path / "unkept", now + timedelta(seconds=TORN_S / 2))
    with pytest.raises(StorageFull):
        unkept.refuse_replayed(press(clock, 2))

    damage(tmp_path / "unkept", now + timedelta(days=30))
    assert keep(unkept, press(clock, 2)) == YES


def test_a_press_of_a_clock_that_was_ahead_shuts_no_later_one_out(
    unkept: UnkeptPresses, clock: Clock
) -> None:
    now = clock.now()
    assert not unkept.set_clock_back("front", now)
    keep(unkept, press(clock, 5))
    assert not unkept.set_clock_back("front", now)
    clock.advance(30 * 86_400)
    keep(unkept, press(clock, 6))

    later = now + timedelta(seconds=10)
    again = replace(press(clock, 1, "boot-2"), at=later + timedelta(seconds=1))
    with pytest.raises(Conflict):
        unkept.refuse_replayed(again)
    assert unkept.set_clock_back("front", later)
    assert not unkept.set_clock_back("front", later)
    assert not unkept.set_clock_back("back", later)

    unkept.refuse_replayed(again)
    for old in (replace(again, at=later), press(clock, 6)):
        with pytest.raises(Conflict):
            unkept.refuse_replayed(old)


def test_without_its_room_nobody_is_let_in(tmp_path: Path, clock: Clock) -> None:
    unkept = UnkeptPresses(tmp_path / "none" / "unkept", keep_s=600)
    unkept.make()

    assert unkept.is_empty()
    with pytest.raises(StorageFull):
        keep(unkept, press(clock, 1))

    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "unkept").write_bytes(b"")
    with pytest.raises(StorageFull):
        keep(unkept, press(clock, 1))
