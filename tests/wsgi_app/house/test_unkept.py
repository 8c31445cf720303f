"""While no disk has room: a verdict all the same, nobody let in on a doubt, nothing left, each press once."""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
import structlog

from tests.conftest import Clock
from wsgi_app.base.errors import Conflict, Forbidden, StorageFull, TooManyRequests
from wsgi_app.base.people import PersonName
from wsgi_app.base.steps import Steps
from wsgi_app.house.enrolment import Candidate, Enroller
from wsgi_app.house.house import House
from wsgi_app.house.judging import Judgement, earlier_answer, judge, series_at
from wsgi_app.house.presses import Caller
from wsgi_app.stores.people import Person
from wsgi_app.stores.presses import Press
from wsgi_app.stores.visits import StoredAnswer

Photo = Callable[[str], bytes]
Full = Callable[[], "FullDisk"]
KEY = bytes(32)
ANONYMOUS = Caller.without_token("192.0.2.7", "press-1")


class FullDisk:
    """A disk that is full while inside: for photos, or for the database too."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch):
        self._house, self._monkeypatch = house, monkeypatch

    @contextmanager
    def of_photos(self) -> Iterator[None]:
        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with self._monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            yield

    @contextmanager
    def of_the_database(self) -> Iterator[None]:
        """It finds no room for a visit, which SQLite tells so."""

        def full(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("INSERT INTO visits"):
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error

        engine = self._house.stores.database.engine
        sa.event.listen(engine, "before_cursor_execute", full)
        try:
            yield
        finally:
            sa.event.remove(engine, "before_cursor_execute", full)


@pytest.fixture
def opening(house: House) -> House:
    """A house that lets people in also while nothing can be kept."""
    opening = replace(house, config=replace(house.config, open_unkept=True))
    opening.config.unkept_file.parent.mkdir()
    opening.unkept.make()
    return opening


@pytest.fixture
def ana(house: House, photo: Photo, steps: Steps) -> Person:
    """Ana, enrolled with one photo, at a front door with a token."""
    person = house.stores.people.add("Ana")
    Enroller(house.pipeline, house.stores, house.policy, steps).enrol(Candidate(person.id, photo("ana-1")))
    house.stores.devices.add("front", KEY)
    return person


@pytest.fixture
def full(house: House, monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(house, monkeypatch)


def pressed(house: House, ms: int, boot: str = "boot-1") -> Caller:
    press = Press("front", KEY, f"press-{ms}", boot, ms, house.stores.now())
    return Caller.with_token(house.stores.devices.get("front"), press)


def told(answer: StoredAnswer) -> Judgement:
    return msgspec.json.decode(answer.body, type=Judgement)


def photos_in(house: House) -> list[Path]:
    return list((house.config.data / "photos" / "visits").rglob("*.jpg"))


def test_whoever_is_refused_is_told_so_and_nothing_is_left(
    house: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps
) -> None:
    with full.of_photos(), structlog.testing.capture_logs() as logged:
        answer = judge(house, ANONYMOUS, [photo("bruno-1")], steps)

    judgement = told(answer)
    assert (answer.status, judgement.outcome, judgement.kept) == (404, "unknown", False)
    assert house.stores.visits.page(10) == []
    assert photos_in(house) == []
    assert [line for line in logged if line["event"] == "a visit is not kept"] == [
        {
            "event": "a visit is not kept",
            "log_level": "warning",
            "visit": judgement.visit,
            "door": "address:192.0.2.7",
            "outcome": "unknown",
            "person": "",
            "opens": False,
        }
    ]


@pytest.mark.parametrize("disk", ["photos", "the_database"])
def test_nobody_is_let_in_unless_the_settings_say_so(
    opening: House, ana: Person, full: FullDisk, photo: Photo, disk: str
) -> None:
    closed = replace(opening, config=replace(opening.config, open_unkept=False))
    steps = Steps(opening.clock)
    with getattr(full, f"of_{disk}")():
        with pytest.raises(StorageFull, match=r"^storage_full$"):
            judge(closed, pressed(opening, 1), [photo("ana-4")], steps)
        answer = judge(opening, pressed(opening, 1), [photo("ana-4")], steps)

    judgement = told(answer)
    assert (answer.status, judgement.person, judgement.kept) == (200, PersonName(ana.id, "Ana"), False)
    assert opening.stores.visits.page(10) == []
    assert photos_in(opening) == []


def test_a_press_is_judged_once_while_the_disk_is_full_and_afterwards(
    opening: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps, clock: Clock
) -> None:
    first = pressed(opening, 5)
    with full.of_photos():
        answer = judge(opening, first, [photo("ana-4")], steps)
        clock.advance(1)
        assert earlier_answer(opening, first) == answer
        assert judge(opening, first, [photo("bruno-1")], steps) == answer
        with pytest.raises(Conflict, match=r"^replayed$"):
            series_at(opening, replace(pressed(opening, 5), key=None))
        with pytest.raises(Conflict, match=r"^replayed$"):
            judge(opening, replace(pressed(opening, 5), key=None), [photo("ana-4")], steps)

    kept = judge(opening, pressed(opening, 6), [photo("ana-4")], steps)

    assert (told(kept).kept, opening.unkept.is_empty()) == (True, True)
    with pytest.raises(Conflict, match=r"^replayed$"):
        series_at(opening, replace(pressed(opening, 5), key=None))


def test_a_clock_that_was_ahead_while_the_disk_was_full_shuts_no_door_out(
    opening: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps, clock: Clock
) -> None:
    clock.advance(30 * 86_400)
    with full.of_photos():
        for ms in (1, 2):
            judge(opening, pressed(opening, ms), [photo("ana-4")], steps)
            clock.advance(1)
    clock.advance(-30 * 86_400)

    with pytest.raises(Conflict, match=r"^replayed:clock$"):
        series_at(opening, pressed(opening, 1, "boot-2"))
    clock.advance(1)
    series_at(opening, pressed(opening, 2, "boot-2"))

    assert told(judge(opening, pressed(opening, 2, "boot-2"), [photo("ana-4")], steps)).kept
    assert opening.unkept.is_empty()
    for earlier in (pressed(opening, 9), pressed(opening, 2, "boot-2")):
        with pytest.raises(Conflict, match=r"^replayed$"):
            judge(opening, replace(earlier, key=None), [photo("ana-4")], steps)


def test_no_photo_is_left_where_the_database_alone_has_no_room(
    opening: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_none(_: object) -> None:
        raise StorageFull("storage_full")

    monkeypatch.setattr(opening.unkept, "settle", has_none)
    for ms in (1, 2):
        answer = judge(opening, pressed(opening, ms), [photo("ana-4")], steps)
        assert (answer.status, told(answer).kept) == (200, False)

    assert photos_in(opening) == []


def test_a_token_that_was_revoked_lets_nobody_in(
    opening: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps
) -> None:
    caller = pressed(opening, 5)
    opening.stores.devices.revoke("front")
    with full.of_photos(), pytest.raises(Forbidden):
        judge(opening, caller, [photo("ana-4")], steps)


def test_a_door_that_waits_goes_on_waiting(
    opening: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps
) -> None:
    strict = replace(opening, config=replace(opening.config, tries=1))
    judge(strict, pressed(opening, 1), [photo("bruno-1")], steps)
    with full.of_photos(), pytest.raises(TooManyRequests):
        judge(strict, pressed(opening, 2), [photo("ana-4")], steps)


def test_where_too_many_were_refused_nobody_is_let_in(
    opening: House, ana: Person, full: FullDisk, photo: Photo, steps: Steps
) -> None:
    strict = replace(opening, config=replace(opening.config, tries=2))
    with full.of_photos():
        for ms in (1, 2):
            assert judge(strict, pressed(opening, ms), [photo("bruno-1")], steps).status == 404
        with pytest.raises(StorageFull):
            judge(strict, pressed(opening, 3), [photo("ana-4")], steps)
