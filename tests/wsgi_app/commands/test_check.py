"""`porteiro check`: what it finds wrong, what it repairs, and what it leaves alone."""

import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import PHOTOS
from tests.galleries import SHARP, vector
from tests.houses import copy_new_database
from tests.owners import Owner
from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.photos import MARKER, PhotoStore, sha256_of
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.troubles import Trouble, TroubleFile
from wsgi_app.stores.visits import StoredAnswer, Visit

AT = datetime(2026, 1, 5, tzinfo=UTC)
JPEG = (PHOTOS / "ana-1.jpg").read_bytes()
PNG = b"\x89PNG\r\n\x1a\n and so on"
WELL = [
    "ok:              the database is whole",
    "ok:              its schema is this release's",
    "ok:              no rows that refer to what is gone",
    "ok:              no visits without their photo",
    "ok:              no faces without their crop",
    "ok:              no photos that are none",
    "ok:              no photos that are not what was kept",
]
NO_STRAYS = "ok:              no photos without a visit or a face"


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    """The owner of a house with Ana, her face, and two visits."""
    copy_new_database(tmp_path / "porteiro.db")
    owner = Owner({"PORTEIRO_DATA": str(tmp_path)})
    with owner.house() as stores:
        ana = stores.people.add("Ana").id
        stores.faces.add(ana, PNG, SHARP, Embedding("e1", vector(1.0)))
        for name in ("first", "second"):
            photo = stores.visits.save_photo(name, AT, JPEG)
            visit = Visit(
                0,
                name,
                AT,
                DoorId.of("device:front"),
                Outcome.UNKNOWN,
                None,
                None,
                None,
                photo,
                1.0,
                photo_sha256=sha256_of(JPEG),
            )
            stores.visits.add(visit, StoredAnswer(404, b"{}"), None)
            stores.photos.save_thumbnail(photo, JPEG)
    return owner


def photo_of(owner: Owner, visit: str) -> Path:
    return owner.data / "photos" / "visits" / "2026-01-05" / f"{visit}.jpg"


def changed(owner: Owner, *statements: str) -> None:
    """Do something to the database that no release of Porteiro does."""
    with closing(sqlite3.connect(owner.data / "porteiro.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_house_in_order_is_told_so(owner: Owner) -> None:
    assert owner.does("check").splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]
    assert owner.does("check", "--repair").splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]


def test_a_visit_whose_photo_was_not_kept_lacks_none(owner: Owner) -> None:
    changed(owner, "UPDATE visits SET photo = '', photo_sha256 = NULL WHERE id = 'first'")
    for path in (photo_of(owner, "first"), photo_of(owner, "first.thumb")):
        path.unlink()

    for options in ((), ("--repair",)):
        assert owner.does("check", *options).splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]


def test_checking_changes_nothing(owner: Owner) -> None:
    changed(owner, "DELETE FROM people")
    (owner.data / "photos/people/stray.png").write_bytes(PNG)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in owner.data.rglob("*.*")}

    assert owner.types("check").exit_code == 1

    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in before} == before


def test_rows_and_photos_that_belong_to_nothing_are_removed_when_told(owner: Owner) -> None:
    changed(owner, "PRAGMA foreign_keys = OFF", "UPDATE visits SET person_id = 'nobody' WHERE id = 'first'")
    changed(
        owner, "PRAGMA foreign_keys = OFF", "DELETE FROM people", "DELETE FROM visits WHERE id = 'second'"
    )
    hour_ago = time.time() - 3600
    os.utime(next((owner.data / "photos/people").iterdir()), (hour_ago, hour_ago))

    first = owner.types("check")
    assert first.exit_code == 1
    *said, one, other = first.stdout.splitlines()
    assert [*said, *sorted((one, other))] == [
        *WELL[:2],
        "can be repaired: 2 rows that refer to what is gone",
        "                   faces",
        "                   visits",
        *WELL[3:],
        "can be repaired: 2 photos without a visit or a face",
        "                   second.jpg",
        "                   second.thumb.jpg",
    ]
    assert "2 things to be mended; 2 of them with: porteiro check --repair" in first.stderr

    repaired = owner.does("check", "--repair").splitlines()
    assert repaired[2] == "repaired:        2 rows that refer to what is gone, mended"
    assert repaired[-1] == "Nothing is wrong any more."
    assert "repaired:        3 photos without a visit or a face, removed" in repaired  # the face's crop too
    assert owner.does("check").splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]
    with owner.house() as stores:
        (visit,) = stores.visits.page(10)
        assert (visit.id, visit.person_id, stores.gallery.rows("e1").faces) == ("first", None, [])
    assert photo_of(owner, "first").read_bytes() == JPEG


