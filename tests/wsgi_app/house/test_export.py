import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from tests.conftest import Clock
from tests.galleries import SHARP
from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.doors import DoorId
from wsgi_app.base.errors import NotFound, StorageFull
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.export import PAGE, Bounds, Exporter
from wsgi_app.stores import tables
from wsgi_app.stores.embeddings import Embedding
from wsgi_app.stores.faces import Source
from wsgi_app.stores.people import Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visits import StoredAnswer, Visit

LISBON = ZoneInfo("Europe/Lisbon")
ENOUGH = Bounds()
SUMMER = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)

AddVisit = Callable[[datetime, str], str]


@pytest.fixture
def ana(stores: Stores) -> Person:
    """Somebody with a rule, one photo, and a face that is kept as not hers."""
    ana = stores.people.add("Ana", lambda person: replace(person, hours=("tue 09:00-12:00",)))
    embedding = Embedding("e1", np.ones(4, np.float32))
    stores.faces.add(ana.id, b"her face", SHARP, embedding)
    stores.faces.add(ana.id, b"not hers", SHARP, embedding, Source(negative=True))
    return stores.people.get(ana.id)


@pytest.fixture
def add_visit(stores: Stores, ana: Person) -> AddVisit:
    """Lets Ana come at a time; gives the visit's id."""

    def add(at: datetime, outcome: str = "known") -> str:
        visit_id = stores.visits.new_id()
        photo = stores.visits.save_photo(visit_id, at, b"photo of " + visit_id.encode())
        visit = Visit(
            0, visit_id, at, DoorId.of("device:door"), Outcome(outcome), ana.id, 0.9, None, photo, 1.0
        )
        stores.visits.add(visit, StoredAnswer(200, b""), None)
        return visit_id

    return add


def exporter(stores: Stores, folder: Path, bounds: Bounds = ENOUGH) -> Exporter:
    return Exporter(stores, folder, LISBON, bounds)


