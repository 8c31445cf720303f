"""A folder of JPEGs for cameras that are none: what may be in it, and how much of it is read."""

import os
import stat
from pathlib import Path

from pi_client.errors import CameraError, DoorConfigError
from pi_client.photos import JPEG_BEGIN

SUFFIXES = (".jpg", ".jpeg")
MOST_FILES = 500
LARGEST_FILE = 8_000_000


class Pictures:
    """The JPEGs of a folder by their names; each is read only when it is asked for."""

    def __init__(self, folder: Path):
        """Look at every file that is named as a JPEG.

        Args:
            folder: only files directly in it count.

        Raises:
            DoorConfigError: there is no JPEG, there are too many, or one is none or too large; the message
                says which.
        """
        self._folder = folder
        try:
            self.names = tuple(sorted(_jpeg_names(folder)))
            for name in self.names:
                _refuse_unusable(folder / name)
        except OSError as error:
            raise DoorConfigError(f"{error.filename or folder}: {error.strerror or error}.") from error
        if not self.names:
            raise DoorConfigError(f"{folder} has no photos: put files named *.jpg there.")

    def read(self, name: str) -> bytes:
        """The bytes of a picture.

        Raises:
            CameraError: the file is gone or has changed for the worse since.
        """
        file = self._folder / name
        try:
            _refuse_unusable(file)
            with file.open("rb") as opened:
                return opened.read(LARGEST_FILE)
        except (OSError, DoorConfigError) as error:
            raise CameraError(f"The photo {name} cannot be used any more: {error}") from error


def _jpeg_names(folder: Path) -> list[str]:
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(SUFFIXES):
                names.append(entry.name)
            if len(names) > MOST_FILES:
                raise DoorConfigError(f"{folder} has more than {MOST_FILES} photos; name a smaller folder.")
    return names


def _refuse_unusable(file: Path) -> None:
    about = file.stat()
    if not stat.S_ISREG(about.st_mode):  # a pipe, say, would be waited for without end
        raise DoorConfigError(f"{file} is no file.")
    if about.st_size > LARGEST_FILE:
        raise DoorConfigError(f"{file} has {about.st_size} bytes; at most {LARGEST_FILE} can be used.")
    with file.open("rb") as opened:
        if opened.read(len(JPEG_BEGIN)) != JPEG_BEGIN:
            raise DoorConfigError(f"{file} is no JPEG.")
