import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
import structlog

from tests.conftest import Clock
from tests.galleries import SHARP
from wsgi_app.base.config import Config, load_config
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import StorageTrouble
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.retention import OLD_SNAPSHOTS, STRAY_PHOTOS, horizons, purge, survey
from wsgi_app.stores import retention as kinds
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.retention import AT_ONCE, Kind
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.tables import accounts, answers, attempts, events, invitations, probes, sessions
from wsgi_app.stores.visits import IdempotencyKey, StoredAnswer, Visit

DAY = timedelta(days=1)
PROBE = Embedding("e1", np.ones(3, np.float32))
PATIENCE_S = 60
KINDS = {kind for kind in vars(kinds).values() if isinstance(kind, Kind)}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config({"PORTEIRO_DATA": str(tmp_path)})


def came(stores: Stores, visit_id: str, outcome: str, ago: timedelta) -> Visit:
    """A visit of some time ago with all that belongs to one."""
    at = stores.now() - ago
    photo = stores.visits.save_photo(visit_id, at, b"jpeg")
    stores.photos.save_thumbnail(photo, b"small")
    for path in (stores.photos.path(photo), stores.photos.thumbnail_path(photo)):
        os.utime(path, (at.timestamp(), at.timestamp()))
    visit = Visit(
        0, visit_id, at, DoorId.of("device:front door"), Outcome(outcome), None, None, None, photo, 1.0
    )
    stores.visits.add(
        visit, StoredAnswer(404, b"{}"), IdempotencyKey(DoorId.of("device:front door"), visit_id), probe=PROBE
    )
    return visit


def removed(**counts: int) -> dict[str, int]:
    """What a purge says that removes so much, and nothing of what is not named."""
    named = {name.replace("_", " "): count for name, count in counts.items()}
    return dict.fromkeys((*(kind.name for kind in KINDS), OLD_SNAPSHOTS, STRAY_PHOTOS), 0) | named


def files(stores: Stores) -> list[str]:
    return sorted(path.name for path in stores.photos.path("visits").rglob("*"))


def rows(stores: Stores, table: sa.Table) -> int:
    with stores.database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_an_empty_house_has_nothing_to_forget(stores: Stores, config: Config, clock: Clock) -> None:
    assert survey(stores, config, clock.now()) == purge(stores, config, clock.now()) == removed()


def test_visits_of_people_let_in_stay_longer_than_others(
    stores: Stores, config: Config, clock: Clock
) -> None:
    for visit_id, outcome, days in (
        ("known31", "known", 31),
        ("known29", "known", 29),
        ("unknown8", "unknown", 8),
        ("unknown6", "unknown", 6),
        ("dark8", "too_dark", 8),
        ("now", "no_face", 0),
    ):
        came(stores, visit_id, outcome, days * DAY)

    found = survey(stores, config, clock.now())
    assert len(stores.visits.page(10)) == 6
    assert purge(stores, config, clock.now()) == found
    assert found["visits of people let in"] == 1
    assert found["other visits"] == 2
    assert [visit.id for visit in stores.visits.page(10)] == ["now", "unknown6", "known29"]


def test_how_long_visits_stay_is_set(stores: Stores, config: Config, clock: Clock) -> None:
    came(stores, "known", "known", 2 * DAY)
    came(stores, "unknown", "unknown", 2 * DAY)
    short = replace(config, keep_known_days=1, keep_other_days=3)
    purge(stores, short, clock.now())
    assert [visit.id for visit in stores.visits.page(10)] == ["unknown"]


def test_a_visit_goes_with_all_that_belongs_to_it(stores: Stores, config: Config, clock: Clock) -> None:
    came(stores, "v1", "unknown", 8 * DAY)
    stores.corrections.set(["v1"], CorrectionVerdict.NOBODY)
    assert files(stores) == ["2025-12-28", "v1.jpg", "v1.thumb.jpg"]

    purge(stores, config, clock.now())

    assert [rows(stores, table) for table in (answers, probes, events)] == [0, 0, 0]
    assert (stores.visits.page(10), stores.corrections.of(["v1"]), files(stores)) == ([], {}, [])


def test_a_visit_whose_photo_was_not_kept_goes_as_well(stores: Stores, config: Config, clock: Clock) -> None:
    kept = came(stores, "v1", "unknown", timedelta(0))
    old = replace(kept, id="v2", at=clock.now() - 8 * DAY, photo="")
    stores.visits.add(old, StoredAnswer(404, b"{}"), None)

    assert purge(stores, config, clock.now())["other visits"] == 1
    assert ([visit.id for visit in stores.visits.page(10)], stores.photos.read(kept.photo)) == (
        ["v1"],
        b"jpeg",
    )


