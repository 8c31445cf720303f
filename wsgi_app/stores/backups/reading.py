"""Reading backups: which passphrase opens one, what it says, and whether each file is what was written."""

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO

import msgspec

from wsgi_app.base.errors import BackupError
from wsgi_app.stores.backups.folder import MANIFEST, is_backup
from wsgi_app.stores.backups.forms import PLAIN, BackupForm, Damaged, Sealed, Sealing, Tap
from wsgi_app.stores.backups.manifest import FORMAT, KeptFile, Manifest, decoded, maker_of
from wsgi_app.stores.files import open_plain

SUM = f"{MANIFEST}.sha256"
SEALING = "sealing.json"


@dataclass(frozen=True)
class Backup:
    """One backup.

    Attributes:
        path: its folder.
        form: how its files are written.
        manifest: what it says of itself.
    """

    path: Path
    form: BackupForm
    manifest: Manifest

    @cached_property
    def files(self) -> dict[str, KeptFile]:
        """Its files by their names."""
        return {file.name: file for file in self.manifest.files}

    def take(self, name: str, target: IO[bytes] | None = None) -> None:
        """Read one of the files, as ``take_file`` does."""
        take_file(self.path, self.form, self.files[name], target)

    def check(self) -> None:
        """Read every file.

        Raises:
            BackupError: one is not what was written.
        """
        for name in self.files:
            self.take(name)


def take_file(folder: Path, form: BackupForm, kept: KeptFile, target: IO[bytes] | None = None) -> None:
    """Read a file of a backup from the disk, and write it out where a target is given.

    Raises:
        BackupError: it is not what was written.
        OSError: the target cannot be written.
    """
    out = Tap(target)
    try:
        with open_plain(folder / f"{kept.name}{form.suffix}") as stream:
            if hasattr(os, "posix_fadvise"):  # what the disk has, not what memory has of it
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            form.take(Tap(stream), out)
    except (OSError, Damaged) as error:
        if out.error is not None:
            raise
        raise _damaged(folder, kept.name) from error
    if (out.sha256, out.size) != (kept.sha256, kept.size):
        raise _damaged(folder, kept.name)


def form_of(path: Path, passphrase: str | None) -> BackupForm:
    """How the files of a backup are written.

    Raises:
        BackupError: there is no backup, or it needs a passphrase, or another one.
    """
    if not is_backup(path):
        raise BackupError("restore:none", folder=path)
    if not (path / f"{MANIFEST}.age").exists():
        return PLAIN
    if passphrase is None:
        raise BackupError("restore:encrypted", backup=path)
    try:
        sealing = msgspec.json.decode((path / SEALING).read_bytes(), type=Sealing)
    except (OSError, msgspec.MsgspecError) as error:
        raise _damaged(path, SEALING) from error
    form = Sealed(passphrase, sealing.salt)
    if not form.opens(sealing):
        raise BackupError("restore:passphrase", backup=path)
    return form


def open_backup(path: Path, form: BackupForm) -> Backup:
    """A backup whose files are written in a form.

    Raises:
        BackupError: what it says of itself is not what was written, or of a newer release.
    """
    name, out = f"{MANIFEST}{form.suffix}", BytesIO()
    try:
        with open_plain(path / name) as stream:
            form.take(Tap(stream), Tap(out))
        if form is PLAIN and (path / SUM).read_text() != sum_line(out.getvalue()):
            raise _damaged(path, name)
        maker = maker_of(out.getvalue())
        if maker.format > FORMAT:
            raise BackupError("restore:format", backup=path, version=maker.version)
        return Backup(path, form, decoded(out.getvalue()))
    except (OSError, ValueError, Damaged) as error:
        raise _damaged(path, name) from error


def sum_line(manifest: bytes) -> str:
    """What ``sha256sum`` writes of a manifest."""
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n"


def _damaged(path: Path, file: str) -> BackupError:
    return BackupError("restore:damaged", backup=path, file=file)
