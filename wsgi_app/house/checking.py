"""Whether what is kept is whole and fits together: `porteiro check`, and what it can repair."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum, auto
from pathlib import Path

from wsgi_app.base.config import Config
from wsgi_app.base.errors import StorageTrouble
from wsgi_app.base.locks import server_of
from wsgi_app.stores.integrity import Integrity, IntegrityStore, KeptPhoto, integrity_of
from wsgi_app.stores.photo_folder import has_most_photos, photos_of, put_marker
from wsgi_app.stores.photos import MARKER, PhotoStore, sha256_of
from wsgi_app.stores.schema import SCHEMA_REVISION
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.troubles import TroubleFile
from wsgi_app.vision.thumbnails import thumbnail

IN_FLIGHT = timedelta(seconds=60)  # what is being answered or enrolled has a photo, and no row yet
SHOWN = 5  # examples of each kind
BEGINS = {".jpg": b"\xff\xd8\xff", ".png": b"\x89PNG\r\n\x1a\n"}  # files of photos and of crops

Noun = tuple[str, str]  # of one and of more
ROWS: Noun = ("row that refers to what is gone", "rows that refer to what is gone")
STRAYS: Noun = ("photo without a visit or a face", "photos without a visit or a face")
UNNOTED: Noun = (
    "photo of an earlier release, which did not note what it is",
    "photos of an earlier release, which did not note what they are",
)
SMALL: Noun = ("small copy of a photo", "small copies of photos")

Report = Callable[[str, int, int], None]


class Condition(StrEnum):
    """How something is."""

    WELL = "ok"
    NOTE = "note"
    """Nothing is wrong, but there is something to know."""
    REPAIRED = "repaired"
    REPAIRABLE = "can be repaired"
    WRONG = "wrong"


class PhotoState(Enum):
    """How a photo is that a row names."""

    WELL = auto()
    GONE = auto()
    NONE = auto()
    DAMAGED = auto()


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: how it is.
        what: it, in words.
        examples: some of those that it is about.
    """

    state: Condition
    what: str
    examples: tuple[str, ...] = ()