def test_much_goes_in_many_short_transactions(stores: Stores, config: Config, clock: Clock) -> None:
    at = clock.now() - 8 * DAY
    for number in range(2 * AT_ONCE + 1):
        visit = Visit(
            0,
            f"v{number}",
            at,
            DoorId.of("device:d"),
            Outcome.UNKNOWN,
            None,
            None,
            None,
            f"visits/{number}.jpg",
            1.0,
        )
        stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
    begun: list[bool] = []
    sa.event.listen(stores.database.engine, "begin", lambda connection: begun.append(_writes(connection)))
    assert purge(stores, config, clock.now()) == removed(other_visits=2 * AT_ONCE + 1)
    assert sum(begun) == len(KINDS) + 2
    assert stores.visits.page(1) == []


def _writes(connection: sa.Connection) -> bool:
    return bool(connection.get_execution_options().get("write", False))


@pytest.mark.parametrize(
    ("kind", "days", "name"),
    [("message", 30, "messages"), ("person", 365, "events"), ("device", 365, "events")],
)
def test_what_happened_is_forgotten_after_a_while(
    stores: Stores, config: Config, clock: Clock, kind: str, days: int, name: str
) -> None:
    with stores.database.write() as connection:
        for ago in (days * DAY, days * DAY + timedelta(seconds=1)):
            row = {"at": clock.now() - ago, "kind": kind, "action": "a", "subject": "s", "details": {}}
            connection.execute(events.insert(), row)
    assert purge(stores, config, clock.now()) == removed(**{name: 1})
    assert [event.at for event in stores.events.after(0, 10)] == [clock.now() - days * DAY]


def test_sign_ins_that_ended_are_forgotten(stores: Stores, config: Config, clock: Clock) -> None:
    now = clock.now()
    named = {"id": "a", "name": "Ana", "name_key": "ana"}
    account = {**named, "role": "owner", "password_hash": "x", "revision": 1, "created_at": now}
    with stores.database.write() as connection:
        connection.execute(accounts.insert(), account)
        for key, end in ((b"1", now - timedelta(seconds=1)), (b"2", now)):
            row = {"key_hash": key, "account_id": "a", "created_at": now - DAY, "expires_at": end}
            connection.execute(sessions.insert(), row)
            link = {"key_hash": key, "id": key.hex(), "role": "viewer", "expires_at": end}
            connection.execute(invitations.insert(), link)
        for name, at in (("old", now - DAY - timedelta(seconds=1)), ("new", now - DAY)):
            connection.execute(attempts.insert(), {"key": name, "failures": 3, "last_at": at})
    assert purge(stores, config, now) == removed(**{"sessions": 1, "one-time links": 1, "failed sign-ins": 1})
    assert [rows(stores, table) for table in (sessions, invitations, attempts)] == [1, 1, 1]


def test_stored_answers_go_when_no_retry_may_ask_for_them(
    stores: Stores, config: Config, clock: Clock
) -> None:
    came(stores, "v1", "unknown", timedelta(seconds=601))
    assert purge(stores, config, clock.now()) == removed(stored_answers=1)
    assert [visit.id for visit in stores.visits.page(10)] == ["v1"]


# Photos without a visit


def left_behind(stores: Stores, name: str, ago: timedelta, wall: datetime) -> Path:
    """A photo that no visit names, written some time ago."""
    path = stores.photos.path(stores.photos.save_visit(name, wall - ago, b"jpeg"))
    moment = (wall - ago).timestamp()
    os.utime(path, (moment, moment))
    return path


def test_photos_that_a_crash_left_are_removed_after_an_hour(
    stores: Stores, config: Config, clock: Clock
) -> None:
    came(stores, "v1", "unknown", 3 * DAY)
    left_behind(stores, "lost", 3 * DAY, clock.now())
    left_behind(stores, "alone", timedelta(minutes=61), clock.now())
    left_behind(stores, "young", timedelta(minutes=59), clock.now())
    unfinished = stores.photos.path("visits/2026-01-02/v1.thumb.jpg.tmp1")
    unfinished.write_bytes(b"")
    os.utime(unfinished, (0, 0))

    assert survey(stores, config, clock.now())[STRAY_PHOTOS] == 3
    assert purge(stores, config, clock.now())[STRAY_PHOTOS] == 3
    assert files(stores) == ["2026-01-02", "2026-01-05", "v1.jpg", "v1.thumb.jpg", "young.jpg"]


def cut_off(_: str) -> None:
    raise KeyboardInterrupt


