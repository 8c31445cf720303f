"""A disk without room under a running server: a verdict, nobody let in on a doubt, 503 for every change."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.disks import fill, small_disk
from tests.doors import add_door
from tests.servers import (
    REPOSITORY,
    Answer,
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    enrolled,
    post_json,
    post_photo,
    uwsgi,
)

pytestmark = pytest.mark.live

PHOTOS = REPOSITORY / "tests" / "photos"
ANA, NOBODY, BRUNO = ((PHOTOS / f"{name}.jpg").read_bytes() for name in ("ana-4", "nobody-1", "bruno-1"))
DISK_MIB = 48


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk for one house."""
    with small_disk(tmp_path / "disk", DISK_MIB) as folder:
        yield folder


@contextmanager
def house(disk: Path, pack_folder: Path, **settings: str) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """A server on that disk, with Ana, a visit of hers and one of nobody's."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", **ports.settings, **settings}
    with uwsgi(disk, settings) as running:
        server = LiveServer(ports.http, headers={})
        enrolled(server, "Ana", (PHOTOS / "ana-1.jpg").read_bytes())
        assert [post_photo(server, "/", photo).status for photo in (ANA, BRUNO)] == [200, 404]
        yield server, running


def fill_up(disk: Path) -> Path:
    """Leave no room, not even in what SQLite has of it for its log."""
    with closing(sqlite3.connect(disk / "porteiro.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return fill(disk)


def photos_on(disk: Path) -> set[Path]:
    return set((disk / "photos" / "visits").rglob("*.jpg"))


def log_of(disk: Path, running: RunningUwsgi) -> str:
    """What it told, also what had no room in the file."""
    return (disk / "log" / "porteiro.log").read_text() + "".join(running.output.lines)


def visits(server: LiveServer) -> list[str]:
    return [visit["id"] for visit in server.ask("GET", "/visits").json["visits"]]


def test_a_full_disk_lets_nobody_in_who_is_not_kept_and_pages_go_on(disk: Path, pack_folder: Path) -> None:
    with house(disk, pack_folder) as (server, running):
        before, photos = visits(server), photos_on(disk)
        filling = fill_up(disk)

        friends = [post_photo(server, "/", ANA) for _ in range(4)]
        strangers = [post_photo(server, "/", photo) for photo in (BRUNO, NOBODY, BRUNO, NOBODY)]

        assert {(answer.status, answer.error) for answer in friends} == {(503, "storage_full")}
        assert {answer.headers["Retry-After"] for answer in friends} == {"30"}
        assert "disk is full" in friends[0].json["error"]["message"]
        assert [answer.status for answer in strangers] == [404] * 4
        assert [answer.json["kept"] for answer in strangers] == [False] * 4
        assert (visits(server), photos_on(disk)) == (before, photos)
        pages = ("/", "/people", "/visits", "/unknown", "/devices", "/audit", "/metrics", "/events")
        assert {path: server.ask("GET", path).status for path in pages} == dict.fromkeys(pages, 200)

        filling.unlink()
        assert [post_photo(server, "/", photo).status for photo in (ANA, BRUNO)] == [200, 404]
        assert len(visits(server)) == len(before) + 2
        log = log_of(disk, running)
        assert "Traceback" not in log
        assert " status=500 " not in log
        assert log.count("a visit is not kept") >= 8


def test_every_change_is_refused_in_words(disk: Path, pack_folder: Path) -> None:
    with house(disk, pack_folder) as (server, running):
        ana = server.ask("GET", "/people").json["people"][0]["id"]
        theirs, other = (f"/visits/{visit}" for visit in visits(server))
        with running.stores() as stores:
            door = add_door(server, stores)
        changes: dict[str, Callable[[], Answer]] = {
            "a person": lambda: post_json(server, "/people", {"name": "Bruno"}),
            "a photo": lambda: post_photo(
                server, f"/people/{ana}/faces", (PHOTOS / "ana-2.jpg").read_bytes()
            ),
            "a name": lambda: post_json(server, f"/people/{ana}", {"name": "Anna"}, "PATCH"),
            "a correction": lambda: post_json(server, f"{other}/correction", {"verdict": "nobody"}, "PUT"),
            "an end of a visit": lambda: server.ask("DELETE", theirs),
            "an end of a person": lambda: server.ask("DELETE", f"/people/{ana}"),
            "a door": lambda: post_json(server, "/devices", {"name": "garden"}),
            "a heartbeat": door.beats,
            "a message": lambda: post_json(server, "/messages", {"text": "hello"}),
            "a link": lambda: post_json(server, "/invitations", {"role": "viewer"}),
            "a sign-in": lambda: post_json(server, "/sign-in", {"name": "Owner", "password": "wrong"}),
            "an export": lambda: server.ask("GET", f"/people/{ana}/export"),
        }
        filling = fill_up(disk)

        answers = {what: change() for what, change in changes.items()}

        assert {what: (answer.status, answer.error) for what, answer in answers.items()} == dict.fromkeys(
            changes, (503, "storage_full")
        )
        assert {answer.headers["Retry-After"] for answer in answers.values()} == {"30"}
        filling.unlink()
        assert changes["a person"]().status == 201
        assert "Traceback" not in log_of(disk, running)


def test_where_the_settings_say_so_a_known_person_is_let_in_and_each_press_judged_once(
    disk: Path, pack_folder: Path
) -> None:
    with house(disk, pack_folder, PORTEIRO_OPEN_UNKEPT="1") as (server, running):
        with running.stores() as stores:
            door = add_door(server, stores)
        door.now = lambda: datetime.now(UTC)
        before, photos = visits(server), photos_on(disk)
        filling = fill_up(disk)

        headers = door.press()
        friends = [door.rings(ANA, headers) for _ in range(6)]  # by both workers
        again = [door.rings(ANA, {**headers, "Idempotency-Key": f"another-{number}"}) for number in range(6)]
        stranger = door.rings(BRUNO)

        assert {(answer.status, answer.json["kept"]) for answer in friends} == {(200, False)}
        assert len({answer.json["visit"] for answer in friends}) == 1
        assert all(door.believes(answer.json, headers["Idempotency-Key"], ANA) for answer in friends)
        assert {(answer.status, answer.error) for answer in again} == {(409, "replayed")}
        assert (stranger.status, stranger.json["kept"]) == (404, False)
        assert (visits(server), photos_on(disk)) == (before, photos)

        filling.unlink()
        kept = door.rings(ANA)
        later = [door.rings(ANA, {**headers, "Idempotency-Key": f"later-{number}"}) for number in range(4)]
        assert (kept.status, kept.json["kept"]) == (200, True)
        assert {(answer.status, answer.error) for answer in later} == {(409, "replayed")}
        log = log_of(disk, running)
        assert "Traceback" not in log
        told = [line for line in log.splitlines() if "a visit is not kept" in line and "known" in line]
        assert told[0].endswith(" opens")


def make_older(disk: Path, number: int, days: int) -> None:
    """Have so many refused visits come some days earlier than they did."""
    chosen = "SELECT number FROM visits WHERE outcome != 'known' ORDER BY number LIMIT ?"
    earlier = f"UPDATE visits SET at = strftime('%Y-%m-%d %H:%M:%f', at, '-{days} days')"
    with closing(sqlite3.connect(disk / "porteiro.db")) as connection:
        connection.execute(f"{earlier} WHERE number IN ({chosen})", (number,))
        connection.commit()


def porteiro(running: RunningUwsgi, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("porteiro")
    return subprocess.run([program, *words], env=running.environ, capture_output=True, text=True, check=False)


SHORT = {"PORTEIRO_PURGE_WHEN_FULL": "1", "PORTEIRO_LEAST_FREE_MIB": "1", "PORTEIRO_TRIES": "0"}


@contextmanager
def full_house(disk: Path, pack_folder: Path) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """A server that may make room on a full disk, with refused visits of three days ago and of now."""
    with house(disk, pack_folder, **SHORT) as (server, running):
        assert {post_photo(server, "/", BRUNO).status for _ in range(60)} == {404}
        make_older(disk, 30, days=3)
        fill_up(disk)
        assert post_photo(server, "/", ANA).error == "storage_full"
        yield server, running


def test_where_the_settings_say_so_a_purge_makes_room_on_a_full_disk(disk: Path, pack_folder: Path) -> None:
    with full_house(disk, pack_folder) as (server, running):
        ana = server.ask("GET", "/people").json["people"][0]

        done = porteiro(running, "purge")
        kept = [post_photo(server, "/", photo) for photo in (ANA, BRUNO)]

        assert done.returncode == 0, done.stderr
        assert "refused visits went before their time, for room" in done.stderr
        assert done.stdout.startswith("removed 30 refused visits before their time, for room\n")
        assert [(answer.status, answer.json["kept"]) for answer in kept] == [(200, True), (404, True)]
        assert len(photos_on(disk)) == 2 + 60 - 30 + 2
        assert server.ask("GET", "/people").json["people"] == [ana]
        with running.stores() as stores:
            told = stores.events.about("purge", "storage")
            assert [(event.action, event.details) for event in told] == [
                ("made_room", {"visits": 30, "of": 62})
            ]
        assert porteiro(running, "check").returncode == 0
        assert "Traceback" not in log_of(disk, running)


@pytest.mark.long
def test_the_server_makes_room_by_itself_within_two_minutes(disk: Path, pack_folder: Path) -> None:
    with full_house(disk, pack_folder) as (server, running):
        until = time.monotonic() + 120
        while post_photo(server, "/", ANA).status != 200:
            assert time.monotonic() < until
            time.sleep(2)

        assert "refused visits went before their time, for room" in log_of(disk, running)


def test_a_door_that_sends_without_end_keeps_no_more_photos_than_its_quota(
    disk: Path, pack_folder: Path
) -> None:
    bound = {"PORTEIRO_MIB_PER_DOOR_AND_DAY": "1", "PORTEIRO_TRIES": "0"}
    with house(disk, pack_folder, **bound) as (server, running):
        rung = [post_photo(server, "/", BRUNO) for _ in range(40)]
        friend = post_photo(server, "/", ANA)
        with running.stores() as stores:
            door = add_door(server, stores)
        door.now = lambda: datetime.now(UTC)
        other = door.rings(BRUNO)

        assert {(answer.status, answer.json["kept"]) for answer in rung} == {(404, True)}
        assert (friend.status, other.status) == (200, 404)
        photos = {path.stem for path in photos_on(disk)}
        assert {friend.json["visit"], other.json["visit"]} < photos
        without = [answer.json["visit"] for answer in rung if answer.json["visit"] not in photos]
        sizes = sum(path.stat().st_size for path in photos_on(disk)) - len(BRUNO)
        assert (len(without) > 20, sizes <= 1024 * 1024) == (True, True)
        assert len(visits(server)) == 2 + 40 + 2
        assert server.ask("GET", f"/visits/{without[0]}/photo").error == "photo_unkept"
        assert porteiro(running, "check").returncode == 0
        assert porteiro(running, "backup", str(disk / "backups")).returncode == 0
        with running.stores() as stores:
            assert [event.action for event in stores.events.about("quota", "address")] == ["spent"]
        assert "Traceback" not in log_of(disk, running)
