"""Photos as files: on disk, whole and flushed, before anything names them."""

import os
from datetime import datetime
from pathlib import Path


class PhotoStore:
    """Files under one folder, named by ids that the server made."""

    def __init__(self, folder: Path):
        self._folder = folder

    def save_visit(self, visit_id: str, at: datetime, jpeg: bytes) -> str:
        """Keep the photo of a visit in its day's folder; gives its name for ``path`` and ``remove``."""
        return self._save(Path("visits", f"{at:%Y-%m-%d}", f"{visit_id}.jpg"), jpeg)

    def save_crop(self, face_id: str, png: bytes) -> str:
        """Keep the aligned crop of an enrolled face; gives its name likewise."""
        return self._save(Path("people", f"{face_id}.png"), png)

    def path(self, name: str) -> Path:
        """Where a kept photo lies."""
        return self._folder / name

    def remove(self, name: str) -> None:
        """Remove a photo; one that is gone already is no error."""
        self.path(name).unlink(missing_ok=True)

    def _save(self, name: Path, data: bytes) -> str:
        # Under its own name at once: nobody asks for a photo before the row that names it is committed.
        path = self._folder / name
        _make_folder(path.parent)
        file = path.open("xb")
        try:
            with file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
        return name.as_posix()


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    # A file's name survives a power cut only once its folder is flushed too.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