def test_a_photo_that_stays_when_its_visit_goes_is_removed_by_a_later_purge(
    stores: Stores, config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    came(stores, "v1", "unknown", timedelta(minutes=50))

    def failing(path: Path, **_: bool) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))

    with monkeypatch.context() as disk, structlog.testing.capture_logs() as logged:
        disk.setattr(Path, "unlink", failing)
        stores.visits.remove("v1", lambda _: True)
        assert purge(stores, config, clock.now() + timedelta(minutes=11))[STRAY_PHOTOS] == 0

    assert [(line["event"], line["why"]) for line in logged] == [
        ("a photo cannot be removed", "Input/output error")
    ]
    assert stores.visits.page(10) == []
    assert purge(stores, config, clock.now())[STRAY_PHOTOS] == 0
    assert purge(stores, config, clock.now() + timedelta(minutes=11))[STRAY_PHOTOS] == 2


def test_nothing_goes_where_no_photo_could(
    stores: Stores, config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    came(stores, "v1", "unknown", 400 * DAY)
    with monkeypatch.context() as lost:
        lost.setattr(stores.photos, "_is_marked", True)
        with pytest.raises(StorageTrouble, match="photos_missing"):
            purge(stores, config, clock.now())
    assert [visit.id for visit in stores.visits.page(10)] == ["v1"]
    assert files(stores)[1:] == ["v1.jpg", "v1.thumb.jpg"]


def test_crops_that_a_crash_left_are_removed_after_an_hour(
    stores: Stores, config: Config, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, eve = stores.people.add("Ana").id, stores.people.add("Eve").id
    kept = stores.faces.add(ana, b"png", SHARP, PROBE)
    forgotten, young = (
        stores.faces.add(eve, b"of Eve", SHARP, PROBE),
        stores.photos.save_crop("young", b"png"),
    )
    with monkeypatch.context() as power:  # it fails between the commit and the removal of the photo
        power.setattr(stores.photos, "remove", cut_off)
        with pytest.raises(KeyboardInterrupt):
            stores.people.remove(eve, lambda _: True)
    old = (clock.now() - timedelta(minutes=61)).timestamp()
    for name in (kept.crop, forgotten.crop):
        os.utime(stores.photos.path(name), (old, old))
    assert stores.photos.path(forgotten.crop).read_bytes() == b"of Eve"

    assert survey(stores, config, clock.now()) == removed(**{STRAY_PHOTOS: 1})
    assert purge(stores, config, clock.now()) == removed(**{STRAY_PHOTOS: 1})

    assert sorted(path.name for path in stores.photos.path("people").iterdir()) == sorted(
        Path(name).name for name in (kept.crop, young)
    )


def test_a_press_that_is_being_answered_keeps_its_photo(stores: Stores, config: Config, clock: Clock) -> None:
    with stores.visits.saving_photo("v1", clock.now(), b"jpeg") as saved:
        name = saved()
        young = (clock.now() - timedelta(hours=1)).timestamp()
        os.utime(stores.photos.path(name), (young, young))
        assert purge(stores, config, clock.now()) == removed()
        visit = Visit(
            0, "v1", clock.now(), DoorId.of("device:d"), Outcome.UNKNOWN, None, None, None, name, 1.0
        )
        stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
    assert stores.photos.path(stores.visits.get("v1").photo).read_bytes() == b"jpeg"


def test_the_empty_folder_of_a_day_that_goes_on_stays(stores: Stores, config: Config, clock: Clock) -> None:
    for ago in (timedelta(0), DAY, 2 * DAY):
        left_behind(stores, "lost", ago, clock.now()).unlink()
    purge(stores, config, clock.now())
    assert files(stores) == ["2026-01-04", "2026-01-05"]


def test_several_may_forget_at_once_while_a_door_rings(stores: Stores, config: Config, clock: Clock) -> None:
    for number in range(60):
        came(stores, f"old{number}", "unknown", 8 * DAY)
    begin = threading.Barrier(3)

    def after_the_start(act: Callable[[], None]) -> None:
        begin.wait(PATIENCE_S)
        act()

    def ring() -> None:
        for number in range(20):
            came(stores, f"new{number}", "unknown", timedelta(0))

    def forget() -> None:
        purge(stores, config, clock.now())

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(after_the_start, (ring, forget, forget)))
    purge(stores, config, clock.now())
    kept = [visit.id for visit in stores.visits.page(100)]
    assert kept == [f"new{number}" for number in reversed(range(20))]
    assert all(stores.photos.path(stores.visits.get(visit_id).photo).exists() for visit_id in kept)


def test_every_kind_has_its_time(config: Config, clock: Clock) -> None:
    assert horizons(config, clock.now()).keys() == KINDS
