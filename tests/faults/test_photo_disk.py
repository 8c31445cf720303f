"""A disk of photos that takes no file, or is not there: it is told, and nothing is half removed."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.disks import remount, small_disk, take_all_files, unmount
from tests.servers import REPOSITORY, LiveServer, LocalPorts, RunningUwsgi, enrolled, post_photo, uwsgi
from wsgi_app.base.config import load_config
from wsgi_app.house.storage import PhotosKeeper
from wsgi_app.stores.photos import PhotoStore

pytestmark = pytest.mark.live

PHOTOS = REPOSITORY / "tests" / "photos"
ANA, BRUNO = ((PHOTOS / f"{name}.jpg").read_bytes() for name in ("ana-4", "bruno-1"))
DISK_MIB, FILES = 32, 40


@contextmanager
def house(data: Path, pack_folder: Path) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """A server whose photos have a disk of their own, with Ana, a visit of hers and one of nobody's."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", "PORTEIRO_LEAST_FREE_MIB": "1"}
    (data / "photos").mkdir(parents=True)
    with small_disk(data / "photos", DISK_MIB, FILES), uwsgi(data, settings | ports.settings) as running:
        server = LiveServer(ports.http, headers={})
        enrolled(server, "Ana", (PHOTOS / "ana-1.jpg").read_bytes())
        assert [post_photo(server, "/", photo).status for photo in (ANA, BRUNO)] == [200, 404]
        assert server.ask("GET", "/health/ready").status == 200
        yield server, running


def photos_on(data: Path) -> set[str]:
    return {path.name for path in (data / "photos").rglob("*.*g")}


def addresses(server: LiveServer) -> list[str]:
    """Where somebody's visit and whoever it was can be forgotten."""
    visit = server.ask("GET", "/visits").json["visits"][0]["id"]
    person = server.ask("GET", "/people").json["people"][0]["id"]
    return [f"/visits/{visit}", f"/people/{person}"]


def porteiro(running: RunningUwsgi, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("porteiro")
    return subprocess.run([program, *words], env=running.environ, capture_output=True, text=True, check=False)


def told_by_the_server(running: RunningUwsgi) -> list[str]:
    """What its own look tells, once a minute."""
    with running.stores() as stores:
        PhotosKeeper(load_config(running.environ), stores)()
        return [event.details.get("why", event.action) for event in stores.events.about("storage", "photos")]


def is_without_faults(data: Path, running: RunningUwsgi) -> bool:
    log = (data / "log" / "porteiro.log").read_text() + "".join(running.output.lines)
    return "Traceback" not in log and " status=500 " not in log


def test_a_read_only_disk_is_told_and_nothing_is_half_removed(tmp_path: Path, pack_folder: Path) -> None:
    data = tmp_path / "data"
    with house(data, pack_folder) as (server, running):
        theirs, photos = addresses(server), photos_on(data)
        remount(data / "photos", "ro")

        ready, page = server.ask("GET", "/health/ready"), server.ask("GET", "/")
        pressed = post_photo(server, "/", ANA)
        removed = [server.ask("DELETE", address) for address in theirs]
        said = [porteiro(running, *words) for words in (("purge",), ("forget", "Ana"))]

        assert (page.status, b"disk is read-only" in page.body) == (200, True)
        assert {(answer.status, answer.error) for answer in (ready, pressed, *removed)} == {
            (503, "unavailable")
        }
        assert {done.returncode for done in said} == {1}
        assert {"Traceback" in done.stderr for done in said} == {False}
        assert {"disk is read-only" in done.stderr for done in said} == {True}
        assert told_by_the_server(running) == ["unavailable:disk_read_only"]
        assert (addresses(server), photos_on(data)) == (theirs, photos)

        remount(data / "photos", "rw")
        assert server.ask("GET", "/health/ready").status == 200
        assert told_by_the_server(running)[1:] == ["writable"]
        assert [server.ask("DELETE", address).status for address in theirs] == [204, 204]
        assert photos_on(data) < photos
        assert porteiro(running, "purge").returncode == 0
        assert is_without_faults(data, running)


def test_a_disk_without_files_left_is_told_and_lets_photos_go(tmp_path: Path, pack_folder: Path) -> None:
    data = tmp_path / "data"
    with house(data, pack_folder) as (server, running):
        theirs, photos = addresses(server), photos_on(data)
        made = take_all_files(data / "photos")

        ready, page = server.ask("GET", "/health/ready"), server.ask("GET", "/")
        stranger = post_photo(server, "/", BRUNO)

        assert (ready.status, ready.error) == (503, "storage_full")
        assert "takes no more files, though it has room" in ready.json["error"]["message"]
        assert (page.status, b"takes no more files" in page.body) == (200, True)
        assert (stranger.status, stranger.json["kept"]) == (404, False)
        assert told_by_the_server(running) == ["storage_full:files"]
        assert [server.ask("DELETE", address).status for address in theirs] == [204, 204]
        assert photos_on(data) < photos
        for path in made:
            path.unlink()
        assert server.ask("GET", "/health/ready").status == 200
        assert is_without_faults(data, running)


def test_a_disk_that_is_not_there_keeps_what_would_come_back(tmp_path: Path, pack_folder: Path) -> None:
    data = tmp_path / "data"
    with house(data, pack_folder) as (server, running), running.stores() as stores:
        theirs = addresses(server)
        unmount(data / "photos")

        removed = [server.ask("DELETE", address) for address in theirs]
        said = porteiro(running, "purge")

        assert {(answer.status, answer.error) for answer in removed} == {(503, "photos_missing")}
        assert (said.returncode, "Traceback" in said.stderr) == (1, False)
        assert addresses(server) == theirs
        PhotosKeeper(load_config(running.environ), stores)()
        told = stores.events.about("storage", "photos")
        assert [event.details["why"] for event in told] == ["photos_missing"]
        assert is_without_faults(data, running)


def test_a_probe_leaves_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "photos", DISK_MIB, FILES) as disk:
        photos = PhotoStore(disk)
        photos.probe()
        assert list(disk.iterdir()) == []
