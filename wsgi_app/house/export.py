"""All that is kept of one person, as a zip file for them to take along."""

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec

from wsgi_app.base.errors import NotFound
from wsgi_app.base.faces import Objection
from wsgi_app.stores.disks import DiskGuard
from wsgi_app.stores.events import Event
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.people import DETAILS, Person
from wsgi_app.stores.photos import PhotoStore
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visit_filters import VisitFilter
from wsgi_app.stores.visits import Visit

PAGE = 100  # visits read from the database at once
READABLE = 0o600 << 16  # the owner's own, once it is unpacked


@dataclass(frozen=True)
class Bounds:
    """How much one export holds, the latest first: it is written while somebody waits."""

    visits: int = 10_000
    photo_bytes: int = 256 * 1024 * 1024


class Exporter:
    """Writes exports into a folder of a disk with room; each file is gone once it is closed.

    The times in their names are those of ``zone``, the house's; ``None`` takes this machine's.
    """

    def __init__(
        self,
        stores: Stores,
        folder: Path,
        zone: tzinfo | None,
        bounds: Bounds = Bounds(),
    ):
        self._stores, self._folder, self._zone, self._bounds = stores, folder, zone, bounds

    def export(self, person: Person) -> IO[bytes]:
        """A zip file of ``person.json``, ``faces/*.png``, ``visits.json`` and ``visits/*.jpg``.

        It has what is known of a person and the visits that show them. What is kept as *not* theirs shows
        other people, and stays here. ``accepted`` of a face says in spite of what somebody insisted that it
        is theirs, ``unlike`` how like it is to the others while nobody has confirmed it. A photo for which
        there is no room has no name in ``visits.json``.

        Raises:
            NotFound: they were forgotten meanwhile.
            StorageTrouble: the disk has no room for the file, or cannot be written.
        """
        with DiskGuard().keeping():
            file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  (whoever sends it closes it)
            try:
                # Photos hardly get smaller, so they are stored as they are.
                with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                    self._fill(_Folder(archive, self._stores.photos, self._bounds.photo_bytes), person)
            except BaseException:
                file.close()
                raise
        return file

    def _fill(self, folder: "_Folder", person: Person) -> None:
        kept = [face for face in self._stores.faces.of(person.id) if not face.negative]
        events = self._stores.events.about("person", person.id)
        faces = [
            _face(folder, number, face) | _doubts(face, events) for number, face in enumerate(kept, start=1)
        ]
        folder.add_json("person.json", _about(person, faces))
        visits = islice(self._visits(person.id), self._bounds.visits)
        folder.add_json("visits.json", [_visit(folder, visit, self._zone) for visit in visits])

    def _visits(self, person_id: str) -> Iterator[Visit]:
        before, of_person = None, VisitFilter(person=person_id)
        while page := self._stores.visits.page(PAGE, before, of_person):
            yield from page
            before = page[-1].number


class _Folder:
    """What is written into one zip file, and how many bytes of photos it still takes."""

    def __init__(self, archive: zipfile.ZipFile, photos: PhotoStore, room: int):
        self._archive, self._photos, self._room = archive, photos, room

    def add_photo(self, kept: tuple[str, str | None], name: str, at: datetime) -> str | None:
        """Add a photo; gives its name, ``None`` where it is gone, damaged, or there is no room.

        Args:
            kept: its name in the photo store, and its SHA-256.
            name: in this folder.
            at: when it was taken.
        """
        try:
            data = self._photos.read(*kept)
        except NotFound:
            return None
        if len(data) > self._room:
            return None
        self._room -= len(data)
        self._add(name, at, data)
        return name

    def add_json(self, name: str, value: Any) -> None:
        """Add a value as JSON that people can read."""
        self._add(name, datetime(1980, 1, 1), msgspec.json.format(msgspec.json.encode(value)))  # noqa: DTZ001

    def _add(self, name: str, at: datetime, data: bytes) -> None:
        entry = zipfile.ZipInfo(name, at.timetuple()[:6])
        entry.external_attr = READABLE
        self._archive.writestr(entry, data)


def _about(person: Person, faces: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": person.id,
        **{name: getattr(person, name) for name in DETAILS},
        "created_at": person.created_at,
        "faces": faces,
    }


def _face(folder: _Folder, number: int, face: EnrolledFace) -> dict[str, Any]:
    photo = folder.add_photo((face.crop, face.crop_sha256), f"faces/face {number:02}.png", face.created_at)
    return {"photo": photo, "created_at": face.created_at, "quality": face.quality, "visit": face.visit_id}


def _doubts(face: EnrolledFace, events: Iterable[Event]) -> dict[str, Any]:
    """In spite of what somebody insisted on a face, and whether that is in doubt still or was confirmed."""
    told = {event.action: event for event in events if event.details.get("face") == face.id}
    enrolled, confirmed = told.get("enrolled"), told.get("face_confirmed")
    details = enrolled.details if enrolled else {}
    was = {
        Objection.LIKE_ANOTHER: "like" in details,
        Objection.UNLIKE_OWN: "unlike" in details,
    }
    return {
        "accepted": [objection for objection, is_so in was.items() if is_so],
        "unlike": face.unlike,
        "confirmed_at": confirmed.at if confirmed else None,
    }


def _visit(folder: _Folder, visit: Visit, zone: tzinfo | None) -> dict[str, Any]:
    local = visit.at.astimezone(zone)
    name = f"visits/{local:%Y-%m-%d %H.%M.%S} {visit.outcome} {visit.id[:8]}.jpg"
    return {
        "id": visit.id,
        "at": visit.at,
        "device": str(visit.door),
        "outcome": visit.outcome,
        "score": visit.score,
        "face": visit.face,
        "photo": folder.add_photo((visit.photo, visit.photo_sha256), name, local),
    }
