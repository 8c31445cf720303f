"""Photos as files: on disk, whole and flushed, before anything names them."""

import math
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from wsgi_app.base.errors import NotFound
from wsgi_app.stores.disks import DiskGuard
from wsgi_app.stores.files import flush_folder

VISITS, PEOPLE = Path("visits"), Path("people")
THUMBNAIL = ".thumb.jpg"
CROP = re.compile(r"[0-9A-Za-z_-]+\.png")
PHOTO = re.compile(r"(?P<id>[0-9A-Za-z_-]+)(\.thumb)?\.jpg(?P<unfinished>\..+)?")


class PhotoStore:
    """Files under one folder, named by ids that the server made.

    Whatever keeps one raises StorageFull where its disk has no room, and StorageTrouble where that fails
    otherwise; nothing of it is left then.
    """

    def __init__(self, folder: Path):
        self._folder, self._disk = folder, DiskGuard()

    def save_visit(self, visit_id: str, at: datetime, jpeg: bytes) -> str:
        """Keep the photo of a visit in its day's folder; gives its name for ``path`` and ``remove``."""
        return self._save(VISITS / at.date().isoformat() / f"{visit_id}.jpg", jpeg)

    def save_crop(self, face_id: str, png: bytes) -> str:
        """Keep the aligned crop of an enrolled face; gives its name likewise."""
        return self._save(PEOPLE / f"{face_id}.png", png)

    def save_thumbnail(self, name: str, jpeg: bytes) -> None:
        """Keep a small copy of a photo beside it; of two that are made at once, the later one stays."""
        path = self.thumbnail_path(name)
        with self._disk.keeping():
            file = tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", delete=False)  # noqa: SIM115
            try:
                with file:
                    file.write(jpeg)
                    file.flush()
                    os.fsync(file.fileno())
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    def path(self, name: str) -> Path:
        """Where a kept photo lies."""
        return self._folder / name

    def read(self, name: str) -> bytes:
        """A kept photo.

        Raises:
            NotFound: it is gone.
        """
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("photo_gone") from error

    def thumbnail_path(self, name: str) -> Path:
        """Where the small copy of a photo lies, once it is made."""
        return self.path(name).with_suffix(THUMBNAIL)

    def remove(self, name: str) -> None:
        """Remove a photo and its small copy; one that is gone already is no error."""
        self.path(name).unlink(missing_ok=True)
        self.thumbnail_path(name).unlink(missing_ok=True)

    def days(self) -> list[date]:
        """The days that have a folder of visits' photos, oldest first."""
        folder = self._folder / VISITS
        names = (path.name for path in folder.iterdir()) if folder.is_dir() else ()
        return sorted(day for day in map(_day, names) if day is not None)

    def files_of(self, day: date, before: datetime) -> Iterator[tuple[str, Path]]:
        """A day's photos that were last written before a moment, each with the id of its visit.

        Small copies are among them, and copies that were never finished: those have no id, ``""``.
        """
        with os.scandir(self._day_folder(day)) as entries:
            for entry in entries:
                name = PHOTO.fullmatch(entry.name)
                if name and entry.is_file(follow_symlinks=False) and _written(entry) < before.timestamp():
                    yield "" if name["unfinished"] else name["id"], Path(entry.path)

    def crops(self, before: datetime) -> Iterator[tuple[str, Path]]:
        """The crops of faces that were last written before a moment, each with its name."""
        folder = self._folder / PEOPLE
        if not folder.is_dir():
            return
        with os.scandir(folder) as entries:
            for entry in entries:
                is_crop = CROP.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
                if is_crop and _written(entry) < before.timestamp():
                    yield (PEOPLE / entry.name).as_posix(), Path(entry.path)

    def remove_day(self, day: date) -> bool:
        """Remove a day's folder if nothing is in it; whether it was."""
        try:
            self._day_folder(day).rmdir()
        except OSError:
            return False
        return True

    def _day_folder(self, day: date) -> Path:
        return self._folder / VISITS / day.isoformat()

    def _save(self, name: Path, data: bytes) -> str:
        # Under its own name at once: nobody asks for a photo before the row that names it is committed.
        path = self._folder / name
        with self._disk.keeping():
            _make_folder(path.parent)
            file = path.open("xb")
            try:
                with file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                flush_folder(path.parent)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
        return name.as_posix()


def _written(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # removed meanwhile
        return math.inf


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return None
    return day if day.isoformat() == name else None  # other ways to write a day are no folders of ours


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)
