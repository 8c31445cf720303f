"""Small disks of a test's own, which can be filled: for root alone, on a system that lets it mount."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1024 * 1024


@contextmanager
def small_disk(folder: Path, mib: int, files: int = 0) -> Iterator[Path]:
    """A disk of so many MiB, and for so many files where that is told, mounted on a folder while inside."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a disk")
    folder.mkdir(exist_ok=True)
    options = f"size={mib}m,mode=0700" + (f",nr_inodes={files + 1}" if files else "")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "porteiro-test", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Take the disk away, whoever has files open on it."""
    subprocess.run(["umount", "--lazy", folder], check=False)


def remount(folder: Path, how: str) -> None:
    """Have a disk be read-only (``ro``) or not (``rw``), as the system makes it after an error."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)


def take_all_files(folder: Path) -> list[Path]:
    """Leave no file to be made on a disk, though it has room; gives those that were made."""
    made: list[Path] = []
    try:
        while True:
            path = folder / f"taken-{len(made)}"
            path.touch()
            made.append(path)
    except OSError:
        return made


def fill(folder: Path) -> Path:
    """Leave no room for a single byte; gives the file that takes it all."""
    filling = folder / "filling"
    with filling.open("ab", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    return filling
