"""The folder of the photos: not mounted, or another one; and photos that are not what was kept."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.backups import enrolled as enrolled_here
from tests.backups import visited
from tests.disks import small_disk, unmount
from tests.houses import copy_new_database, stores_of
from tests.owners import Owner
from tests.servers import (
    REPOSITORY,
    LiveServer,
    LocalPorts,
    RunningUwsgi,
    enrolled,
    post_photo,
    uwsgi,
)
from wsgi_app.base.errors import ConfigError
from wsgi_app.front.start import prepare
from wsgi_app.stores.backups.state import read_state
from wsgi_app.stores.photos import MARKER

PHOTOS = REPOSITORY / "tests" / "photos"
ANA = (PHOTOS / "ana-4.jpg").read_bytes()


@contextmanager
def house(data: Path, pack_folder: Path) -> Iterator[tuple[LiveServer, RunningUwsgi]]:
    """A server with Ana and a visit of hers."""
    ports = LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_OPEN": "1", **ports.settings}
    with uwsgi(data, settings) as running:
        server = LiveServer(ports.http, headers={})
        enrolled(server, "Ana", (PHOTOS / "ana-1.jpg").read_bytes())
        assert post_photo(server, "/", ANA).status == 200
        yield server, running


@pytest.mark.live
def test_a_disk_of_photos_that_goes_away_shuts_the_doors_and_nothing_is_made_beneath(
    tmp_path: Path, pack_folder: Path
) -> None:
    data = tmp_path / "data"
    photos = data / "photos"
    photos.mkdir(parents=True)
    with small_disk(photos, 32):
        with house(data, pack_folder) as (server, running):
            assert (photos / MARKER).is_file()
            visit = server.ask("GET", "/visits").json["visits"][0]["id"]
            unmount(photos)

            pressed = [post_photo(server, "/", ANA) for _ in range(4)]
            ready = server.ask("GET", "/health/ready")
            shown = server.ask("GET", f"/visits/{visit}/photo")
            pages = {path: server.ask("GET", path) for path in ("/", "/people", "/visits")}

            assert {(answer.status, answer.error) for answer in (*pressed, ready, shown)} == {
                (503, "photos_missing")
            }
            assert {path: page.status for path, page in pages.items()} == dict.fromkeys(pages, 200)
            assert b"is their disk not mounted" in pages["/"].body
            assert list(photos.iterdir()) == []
            assert "Traceback" not in "".join(running.output.lines)

        with pytest.raises(ConfigError, match="Is its disk not mounted"):
            prepare({"PORTEIRO_DATA": str(data), **LocalPorts().settings})
        assert list(photos.iterdir()) == []


@pytest.mark.live
def test_a_damaged_photo_is_told_as_one(tmp_path: Path, pack_folder: Path) -> None:
    with house(tmp_path, pack_folder) as (server, running):
        visit = server.ask("GET", "/visits").json["visits"][0]["id"]
        (path,) = (tmp_path / "photos" / "visits").rglob("*.jpg")
        whole = bytearray(path.read_bytes())
        whole[-500:-100] = bytes(400)
        path.write_bytes(whole)

        photo = server.ask("GET", f"/visits/{visit}/photo")
        small = server.ask("GET", f"/visits/{visit}/thumbnail")
        as_image = {"Accept": "image/avif,image/svg+xml,*/*;q=0.8"}
        in_page = server.ask("GET", f"/visits/{visit}/photo", headers=as_image)
        page = server.ask("GET", f"/visits/{visit}", headers={"Accept": "text/html"})

        assert {(answer.status, answer.error) for answer in (photo, small)} == {(404, "photo_damaged")}
        assert (in_page.status, in_page.headers["Content-Type"]) == (404, "image/svg+xml; charset=utf-8")
        assert b"photo damaged" in in_page.body
        assert (page.status, b"cannot be shown" in page.body) == (200, True)
        log = "".join(running.output.lines)
        assert "a kept photo is damaged" in log
        assert "Traceback" not in log


def visited_house(data: Path) -> Path:
    """A house with Ana and a visit; gives the folder of its photos."""
    copy_new_database(data / "porteiro.db")
    with stores_of({"PORTEIRO_DATA": str(data)}) as stores:
        enrolled_here(stores, "Ana")
        visited(stores)
    return data / "photos"


def as_before(data: Path) -> None:
    """Forget that there ever was a marker, as in a database of an earlier release."""
    with closing(sqlite3.connect(data / "porteiro.db")) as connection:
        connection.execute("DELETE FROM photo_folder")
        connection.commit()


def start(data: Path) -> None:
    """What a start does before uWSGI does anything, and what each worker does then."""
    prepare({"PORTEIRO_DATA": str(data), **LocalPorts().settings})
    with stores_of({"PORTEIRO_DATA": str(data)}):
        pass


def test_a_house_of_before_gets_its_marker_and_misses_it_from_then_on(tmp_path: Path) -> None:
    photos = visited_house(tmp_path)
    (photos / MARKER).unlink()
    as_before(tmp_path)

    start(tmp_path)
    assert (photos / MARKER).is_file()
    (photos / MARKER).unlink()

    with pytest.raises(ConfigError, match=f"has no file {MARKER}"):
        start(tmp_path)


@pytest.mark.parametrize("release", ["this one", "one of before"])
def test_an_empty_folder_in_place_of_the_photos_starts_nothing(tmp_path: Path, release: str) -> None:
    photos = visited_house(tmp_path)
    if release == "one of before":
        as_before(tmp_path)
    photos.rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="there is no folder"):
        start(tmp_path)
    photos.mkdir()
    with pytest.raises(ConfigError, match="Is its disk not mounted"):
        start(tmp_path)
    assert list(photos.iterdir()) == []

    (photos / MARKER).touch()  # as who knows that they are lost for good
    start(tmp_path)


def test_a_new_house_has_its_marker_from_its_first_start_on(tmp_path: Path) -> None:
    start(tmp_path / "data")
    assert [path.name for path in (tmp_path / "data" / "photos").iterdir()] == [MARKER]


def test_a_backup_without_the_photos_is_refused_and_told(tmp_path: Path) -> None:
    photos = visited_house(tmp_path / "data")
    photos.rename(tmp_path / "elsewhere")
    owner = Owner({"PORTEIRO_DATA": str(tmp_path / "data")})

    assert "is their disk not mounted?" in owner.is_told("backup", tmp_path / "backups")
    assert "is their disk not mounted?" in read_state(tmp_path / "data").why
