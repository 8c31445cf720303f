"""Photos as files: on disk, whole and flushed, before anything names them."""

import hashlib
import math
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import structlog

from wsgi_app.base.errors import NotFound, StorageFull, StorageTrouble
from wsgi_app.base.seldom import Seldom
from wsgi_app.stores.disks import DiskGuard, write_probe
from wsgi_app.stores.files import flush_folder

VISITS, PEOPLE = Path("visits"), Path("people")
MARKER = ".porteiro"  # in the folder that is the right one
THUMBNAIL = ".thumb.jpg"
JPEG_BEGINS, JPEG_ENDS = b"\xff\xd8", b"\xff\xd9"
CROP = re.compile(r"[0-9A-Za-z_-]+\.png")
PHOTO = re.compile(r"(?P<id>[0-9A-Za-z_-]+)(\.thumb)?\.jpg(?P<unfinished>\..+)?")


log = structlog.get_logger("porteiro")


@dataclass(frozen=True)
class PhotoFile:
    """A file as it lies on the disk: what is in it, and when that was written, in seconds since 1970."""

    data: bytes
    written_at: float


class PhotoStore:
    """Files under one folder, named by ids that the server made.

    Whatever keeps one raises StorageFull where its disk has no room, and StorageTrouble where that fails
    otherwise; nothing of it is left then.

    Args:
        folder: of the photos.
        is_marked: whether it has its marker, without which it is another one: as where a disk is not mounted.
    """

    def __init__(self, folder: Path, *, is_marked: bool = False):
        self._folder, self._is_marked = folder, is_marked
        self._disk, self._seldom, self._seldom_stays = DiskGuard(), Seldom(), Seldom()

    def is_there(self) -> bool:
        """Whether the folder is the right one."""
        try:
            return not self._is_marked or (self._folder / MARKER).exists()
        except OSError:  # a disk that fails
            return False

    def refuse_missing(self) -> None:
        """Refuse to keep photos where they would lie beneath a disk that is missing, and to miss others.

        Raises:
            StorageTrouble: the folder is not there, or another one.
        """
        if self.is_there():
            self._seldom.end()
            return
        if self._seldom.is_due(MARKER):
            log.error("the photos are not where they were", folder=str(self._folder), without=MARKER)
        raise StorageTrouble("photos_missing", retry_after_s=30)

    def probe(self) -> None:
        """Find out whether a photo could be kept now, by writing a file and letting it go.

        Raises:
            StorageFull: the disk has no room, or takes no more files.
            StorageTrouble: as ``refuse_missing``, or it takes none for any other reason.
        """
        self.refuse_missing()
        with self._disk.keeping(), suppress(FileNotFoundError):  # the folder is made with the first photo
            write_probe(self._folder)

    def expect_removal(self) -> None:
        """Refuse early what would remove photos, where that cannot be done now; a full disk lets them go.

        Raises:
            StorageTrouble: as ``probe``.
        """
        with suppress(StorageFull):
            self.probe()

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

    def read(self, name: str, sha256: str | None = None) -> bytes:
        """A kept photo; raises as ``file``."""
        return self.file(name, sha256).data

    def file(self, name: str, sha256: str | None = None) -> PhotoFile:
        """The file of a kept photo; ``""`` names one that was not kept.

        Args:
            name: of the photo.
            sha256: that it had when it was kept, hexadecimal; ``None`` where that is not known.

        Raises:
            NotFound: it is gone, was not kept, or is not what was kept.
            StorageTrouble: as ``refuse_missing``.
        """
        if not name:
            raise NotFound("photo_unkept")
        try:
            with self.path(name).open("rb") as file:
                kept = PhotoFile(file.read(), os.fstat(file.fileno()).st_mtime)
        except FileNotFoundError as error:
            self.refuse_missing()
            raise NotFound("photo_gone") from error
        except OSError as error:
            raise self._damaged(name, error.strerror or str(error)) from error
        if sha256 is not None and sha256_of(kept.data) != sha256:
            raise self._damaged(name, "it is not what was kept")
        return kept

    def thumbnail(self, name: str) -> PhotoFile:
        """The small copy of a photo.

        Raises:
            NotFound: it is not made yet, or is none.
        """
        if not name:
            raise NotFound("photo_unkept")
        small = self.file(self.thumbnail_path(name).relative_to(self._folder).as_posix())
        if not (small.data.startswith(JPEG_BEGINS) and small.data.endswith(JPEG_ENDS)):
            raise NotFound("photo_gone")
        return small

    def thumbnail_path(self, name: str) -> Path:
        """Where the small copy of a photo lies, once it is made."""
        return self.path(name).with_suffix(THUMBNAIL)

    def remove(self, name: str) -> None:
        """Remove a photo and its small copy; one that is gone already, or was not kept, is no error.

        Nor is one that cannot be removed: no row names it any more by then, so a purge finds it as a stray.
        """
        if name:
            self.discard(self.path(name))
            self.discard(self.thumbnail_path(name))

    def discard(self, path: Path) -> bool:
        """Remove a file of a photo; whether it is gone. Where it stays, the log is told, seldom."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            why = error.strerror or str(error)
            if self._seldom_stays.is_due(why):
                log.error("a photo cannot be removed", file=str(path), why=why)  # noqa: TRY400  # without a trace
            return False
        return True

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

    def _damaged(self, name: str, why: str) -> NotFound:
        if self._seldom.is_due(name):
            log.error("a kept photo is damaged", file=name, why=why)
        return NotFound("photo_damaged")

    def _day_folder(self, day: date) -> Path:
        return self._folder / VISITS / day.isoformat()

    def _save(self, name: Path, data: bytes) -> str:
        # Under its own name at once: nobody asks for a photo before the row that names it is committed.
        self.refuse_missing()
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


def sha256_of(data: bytes) -> str:
    """What a photo is held against, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


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
