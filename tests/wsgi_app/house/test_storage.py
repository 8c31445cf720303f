"""How much room is left: told once as a line is crossed, and seen by whoever asks."""

import errno
import os
from dataclasses import replace

import pytest

from tests.servers import served
from wsgi_app.base.errors import StorageTrouble
from wsgi_app.base.limits import MEBIBYTE
from wsgi_app.house import storage
from wsgi_app.house.house import House
from wsgi_app.house.storage import (
    Disk,
    Level,
    PhotosKeeper,
    StorageKeeper,
    disks,
    free_for_photos,
    level_of,
)
from wsgi_app.stores.photo_folder import photos_of
from wsgi_app.stores.purges import RoomTold
from wsgi_app.stores.stores import Stores

FLOOR = 200 * MEBIBYTE


@pytest.mark.parametrize(
    ("mib", "before", "level"),
    [
        (1000, Level.ROOM, Level.ROOM),
        (400, Level.ROOM, Level.ROOM),
        (399, Level.ROOM, Level.LOW),
        (200, Level.LOW, Level.LOW),
        (199, Level.LOW, Level.UNDER),
        (199, Level.ROOM, Level.UNDER),
        (219, Level.UNDER, Level.UNDER),
        (221, Level.UNDER, Level.LOW),
        (439, Level.LOW, Level.LOW),
        (441, Level.LOW, Level.ROOM),
        (0, Level.ROOM, Level.UNDER),
    ],
)
def test_a_line_is_crossed_back_only_some_way_behind_it(mib: int, before: Level, level: Level) -> None:
    assert level_of(mib * MEBIBYTE, FLOOR, before) is level


def test_without_a_floor_there_is_always_room() -> None:
    assert level_of(0, 0) is Level.ROOM


def test_a_disk_that_holds_all_is_one(house: House) -> None:
    (disk,) = disks(house.config)
    assert (disk.name, disk.free_bytes > 0) == ("data", True)


def leave(mib: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "disks", lambda _: [Disk("data", mib * MEBIBYTE)])


def told(stores: Stores) -> list[tuple[str, int]]:
    return [(event.action, event.details["free_mib"]) for event in stores.events.about("storage", "data")]


def test_each_crossing_is_told_once_also_over_a_restart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = StorageKeeper(house.config, house.stores)
    for mib in (1000, 390, 380, 150, 140, 210):
        leave(mib, monkeypatch)
        keeper()
    again = StorageKeeper(house.config, house.stores)
    for mib in (205, 300, 900, 900):
        leave(mib, monkeypatch)
        again()

    assert told(house.stores) == [("low", 390), ("under", 150), ("low", 300), ("room", 900)]


def test_below_the_floor_the_server_is_not_ready_and_the_page_says_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = served(house)
    leave(390, monkeypatch)
    assert server.ask("GET", "/health/ready").status == 200
    assert b"has 390 MiB left" in server.ask("GET", "/").body

    leave(150, monkeypatch)
    ready = server.ask("GET", "/health/ready")
    assert (ready.status, ready.error, ready.headers["Retry-After"]) == (503, "storage_low", "60")
    assert "150 MiB left; there should be 200" in ready.json["error"]["message"]
    page = server.ask("GET", "/").body
    assert b'notice red">The disk of the data has 150 MiB left' in page
    assert b"Where it is full, no visit is kept, and nobody is let in." in page

    opening = served(replace(house, config=replace(house.config, open_unkept=True)))
    said = b"Where it is full, no visit is kept, and whoever is known is let in all the same."
    assert said in opening.ask("GET", "/").body

    without = served(replace(house, config=replace(house.config, least_free_mib=0)))
    assert without.ask("GET", "/health/ready").status == 200


def test_the_page_says_whether_visits_go_before_their_time_and_when_none_are_left(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(150, monkeypatch)
    assert b"before their time" not in served(house).ask("GET", "/").body
    server = served(replace(house, config=replace(house.config, purge_when_full=True)))

    said = []
    for told in (RoomTold.MADE_ROOM, RoomTold.NO_ROOM, RoomTold.MADE_ROOM):
        house.stores.purges.tell_room(told, 5, 20)
        body = server.ask("GET", "/").body
        said.append((b"go before their time until there is room" in body, b"make room by hand" in body))
    leave(390, monkeypatch)

    assert said == [(True, False), (False, True), (True, False)]
    assert b"before their time" not in server.ask("GET", "/").body


def fail_with(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("wsgi_app.stores.photos.write_probe", failing)


@pytest.mark.parametrize(
    ("number", "code", "key", "words"),
    [
        (errno.EROFS, "unavailable", "unavailable:disk_read_only", b"disk is read-only"),
        (errno.EIO, "unavailable", "unavailable:disk", b"disk cannot be written"),
        (errno.ENOSPC, "storage_full", "storage_full", b"disk is full"),
        (errno.EDQUOT, "storage_full", "storage_full", b"disk is full"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else None,
)
def test_a_disk_that_takes_no_photo_is_told_once_and_seen_by_whoever_asks(
    number: int, code: str, key: str, words: bytes, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, keepers = served(house), [PhotosKeeper(house.config, house.stores) for _ in range(2)]
    for keeper in keepers:
        keeper()
    with monkeypatch.context() as failing:
        fail_with(number, failing)
        for _ in range(3):
            keepers[0]()
        PhotosKeeper(house.config, house.stores)()  # as after a restart
        ready, page = server.ask("GET", "/health/ready"), server.ask("GET", "/")
    seen = [event for event in server.ask("GET", "/events").json["events"] if event["kind"] == "storage"]
    for _ in range(2):
        keepers[0]()

    assert (ready.status, ready.error) == (503, code)
    assert (page.status, words in page.body, b"No visit is kept until then" in page.body) == (200, True, True)
    assert [(event["action"], event["subject"], event["storage"]["why"]) for event in seen] == [
        ("unwritable", "photos", key)
    ]
    told = [
        (event.action, event.details.get("why")) for event in house.stores.events.about("storage", "photos")
    ]
    assert told == [("unwritable", key), ("writable", None)]
    assert server.ask("GET", "/health/ready").status == 200
    assert b"No visit is kept" not in server.ask("GET", "/").body


def test_how_much_room_the_photos_disk_has_is_told_beside_whether_it_takes_any(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "disks", lambda _: [Disk("photos", 150 * MEBIBYTE)])
    fail_with(errno.EROFS, monkeypatch)
    for _ in range(2):
        StorageKeeper(house.config, house.stores)()
        PhotosKeeper(house.config, house.stores)()

    assert [event.action for event in house.stores.events.about("storage", "photos")] == [
        "under",
        "unwritable",
    ]


def test_the_room_for_photos_is_that_of_their_own_disk(house: House) -> None:
    with pytest.raises(StorageTrouble, match="photos_missing"):
        free_for_photos(house.config)
    photos_of(house.config).mkdir()

    assert free_for_photos(house.config) > 0
