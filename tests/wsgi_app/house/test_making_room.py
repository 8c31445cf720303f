"""Making room: which visits go before their time, and when none does."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.backups import enrolled
from tests.conftest import Clock
from wsgi_app.base.clocks import Clocks
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import DatabaseTrouble, StorageFull, StorageTrouble
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house import making_room
from wsgi_app.house.making_room import RoomKeeper, RoomMade, make_room
from wsgi_app.house.purges import purge
from wsgi_app.stores import retention, tables
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

DAY = timedelta(days=1)
FLOOR = 200
KNOWN, UNKNOWN, NO_FACE = Outcome.KNOWN, Outcome.UNKNOWN, Outcome.NO_FACE


@dataclass
class ShortDisk:
    """A house on a disk without room: each photo takes a MiB of it.

    Attributes:
        stores: of the house.
        config: where it may make room.
        clock: its time of day.
        free_mib: what is left while no photo is there.
    """

    stores: Stores
    config: Config
    clock: Clock
    free_mib: int = 300
    uptime: timedelta = DAY
    came: list[str] = field(default_factory=list)

    def free(self, _: Config) -> int:
        photos = sum(1 for path in self.stores.photos.path("visits").rglob("*.jpg"))
        return (self.free_mib - photos) * MEBIBYTE

    def visits(self, number: int, ago: timedelta, outcome: Outcome = UNKNOWN) -> list[str]:
        """So many visits came some time ago; gives their ids."""
        ids = []
        for _ in range(number):
            visit_id, at = f"v{len(self.came)}", self.clock.now() - ago
            photo = self.stores.visits.save_photo(visit_id, at, b"jpeg")
            visit = Visit(0, visit_id, at, DoorId.of("device:front"), outcome, None, None, None, photo, 1.0)
            self.stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
            self.came.append(visit_id)
            ids.append(visit_id)
        return ids

    def clocks(self) -> Clocks:
        return Clocks(self.clock.now(), "boot", self.uptime)

    def makes_room(self, **settings: object) -> RoomMade | None:
        """A second later, so that what came just now came before."""
        self.clock.advance(1)
        return make_room(self.stores, replace(self.config, **settings), self.clocks())  # type: ignore[arg-type]

    def kept(self) -> set[str]:
        return {visit.id for visit in self.stores.visits.page(1000)}

    def told(self) -> list[tuple[str, str, int, int]]:
        return [
            (event.action, event.subject, event.details["visits"], event.details["of"])
            for event in self.stores.events.after(0, 10_000)
            if event.kind == "purge"
        ]


@pytest.fixture
def disk(stores: Stores, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShortDisk:
    """A disk with a hundred MiB more than there should be, before the first visit."""
    settings = {
        "PORTEIRO_DATA": str(tmp_path),
        "PORTEIRO_PURGE_WHEN_FULL": "1",
        "PORTEIRO_LEAST_FREE_MIB": str(FLOOR),
        "PORTEIRO_KEEP_OTHER_DAYS": "30",
        "PORTEIRO_KEEP_KNOWN_DAYS": "30",
        "PORTEIRO_TIMEZONE": "UTC",
    }
    disk = ShortDisk(stores, load_config(settings), clock)
    monkeypatch.setattr(making_room, "free_for_photos", disk.free)
    return disk


def test_the_oldest_refused_visits_go_a_day_at_a_time_until_there_is_room(disk: ShortDisk) -> None:
    known = disk.visits(30, 9 * DAY, KNOWN)
    oldest = disk.visits(10, 8 * DAY) + disk.visits(10, 7 * DAY, NO_FACE)
    enough = disk.visits(11, 6 * DAY)
    later = disk.visits(30, 5 * DAY) + disk.visits(10, timedelta(0))
    assert disk.free(disk.config) == 199 * MEBIBYTE

    # 220 MiB is room again: that of two days is 219.
    assert disk.makes_room() == RoomMade(31, 101, enough=True)
    assert disk.kept() == {*known, *later}
    assert not {*oldest, *enough} & disk.kept()
    assert disk.told() == [("made_room", "storage", 31, 101)]
    assert disk.makes_room() is None


def test_it_is_done_only_where_it_is_wanted_and_the_disk_is_short(disk: ShortDisk) -> None:
    disk.visits(101, 8 * DAY)

    assert disk.makes_room(purge_when_full=False) is None
    assert disk.makes_room(least_free_mib=199) is None
    assert disk.makes_room(least_free_mib=0) is None
    assert (len(disk.kept()), disk.told()) == (101, [])


def test_the_last_day_stays_and_that_there_is_no_room_is_told_once_a_day(disk: ShortDisk) -> None:
    disk.free_mib = 200
    old = disk.visits(5, DAY + timedelta(seconds=1))
    young = {*disk.visits(100, DAY), *disk.visits(5, 9 * DAY, KNOWN), *disk.visits(1, timedelta(0))}

    assert [disk.makes_room() for _ in range(3)] == [
        RoomMade(5, 111, enough=False),
        RoomMade(0, 106, enough=False),
        RoomMade(0, 106, enough=False),
    ]
    assert (set(old) & disk.kept(), disk.kept()) == (set(), young)
    assert disk.told() == [("no_room", "storage", 5, 111)]

    disk.clock.advance(86_400)
    disk.uptime += DAY
    for _ in range(2):
        assert disk.makes_room() == RoomMade(0, 106, enough=False)
    assert disk.told()[1:] == [("no_room", "storage", 0, 106)]


def test_of_a_house_where_nobody_rang_of_late_the_last_day_on_which_somebody_did_stays(
    disk: ShortDisk,
) -> None:
    disk.visits(60, 9 * DAY)
    last = disk.visits(60, 8 * DAY)

    assert disk.makes_room() == RoomMade(0, 120, enough=False)  # just a day older
    disk.visits(1, 8 * DAY - timedelta(seconds=2))
    assert disk.makes_room() == RoomMade(60, 121, enough=True)
    assert set(last) < disk.kept()


def test_visits_of_people_who_were_let_in_stay(disk: ShortDisk) -> None:
    known = disk.visits(120, 8 * DAY, KNOWN)

    assert disk.makes_room() == RoomMade(0, 120, enough=False)
    assert disk.kept() == set(known)


def test_visits_without_photos_stay_for_they_give_no_room(disk: ShortDisk) -> None:
    old = disk.visits(110, 8 * DAY)
    disk.visits(1, timedelta(0))
    without = set(old[:105])
    with disk.stores.database.write() as connection:
        is_one = tables.visits.c.id.in_(without)
        connection.execute(tables.visits.update().where(is_one).values(photo=""))

    assert disk.makes_room() == RoomMade(5, 111, enough=False)
    assert without < disk.kept()


def test_never_more_than_half_of_all_visits_go_at_once(disk: ShortDisk) -> None:
    disk.free_mib = 200
    disk.visits(40, 8 * DAY)
    disk.visits(10, 7 * DAY)
    disk.visits(1, timedelta(0))

    assert disk.makes_room() == RoomMade(25, 51, enough=False)
    assert disk.makes_room() == RoomMade(13, 26, enough=False)


def test_much_goes_in_short_transactions(disk: ShortDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making_room, "AT_ONCE", 7)
    disk.free_mib = 220
    disk.visits(30, 8 * DAY)
    disk.visits(30, 2 * DAY, KNOWN)

    assert disk.makes_room() == RoomMade(30, 60, enough=False)


def test_people_and_their_photos_are_never_touched(disk: ShortDisk) -> None:
    ana = enrolled(disk.stores, "Ana")
    disk.visits(101, 8 * DAY)
    disk.makes_room()

    (face,) = disk.stores.faces.of(ana)
    assert disk.stores.photos.read(face.crop) == b"png of Ana"


# Doubt


def jumped(disk: ShortDisk) -> None:
    """The clock is ahead since the last purge."""
    disk.clock.advance(3 * 86_400)


def held(disk: ShortDisk) -> None:
    """A purge waits, as most visits are too old."""
    disk.visits(120, 40 * DAY)


@pytest.mark.parametrize("doubt", [jumped, held])
def test_while_there_is_doubt_nothing_goes(disk: ShortDisk, doubt: Callable[[ShortDisk], None]) -> None:
    disk.visits(110, 8 * DAY)
    purge(disk.stores, disk.config, disk.clocks())
    assert disk.makes_room(least_free_mib=1) is None
    doubt(disk)
    before = disk.kept()

    assert disk.makes_room() is None
    assert (disk.kept(), disk.told()) == (before, [])


def test_a_clock_that_is_ahead_does_not_make_the_last_visits_old(disk: ShortDisk) -> None:
    disk.visits(10, DAY)
    last = disk.visits(110, timedelta(0))
    disk.clock.advance(20 * 86_400)

    assert disk.makes_room() == RoomMade(0, 120, enough=False)
    assert set(last) <= disk.kept()


def test_where_the_photos_are_not_there_their_disk_is_not_short(
    disk: ShortDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.visits(110, 8 * DAY)
    monkeypatch.setattr(disk.stores.photos, "_is_marked", True)

    assert disk.makes_room() is None


# A disk that is full


def test_photos_go_before_anything_is_written(disk: ShortDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.visits(100, 8 * DAY)
    disk.visits(1, timedelta(0))
    seen: list[int] = []

    def removing(*arguments: object) -> list[str]:
        seen.append(disk.free(disk.config) // MEBIBYTE)
        raise StorageFull("storage_full")

    monkeypatch.setattr(retention, "remove_visits", removing)
    with pytest.raises(StorageFull):
        disk.makes_room()

    assert seen == [249]
    assert len(disk.kept()) == 101  # the rows go with the next run
    monkeypatch.undo()
    monkeypatch.setattr(making_room, "free_for_photos", lambda _: 0)
    assert disk.makes_room() == RoomMade(50, 101, enough=False)


@pytest.mark.parametrize(
    "refusing",
    [
        ("photos", "expect_removal", StorageTrouble("unavailable:disk_read_only")),
        ("database", "try_writing", DatabaseTrouble("unavailable:database_locked")),
        ("database", "try_writing", DatabaseTrouble("unavailable:database_read_only")),
    ],
    ids=lambda refusing: refusing[2].key,
)
def test_no_photo_goes_where_it_or_its_row_could_not(
    disk: ShortDisk, refusing: tuple[str, str, StorageTrouble], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.visits(100, 8 * DAY)
    disk.visits(1, timedelta(0))
    store, asked, error = refusing

    def refuse() -> None:
        raise error

    with monkeypatch.context() as failing:
        failing.setattr(getattr(disk.stores, store), asked, refuse)
        with pytest.raises(StorageTrouble, match=f"^{error.key}$"):
            disk.makes_room()
        assert (disk.free(disk.config), len(disk.kept())) == (199 * MEBIBYTE, 101)

    assert disk.makes_room() == RoomMade(50, 101, enough=True)


def test_the_servers_own_look_does_the_same(disk: ShortDisk) -> None:
    disk.visits(100, 8 * DAY)
    disk.visits(1, timedelta(0))
    disk.clock.advance(1)

    RoomKeeper(disk.config, disk.stores)()

    assert disk.told() == [("made_room", "storage", 50, 101)]


def test_what_was_told_last_is_found(disk: ShortDisk) -> None:
    assert disk.stores.purges.last_told_of_room() is None
    disk.visits(110, timedelta(0))
    disk.makes_room()

    last = disk.stores.purges.last_told_of_room()
    assert last is not None
    assert (last.action, last.at) == ("no_room", disk.clock.now())