def unpacked(stores: Stores, folder: Path, person: Person, bounds: Bounds = ENOUGH) -> dict[str, bytes]:
    """The files of an export by their names."""
    with exporter(stores, folder, bounds).export(person) as file, zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def visits_in(files: dict[str, bytes]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(files["visits.json"])
    return rows


def test_an_export_holds_all_that_shows_somebody(
    stores: Stores, ana: Person, add_visit: AddVisit, tmp_path: Path
) -> None:
    visit = add_visit(SUMMER, "not_now")

    files = unpacked(stores, tmp_path, ana)

    photo = f"visits/2026-07-01 10.00.00 not_now {visit[:8]}.jpg"
    assert {name: data for name, data in files.items() if not name.endswith(".json")} == {
        "faces/face 01.png": b"her face",
        photo: b"photo of " + visit.encode(),
    }
    assert json.loads(files["person.json"]) == {
        "id": ana.id,
        "name": "Ana",
        "created_at": "2026-01-05T10:00:00Z",
        "valid_from": None,
        "valid_until": None,
        "hours": ["tue 09:00-12:00"],
        "faces": [
            {
                "photo": "faces/face 01.png",
                "created_at": "2026-01-05T10:00:00Z",
                "quality": msgspec.to_builtins(SHARP),
                "visit": None,
                "accepted": [],
                "unlike": None,
                "confirmed_at": None,
            }
        ],
    }
    assert visits_in(files) == [
        {
            "id": visit,
            "at": "2026-07-01T09:00:00Z",
            "device": "device:door",
            "outcome": "not_now",
            "score": 0.9,
            "face": None,
            "photo": photo,
        }
    ]


def test_a_face_that_somebody_insisted_on_is_exported_with_what_was_doubted(
    stores: Stores, ana: Person, tmp_path: Path, clock: Clock
) -> None:
    bruno = stores.people.add("Bruno")
    embedding = Embedding("e1", np.ones(4, np.float32))
    stores.faces.add(ana.id, b"in doubt", SHARP, embedding, Source(unlike=0.1234, insisted=True))
    confirmed = stores.faces.add(
        ana.id, b"both", SHARP, embedding, Source(like=bruno.id, unlike=0.2, insisted=True)
    )
    clock.advance(60)
    stores.faces.confirm(ana.id, confirmed.id)

    text = unpacked(stores, tmp_path, ana)["person.json"].decode()

    doubts = [(face["accepted"], face["unlike"], face["confirmed_at"]) for face in json.loads(text)["faces"]]
    assert doubts == [
        ([], None, None),
        (["unlike_own"], 0.1234, None),
        (["like_another", "unlike_own"], None, "2026-01-05T10:01:00Z"),
    ]
    assert bruno.id not in text  # whom she is like is another's


def test_visits_are_those_that_were_corrected_to_show_them(
    stores: Stores, ana: Person, add_visit: AddVisit, tmp_path: Path
) -> None:
    taken_for_her, hers = add_visit(SUMMER, "known"), add_visit(SUMMER, "known")
    stores.corrections.set([taken_for_her], CorrectionVerdict.NOBODY)

    assert [row["id"] for row in visits_in(unpacked(stores, tmp_path, ana))] == [hers]


def test_more_visits_than_are_read_at_once_all_come(
    stores: Stores, ana: Person, add_visit: AddVisit, tmp_path: Path
) -> None:
    added = [add_visit(SUMMER + timedelta(minutes=number), "known") for number in range(PAGE + 1)]

    files = unpacked(stores, tmp_path, ana)

    assert [row["id"] for row in visits_in(files)] == added[::-1]
    assert sum(name.startswith("visits/") for name in files) == PAGE + 1


def test_an_export_has_an_end_and_holds_the_latest(
    stores: Stores, ana: Person, add_visit: AddVisit, tmp_path: Path
) -> None:
    added = [add_visit(SUMMER + timedelta(minutes=number), "known") for number in range(4)]
    room = len(b"her face") + len(b"photo of " + added[0].encode())

    rows = visits_in(unpacked(stores, tmp_path, ana, Bounds(visits=3, photo_bytes=room)))

    assert [row["id"] for row in rows] == added[:0:-1]
    assert [row["photo"] is not None for row in rows] == [True, False, False]


def test_photos_that_are_gone_are_left_out(
    stores: Stores, ana: Person, add_visit: AddVisit, tmp_path: Path
) -> None:
    visit = stores.visits.get(add_visit(SUMMER, "known"))
    stores.photos.remove(visit.photo)

    files = unpacked(stores, tmp_path, ana)

    assert [row["photo"] for row in visits_in(files)] == [None]
    assert set(files) == {"faces/face 01.png", "person.json", "visits.json"}


def test_what_is_unpacked_is_the_owners_alone(stores: Stores, ana: Person, tmp_path: Path) -> None:
    with exporter(stores, tmp_path).export(ana) as file, zipfile.ZipFile(file) as archive:
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}

    assert modes == {0o600}


def test_nothing_is_left_on_the_disk(stores: Stores, ana: Person, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()

    with exporter(stores, folder).export(ana):
        assert list(folder.iterdir()) == []  # it has no name even while it is sent


def test_somebody_forgotten_meanwhile_has_no_export(stores: Stores, ana: Person, tmp_path: Path) -> None:
    stores.people.remove(ana.id, lambda _: True)

    with pytest.raises(NotFound):
        exporter(stores, tmp_path).export(ana)


def test_a_visit_whose_photo_was_not_kept_is_named_without_one(
    stores: Stores, ana: Person, add_visit: AddVisit, tmp_path: Path
) -> None:
    visit = stores.visits.get(add_visit(SUMMER, "known"))
    with stores.database.write() as connection:
        connection.execute(tables.visits.update().values(photo=""))

    files = unpacked(stores, tmp_path, ana)

    assert [(row["id"], row["photo"]) for row in visits_in(files)] == [(visit.id, None)]
    assert [name for name in files if name.startswith("visits/")] == []


def test_a_disk_without_room_is_told(
    stores: Stores, ana: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(StorageFull, match=r"^storage_full$"):
        exporter(stores, tmp_path).export(ana)