class Checker:
    """Looks through everything that is kept, and repairs what it is told to.

    Args:
        config: the settings.
        stores: what is kept; of its rows nothing is read unless they are of this release's schema.
        report: is told what is looked at, how much of it was, and of how much; 0 where that is unknown.
        repairs: whether to repair what loses nothing.
    """

    def __init__(self, config: Config, stores: Stores, report: Report, *, repairs: bool):
        self._config, self._stores, self._report, self._repairs = config, stores, report, repairs
        self._rows = IntegrityStore(stores.database)

    def run(self) -> Iterator[Finding]:
        """Each finding as soon as it is found.

        Raises:
            Unavailable: rows cannot be read, or not be written.
        """
        path = self._config.database_file
        yield from self._server()
        found = self._integrity(path)
        yield from self._file(found)
        if found.is_of_indexes and self._repairs:
            found = self._integrity(path)
        if found.damage:
            return
        yield _schema(found)
        if found.revision != SCHEMA_REVISION:
            return
        yield self._references(found)
        folder = list(self._folder())
        yield from folder
        if not any(finding.state is Condition.WRONG for finding in folder):
            yield from self._photos()
            yield self._strays()

    def _integrity(self, path: Path) -> Integrity:
        step = "Looking through the database"
        self._report(step, 0, 0)
        found = integrity_of(path, lambda: self._report(step, 0, 0))
        self._report(step, 1, 1)
        return found

    def _server(self) -> Iterator[Finding]:
        trouble = TroubleFile(self._config.trouble_file).read()
        server = server_of(self._config.data)
        if trouble and server is not None:
            who = f"process {server}" if server else "elsewhere"
            yield Finding(
                Condition.NOTE,
                f"the server that runs here ({who}) found the database {trouble}, and refuses it until it is "
                "started anew",
            )

    def _file(self, found: Integrity) -> Iterator[Finding]:
        if not found.damage:
            yield Finding(Condition.WELL, "the database is whole")
        elif not found.is_of_indexes:
            yield Finding(
                Condition.WRONG,
                "the database is damaged: bring back a copy of it while no server runs",
                found.damage[:SHOWN],
            )
        elif self._repairs:
            self._rows.make_indexes_anew()
            yield Finding(Condition.REPAIRED, "indexes of the database, made anew", found.damage[:SHOWN])
        else:
            yield Finding(Condition.REPAIRABLE, "indexes of the database are damaged", found.damage[:SHOWN])

    def _references(self, found: Integrity) -> Finding:
        count, where = sum(rows for _, rows in found.orphans), tuple(table for table, _ in found.orphans)
        if count and self._repairs:
            self._rows.repair_references()
        return self._repairable(count, ROWS, where)

    def _folder(self) -> Iterator[Finding]:
        """Whether the folder of the photos is the right one; nothing is found where it is."""
        photos, folder = self._stores.photos, photos_of(self._config)
        if photos.is_there() or not self._rows.count():
            return
        if not folder.is_dir() or not has_most_photos(self._stores.database, folder):
            yield Finding(
                Condition.WRONG,
                f"the photos are not in {folder}: is its disk not mounted? They are not compared",
            )
        elif self._repairs:
            put_marker(folder)
            yield Finding(Condition.REPAIRED, f"the marker {MARKER} of the photos' folder, made")
        else:
            yield Finding(Condition.REPAIRABLE, f"the photos' folder has lost its marker {MARKER}")

    def _photos(self) -> Iterator[Finding]:
        photos, limits = self._stores.photos, self._config.limits.pictures
        total, done = self._rows.count(), 0
        missing: dict[str, list[str]] = {"visits": [], "faces": []}
        unreadable: list[str] = []
        damaged: list[str] = []
        small: list[str] = []
        sums: dict[str, dict[str, str]] = {"visits": {}, "faces": {}}
        for kind, kept in (("visits", self._rows.photos_of_visits()), ("faces", self._rows.crops_of_faces())):
            for photo in kept:
                done += 1
                self._report("Comparing photos", done, total)
                state = _state(photos, photo)
                if state is PhotoState.GONE:
                    missing[kind].append(photo.owner)
                elif state is PhotoState.NONE:
                    unreadable.append(photo.name)
                elif state is PhotoState.DAMAGED:
                    damaged.append(photo.name)
                elif kind == "visits" and not photos.thumbnail_path(photo.name).exists():
                    small.append(photo.name)
                if state is PhotoState.WELL and photo.sha256 is None:
                    sums[kind][photo.owner] = sha256_of(photos.read(photo.name))
        yield _wrong(missing["visits"], ("visit without its photo", "visits without their photo"))
        yield _wrong(missing["faces"], ("face without its crop", "faces without their crop"))
        yield _wrong(unreadable, ("photo that is none", "photos that are none"))
        yield _wrong(damaged, ("photo that is not what was kept", "photos that are not what was kept"))
        yield from self._sums(sums)
        yield from self._small(small, lambda name: thumbnail(photos.read(name), limits))

    def _sums(self, sums: dict[str, dict[str, str]]) -> Iterator[Finding]:
        count = sum(map(len, sums.values()))
        if count and self._repairs:
            for kind, found in sums.items():
                self._rows.note(kind, found)
            yield Finding(Condition.REPAIRED, f"{_counted(count, UNNOTED)}, noted")
        elif count:
            yield Finding(Condition.NOTE, f"{_counted(count, UNNOTED)}, so nobody could tell damage")

    def _small(self, names: list[str], make: Callable[[str], bytes | None]) -> Iterator[Finding]:
        if not names:
            return
        if not self._repairs:
            yield Finding(
                Condition.NOTE, f"{_counted(len(names), SMALL)} not made yet, as nobody asked for it"
            )
            return
        made = 0
        for number, name in enumerate(names, start=1):
            self._report("Making small copies", number, len(names))
            with suppress(StorageTrouble, OSError):
                if (small := make(name)) is not None:
                    self._stores.photos.save_thumbnail(name, small)
                    made += 1
        yield Finding(Condition.REPAIRED, f"{_counted(made, SMALL)}, made")

    def _strays(self) -> Finding:
        now = self._stores.now()
        is_served = server_of(self._config.data) is not None
        # Only a server has photos of visits on their way; faces are enrolled by commands as well.
        strays = self._stores.retention.strays(now - IN_FLIGHT if is_served else now, now - IN_FLIGHT)
        self._report("Looking for photos without a row", 0, 0)
        count, names = 0, []
        for path in strays:
            if self._repairs and not self._stores.photos.discard(path):
                return Finding(Condition.WRONG, "a photo without a visit or a face stays", (path.name,))
            count += 1
            names.append(path.name)
        return self._repairable(count, STRAYS, tuple(names[:SHOWN]), "removed")

    def _repairable(self, count: int, what: Noun, examples: tuple[str, ...], how: str = "mended") -> Finding:
        if not count:
            return Finding(Condition.WELL, _counted(0, what))
        if self._repairs:
            return Finding(Condition.REPAIRED, f"{_counted(count, what)}, {how}", examples)
        return Finding(Condition.REPAIRABLE, _counted(count, what), examples)


def _schema(found: Integrity) -> Finding:
    if found.revision == SCHEMA_REVISION:
        return Finding(Condition.WELL, "its schema is this release's")
    if found.revision is None:
        return Finding(Condition.WRONG, "it has no tables of Porteiro's")
    if found.revision > SCHEMA_REVISION:
        return Finding(
            Condition.WRONG,
            f"its schema {found.revision} is newer than this release's {SCHEMA_REVISION}: install the one "
            "that wrote it",
        )
    return Finding(
        Condition.NOTE,
        f"its schema {found.revision} is an earlier release's: the next start brings it up to date; until "
        "then rows and photos are not compared",
    )


def _state(photos: PhotoStore, photo: KeptPhoto) -> PhotoState:
    path = photos.path(photo.name)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return PhotoState.GONE
    except OSError:
        return PhotoState.NONE
    if not data.startswith(BEGINS.get(path.suffix, b"")):
        return PhotoState.NONE
    return PhotoState.WELL if photo.sha256 in (None, sha256_of(data)) else PhotoState.DAMAGED


def _wrong(those: list[str], what: Noun) -> Finding:
    state = Condition.WRONG if those else Condition.WELL
    return Finding(state, _counted(len(those), what), tuple(those[:SHOWN]))


def _counted(count: int, what: Noun) -> str:
    one, more = what
    return f"{count or 'no'} {one if count == 1 else more}"
