"""What lies below a folder, in order, and how a path is shown in a terminal."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from wsgi_app.base.names import is_shown

HEAD_BYTES = 32  # of a file that tell whether it is a picture


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
            with os.scandir(here) as scanned:
                entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in scanned)
        except OSError as error:
            fails(here, error)
            continue
        yield from (here / name for name, is_folder in entries if not is_folder)
        subfolders = [here / name for name, is_folder in entries if is_folder]
        waiting += reversed([subfolder for subfolder in subfolders if enters(subfolder)])


def shown(path: Path) -> str:
    """A path for a terminal: what would not be printed, or is no text at all, is escaped."""
    return "".join(
        letter if is_shown(letter) else letter.encode("unicode_escape").decode("ascii")
        for letter in str(path)
    )
