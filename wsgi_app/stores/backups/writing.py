"""Writing a backup: what is new is copied, what the one before has is linked, and all of it is read back."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from wsgi_app.base.errors import BackupError
from wsgi_app.stores.backups.folder import MANIFEST
from wsgi_app.stores.backups.forms import PLAIN, BackupForm, Sealed, Tap
from wsgi_app.stores.backups.manifest import KeptFile, Manifest, encoded
from wsgi_app.stores.backups.reading import SEALING, SUM, Backup, open_backup, sum_line, take_file
from wsgi_app.stores.files import PRIVATE_FILE, flush_folder, open_plain

SCRATCH = "backup-"  # before the name of a folder for what may be seen here alone


def clear_scratch(folder: Path) -> None:
    """Remove what a backup left there that did not come to its end."""
    for path in folder.glob(f"{SCRATCH}*/"):
        shutil.rmtree(path)


@dataclass(frozen=True)
class Written:
    """How a file of a backup came to be.

    Attributes:
        kept: what is written of it.
        source: what it was copied from, or would be; ``None`` for what the house lost.
        linked: whether it is that of an earlier backup.
        sha256: that it should have; ``None`` where that is not known.
    """

    kept: KeptFile
    source: Path | None
    linked: bool
    sha256: str | None = None


class Writer:
    """Writes one backup.

    A photo is never changed under its name, so the one that the backup before has stands for one with the
    same size and time; it is linked, where the file system has links, and copied anew where it has suffered.

    Args:
        folder: an empty one.
        form: how the files are written.
        earlier: whole backups in the same form, the newest first.
    """

    def __init__(self, folder: Path, form: BackupForm, earlier: Sequence[Path]):
        self._folder, self._form, self._written = folder, form, dict[str, Written]()
        self._earlier, self._opened = earlier, dict[Path, Backup | None]()
        self.healed = 0
        self.lost: list[str] = []

    @property
    def files(self) -> tuple[KeptFile, ...]:
        """All files up to now."""
        return tuple(written.kept for written in self._written.values())

    @property
    def linked(self) -> int:
        """How many of them are those of earlier backups."""
        return sum(written.linked for written in self._written.values())

    @contextmanager
    def staging(self, scratch: Path, name: str) -> Iterator[Path]:
        """Where a file of the backup can be made and looked at; in the end it is taken into the backup.

        That is in its place, where it is not encrypted: the house's own disk may be full.

        Args:
            scratch: a folder with room for it where it is encrypted, on a disk that may see it.
            name: of the file.

        Raises:
            OSError: the backup cannot be written.
        """
        if self._form is PLAIN:
            yield self._place(name)
            self._adopt(name)
            return
        with TemporaryDirectory(prefix=SCRATCH, dir=scratch) as folder:
            path = Path(folder, Path(name).name)
            yield path
            if not self._add_copy(name, path):
                raise BackupError("backup:altered", file=name)

    def add(self, name: str, path: Path, sha256: str | None = None) -> bool:
        """Take a file into the backup; whether it is there, can be read, and has the SHA-256 that it should.

        Raises:
            OSError: the backup cannot be written.
        """
        return self._link_same(name, path, sha256) or self._add_copy(name, path, sha256)

    def carry(self, name: str, sha256: str | None = None) -> bool:
        """Take a file that the house lost out of the newest backup that has it whole; whether one has.

        Raises:
            OSError: the backup cannot be written.
        """
        for backup in filter(None, map(self._open, self._earlier)):
            kept = backup.files.get(name)
            if kept and sha256 in (None, kept.sha256) and self._carry(backup, name):
                return True
        return False

    def finish(self, manifest: Manifest) -> Manifest:
        """Write what the backup says of itself, and read everything back; gives it with all the files.

        What had suffered in an earlier backup and is not in the house any more as it should be, is lost.

        Raises:
            BackupError: a file is not what was written.
            OSError: the backup cannot be written.
        """
        for name, written in list(self._written.items()):
            self._check(name, written)
        lost = tuple(sorted((*manifest.lost, *self.lost)))
        manifest = msgspec.structs.replace(manifest, files=self.files, lost=lost)
        data = encoded(manifest)
        self._put(MANIFEST + self._form.suffix, self._form, data)
        if isinstance(self._form, Sealed):
            self._put(SEALING, PLAIN, msgspec.json.encode(self._form.sealing))
        else:
            self._put(SUM, PLAIN, sum_line(data).encode())
        if encoded(open_backup(self._folder, self._form).manifest) != data:
            raise BackupError("backup:altered", file=MANIFEST)
        for folder, _, _ in os.walk(self._folder):
            flush_folder(Path(folder))
        return manifest

    def _check(self, name: str, written: Written) -> None:
        try:
            take_file(self._folder, self._form, written.kept)
        except BackupError as error:
            if not written.linked or written.source is None:
                raise BackupError("backup:altered", file=name) from error
            self._place(name).unlink()
            del self._written[name]
            if not (self._add_copy(name, written.source, written.sha256) or self.carry(name, written.sha256)):
                self.lost.append(name)
                return
            self.healed += 1
            self._check(name, self._written[name])

    def _add_copy(self, name: str, path: Path, sha256: str | None = None) -> bool:
        try:
            stream = open_plain(path)
        except OSError:
            return False
        with stream:
            source = Tap(stream)
            try:
                kept = self._copy(name, source, os.fstat(stream.fileno()).st_mtime_ns)
            except OSError:
                if source.error is None:
                    raise
                return False
        if sha256 not in (None, kept.sha256):
            self._place(name).unlink()
            return False
        self._written[name] = Written(kept, path, linked=False, sha256=sha256)
        return True

    def _adopt(self, name: str) -> None:
        path = self._place(name)
        path.chmod(PRIVATE_FILE)
        with open_plain(path) as stream:
            source = Tap(stream)
            PLAIN.put(source, Tap())
            mtime_ns = os.fstat(stream.fileno()).st_mtime_ns
        self._written[name] = Written(
            KeptFile(name, source.sha256, source.size, mtime_ns), None, linked=False
        )

    def _link_same(self, name: str, path: Path, sha256: str | None) -> bool:
        newest = self._open(self._earlier[0]) if self._earlier else None
        kept = newest.files.get(name) if newest else None
        if newest is None or kept is None or sha256 not in (None, kept.sha256):
            return False
        try:
            status = path.lstat()
        except OSError:
            return False
        is_same = (kept.size, kept.mtime_ns) == (status.st_size, status.st_mtime_ns)
        if not is_same or not self._link(newest, name):
            return False
        self._written[name] = Written(kept, path, linked=True, sha256=sha256)
        return True

    def _carry(self, backup: Backup, name: str) -> bool:
        kept = backup.files[name]
        try:
            backup.take(name)
        except BackupError:
            return False
        if not self._link(backup, name):
            with open_plain(backup.path / f"{name}{self._form.suffix}") as stream:
                self._write(self._place(name), lambda target: PLAIN.put(Tap(stream), target), kept.mtime_ns)
        self._written[name] = Written(kept, None, linked=True)
        return True

    def _link(self, backup: Backup, name: str) -> bool:
        # Some file systems know no second name of a file, and none knows more than so many.
        try:
            os.link(backup.path / f"{name}{self._form.suffix}", self._place(name), follow_symlinks=False)
        except OSError:
            return False
        return True

    def _copy(self, name: str, source: Tap, mtime_ns: int) -> KeptFile:
        self._write(self._place(name), lambda target: self._form.put(source, target), mtime_ns)
        return KeptFile(name, source.sha256, source.size, mtime_ns)

    def _put(self, name: str, form: BackupForm, data: bytes) -> None:
        self._write(self._folder / name, lambda target: form.put(Tap(BytesIO(data)), target))

    def _write(self, path: Path, put: Callable[[Tap], None], mtime_ns: int | None = None) -> None:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            with os.fdopen(number, "wb") as stream:
                put(Tap(stream))
                stream.flush()
                os.fsync(number)
            if mtime_ns is not None:
                os.utime(path, ns=(mtime_ns, mtime_ns))
        except BaseException:
            path.unlink()
            raise

    def _place(self, name: str) -> Path:
        path = self._folder / f"{name}{self._form.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _open(self, path: Path) -> Backup | None:
        if path not in self._opened:
            self._opened[path] = None
            with suppress(BackupError):
                self._opened[path] = open_backup(path, self._form)
        return self._opened[path]
