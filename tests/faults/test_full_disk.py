"""A disk without room under a running server: a verdict, nobody let in on a doubt, 503 for every change."""

import sqlite3
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
