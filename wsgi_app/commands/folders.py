"""What lies below a folder, in order, which pictures do, and how a path is shown in a terminal."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from wsgi_app.base.names import is_shown
from wsgi_app.vision.kinds import BEGINNING_BYTES, begins_as_picture

FIRST_BYTE, LAST_BYTE = "\udc80", "\udcff"  # as which Python has a byte that is no text (PEP 383)
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")  # those of imutils' list_images


@dataclass(frozen=True)
class PictureFolder:
    """The pictures below a folder, looked for anew by each walk through them.

    Attributes:
        root: the folder.
        left_out: what is no picture, counted by its ending, as far as the last walk has come.
        unreadable: the folders that cannot be read and why, likewise.
    """

    root: Path
    left_out: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Path]:
        """Pictures by their endings, or by their bytes where the name has none."""
        self.left_out.clear()
        self.unreadable.clear()
        for path in walk(self.root, lambda _: True, self._fails):
            ending = path.suffix.lower().rstrip(".")
            if ending in PICTURE_ENDINGS or (not ending and _holds_picture(path)):
                yield path
            else:
                self.left_out[ending or "without ending"] += 1

    def _fails(self, folder: Path, error: OSError) -> None:
        self.unreadable.append((folder, error.strerror or str(error)))


def walk(
    folder: Path, enters: Callable[[Path], bool], fails: Callable[[Path, OSError], None]
) -> Iterator[Path]:
    """Everything below a folder that is no folder: by name, those of a folder before those of its subfolders.

    Links are given as they are and never followed, so that no walk goes in a circle or leads out.

    Args:
        folder: where it begins.
        enters: tells of each subfolder whether to look into it; asked before what lies in it is given.
        fails: is told of each folder that cannot be read.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as scan:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in scan)
        except OSError as error:
            fails(here, error)
            continue
        yield from (here / name for name, is_folder in entries if not is_folder)
        subfolders = [here / name for name, is_folder in entries if is_folder]
        waiting += reversed([subfolder for subfolder in subfolders if enters(subfolder)])


def printable_path(path: Path) -> str:
    """A path for a terminal, as ``printable`` makes it."""
    return printable(str(path))


def printable(text: str) -> str:
    """A text from outside for a terminal: what would not be printed, or is no text at all, is escaped.

    Bytes of a file's name that are no text are written in hex digits.
    """
    return "".join(letter if is_shown(letter) else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    if FIRST_BYTE <= letter <= LAST_BYTE:
        return f"\\x{os.fsencode(letter).hex()}"
    return letter.encode("unicode_escape").decode("ascii")


def _holds_picture(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return begins_as_picture(file.read(BEGINNING_BYTES))
    except OSError:
        return True  # whoever reads it is told why it cannot be read