def test_a_stray_that_cannot_be_removed_is_named(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    with owner.house() as stores:
        stray = stores.photos.save_visit("stray", stores.now(), JPEG)
    monkeypatch.setattr(PhotoStore, "discard", lambda *_: False)

    assert "a photo without a visit or a face stays" in owner.types("check", "--repair").output
    assert (owner.data / "photos" / stray).exists()


def test_what_is_enrolled_just_now_is_no_stray(owner: Owner) -> None:
    (owner.data / "photos/people/on-its-way.png").write_bytes(PNG)

    assert NO_STRAYS in owner.does("check", "--repair")
    assert (owner.data / "photos/people/on-its-way.png").exists()


def test_small_copies_are_made_when_told(owner: Owner) -> None:
    photo_of(owner, "first").with_suffix(".thumb.jpg").unlink()
    note = "note:            1 small copy of a photo not made yet, as nobody asked for it"
    assert owner.does("check").splitlines() == [*WELL, note, NO_STRAYS, "Nothing is wrong."]

    made = "repaired:        1 small copy of a photo, made"
    assert owner.does("check", "--repair").splitlines() == [
        *WELL,
        made,
        NO_STRAYS,
        "Nothing is wrong any more.",
    ]
    assert photo_of(owner, "first").with_suffix(".thumb.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_photos_that_are_gone_or_none_are_named_and_nothing_more(owner: Owner) -> None:
    photo_of(owner, "first").unlink()
    photo_of(owner, "second").write_bytes(b"")
    (crop,) = (owner.data / "photos/people").iterdir()
    crop.unlink()

    for options in ((), ("--repair",)):
        result = owner.types("check", *options)
        assert result.exit_code == 1
        assert result.stdout.splitlines()[3:9] == [
            "wrong:           1 visit without its photo",
            "                   first",
            "wrong:           1 face without its crop",
            f"                   {crop.stem}",
            "wrong:           1 photo that is none",
            "                   visits/2026-01-05/second.jpg",
        ]
        assert "3 things that cannot be repaired here." in result.stderr
    with owner.house() as stores:
        assert [visit.id for visit in stores.visits.page(10)] == ["second", "first"]


def test_a_damaged_index_is_made_anew_when_told(owner: Owner) -> None:
    changed(
        owner,
        "PRAGMA writable_schema = ON",
        "CREATE INDEX probe ON visits (outcome) WHERE outcome = 'none'",
        "UPDATE sqlite_master SET sql = 'CREATE INDEX probe ON visits (outcome)' WHERE name = 'probe'",
    )

    assert "can be repaired: indexes of the database are damaged" in owner.types("check").stdout
    repaired = owner.does("check", "--repair")
    assert repaired.startswith("repaired:        indexes of the database, made anew")
    assert owner.does("check").splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]


def overwrite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'visits'").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(random.Random(5).randbytes(400))


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def letter(path: Path) -> None:
    path.write_bytes(b"a letter to Ana, and not a database at all; " * 100)


@pytest.mark.parametrize("fault", [overwrite, halve, letter])
@pytest.mark.parametrize("options", [(), ("--repair",)])
def test_a_damaged_database_is_left_alone(
    owner: Owner, fault: Callable[[Path], None], options: tuple[str, ...]
) -> None:
    path = owner.data / "porteiro.db"
    fault(path)
    before = path.read_bytes()

    result = owner.types("check", *options)

    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.stdout.startswith(
        "wrong:           the database is damaged: bring back a copy of it while no server runs\n"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("revision", "said", "status"),
    [
        ("9999", f"wrong:           its schema 9999 is newer than this release's {SCHEMA_REVISION}", 1),
        ("0001", "note:            its schema 0001 is an earlier release's: the next start brings it", 0),
    ],
)
def test_of_another_schema_only_that_is_said(owner: Owner, revision: str, said: str, status: int) -> None:
    changed(owner, f"UPDATE alembic_version SET version_num = '{revision}'")

    result = owner.types("check", "--repair")

    assert result.exit_code == status
    assert said in result.stdout
    assert "photo" not in result.stdout.replace("rows and photos are not compared", "")


def test_without_a_database_there_is_nothing_to_check(newcomer: Owner) -> None:
    assert newcomer.is_told("check") == (
        f"porteiro: There is no database at {newcomer.data / 'porteiro.db'}; the first start makes it."
    )
    assert not newcomer.data.exists()


def test_what_the_running_server_found_is_said(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    (owner.data / "run").mkdir()
    TroubleFile(owner.data / "run" / "trouble").write(Trouble.REPLACED)
    assert "the server" not in owner.does("check")  # none runs

    monkeypatch.setattr("wsgi_app.house.checking.server_of", lambda _: 4711)
    assert owner.does("check").startswith(
        "note:            the server that runs here (process 4711) found the database replaced, and refuses "
        "it until it is started anew\n"
    )


def test_a_photo_that_is_not_what_was_kept_is_named(owner: Owner) -> None:
    whole = bytearray(JPEG)
    whole[1000:1400] = bytes(400)
    photo_of(owner, "second").write_bytes(whole)

    result = owner.types("check", "--repair")

    assert result.exit_code == 1
    assert result.stdout.splitlines()[6:8] == [
        "wrong:           1 photo that is not what was kept",
        "                   visits/2026-01-05/second.jpg",
    ]


def test_what_photos_of_an_earlier_release_are_is_noted_when_told(owner: Owner) -> None:
    changed(owner, "UPDATE visits SET photo_sha256 = NULL", "UPDATE faces SET crop_sha256 = NULL")

    note = "3 photos of an earlier release, which did not note what they are"
    assert f"note:            {note}, so nobody could tell damage" in owner.does("check")
    assert f"repaired:        {note}, noted" in owner.does("check", "--repair")
    assert owner.does("check").splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]
    with owner.house() as stores:
        assert {visit.photo_sha256 for visit in stores.visits.page(10)} == {sha256_of(JPEG)}


def test_a_folder_that_lost_its_marker_gets_it_when_told(owner: Owner) -> None:
    (owner.data / "photos" / MARKER).unlink()

    said = f"can be repaired: the photos' folder has lost its marker {MARKER}"
    assert said in owner.types("check").stdout
    assert f"repaired:        the marker {MARKER} of the photos' folder, made" in owner.does(
        "check", "--repair"
    )
    assert owner.does("check").splitlines() == [*WELL, NO_STRAYS, "Nothing is wrong."]


def test_of_a_folder_that_is_not_there_nothing_is_compared_or_made(owner: Owner) -> None:
    folder = owner.data / "photos"
    folder.rename(owner.data / "elsewhere")

    result = owner.types("check", "--repair")

    assert result.exit_code == 1
    assert f"the photos are not in {folder}: is its disk not mounted?" in result.stdout
    assert not folder.exists()
