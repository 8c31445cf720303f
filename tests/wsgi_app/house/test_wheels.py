import io
import os
import sys
import tarfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.packs import WHEEL, ZOO, ZOO_WHEEL, FileServer, in_terminal, pip_knows, wheel_bytes, wheel_of
from wsgi_app.base.errors import PackError
from wsgi_app.house import wheels
from wsgi_app.house.wheels import download_wheel, unpack
from wsgi_app.vision.packs import NetworkFile, Wheel

ZOO_IN = wheel_of(ZOO_WHEEL)
NETWORK = NetworkFile(
    file="zoo.onnx",
    sha256="0" * 64,  # nobody looks at it here
    size_bytes=len(ZOO["zoo.onnx"]),
    licence="MIT",
    source="made up for this test",
)
# What pip is replaced by: it says its number, writes into the folder for temporary files, and stays.
ENDLESS = """
import os, pathlib, sys, tempfile, time
folder = pathlib.Path(tempfile.gettempdir())
(folder / "pid").write_text(str(os.getpid()))
(folder / "got.whl").write_bytes(bytes(int(sys.argv[1])))
time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder to download to."""
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def silent(file: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def links(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find a wheel in a folder, and nowhere else."""
    folder.mkdir()
    (folder / WHEEL).write_bytes(content)
    pip_knows(monkeypatch, find_links=str(folder))


# Downloading


def test_a_wheel_comes_from_the_index_that_pip_knows_and_nothing_that_it_needs(
    file_server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_knows(monkeypatch, index_url=file_server.offer(ZOO_WHEEL))
    told: list[tuple[str, int, int]] = []
    path = download_wheel(ZOO_IN, place, lambda *progress: told.append(progress))
    assert (path.parent.parent, path.name, path.read_bytes()) == (place, WHEEL, ZOO_WHEEL)
    assert [name for name, _ in file_server.asked] == ["simple/made-up-models/", WHEEL]
    assert told == sorted(told)
    assert told[-1] == (WHEEL, len(ZOO_WHEEL), len(ZOO_WHEEL))


def test_a_wheel_comes_from_a_folder_that_pip_knows(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links(tmp_path / "links", ZOO_WHEEL, monkeypatch)
    assert download_wheel(ZOO_IN, place, silent).read_bytes() == ZOO_WHEEL


def test_another_wheel_of_that_name_is_refused(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links(tmp_path / "links", wheel_bytes({"made_up/models/zoo.onnx": b"altered"}), monkeypatch)
    with pytest.raises(PackError) as refused:
        download_wheel(ZOO_IN, place, silent)
    assert in_terminal(refused.value).startswith(
        "pip could not download made-up-models: THESE PACKAGES DO NOT MATCH THE HASHES"
    )
    assert not (place / "got" / WHEEL).exists()


def test_a_wheel_that_broke_off_is_refused(
    file_server: FileServer, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_knows(monkeypatch, index_url=file_server.offer(ZOO_WHEEL), resume_retries="0")
    file_server.cut_off_after[WHEEL] = 500_000
    with pytest.raises(PackError, match=r"^pack:pip package='made-up-models' why="):
        download_wheel(ZOO_IN, place, silent)
    assert not (place / "got" / WHEEL).exists()


def test_the_source_of_a_package_is_neither_taken_nor_run(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        setup = f"import pathlib; pathlib.Path({str(ran)!r}).touch()".encode()
        member = tarfile.TarInfo("made_up_models-1.0/setup.py")
        member.size = len(setup)
        archive.addfile(member, io.BytesIO(setup))
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "made_up_models-1.0.tar.gz").write_bytes(packed.getvalue())
    pip_knows(monkeypatch, find_links=str(tmp_path / "links"))
    with pytest.raises(PackError, match=r"Could not find a version that satisfies"):
        download_wheel(wheel_of(packed.getvalue()), place, silent)
    assert not ran.exists()


def test_without_an_index_the_reason_is_pips(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pip_knows(monkeypatch)
    with pytest.raises(PackError) as failed:
        download_wheel(ZOO_IN, place, silent)
    assert in_terminal(failed.value) == (
        "pip could not download made-up-models: Could not find a version that satisfies the requirement "
        "made-up-models==1.0 (from versions: none)."
    )


def test_a_python_without_pip_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    with pytest.raises(PackError) as failed:
        download_wheel(ZOO_IN, place, silent)
    assert in_terminal(failed.value) == (
        "made-up-models would be taken from the package index, but this Python has no pip."
    )


def endless_pip(monkeypatch: pytest.MonkeyPatch, size_bytes: int) -> None:
    """Put a pip in place that brings so many bytes and does not end."""
    monkeypatch.setattr(wheels, "PIP", (sys.executable, "-c", ENDLESS, str(size_bytes)))


def assert_ended(place: Path) -> None:
    """What stood for pip runs no more."""
    number = int((place / "written" / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_more_bytes_than_the_wheel_has_end_the_download(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless_pip(monkeypatch, ZOO_IN.size_bytes + 1)
    with pytest.raises(PackError, match=rf"^pack:pip_more file='{WHEEL}'$"):
        download_wheel(ZOO_IN, place, silent)
    assert_ended(place)


def interrupt(file: str, done: int, total: int) -> None:
    """Progress that somebody ends as soon as pip has written something."""
    if done >= 1000:
        raise KeyboardInterrupt


def test_an_interrupted_download_leaves_no_pip_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless_pip(monkeypatch, 1000)
    with pytest.raises(KeyboardInterrupt):
        download_wheel(ZOO_IN, place, interrupt)
    assert_ended(place)


def test_a_download_that_takes_too_long_is_ended(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless_pip(monkeypatch, 1000)
    started = time.monotonic()
    with pytest.raises(PackError, match=rf"^pack:pip_slow file='{WHEEL}'$"):
        download_wheel(ZOO_IN, place, silent, most_s=2)
    assert time.monotonic() - started < 50


# Unpacking


@pytest.fixture
def to(place: Path) -> Path:
    return place / "zoo.onnx.part"


def wheel_file(folder: Path, members: dict[str, bytes]) -> tuple[Wheel, Path]:
    """A wheel that holds these, and its description."""
    content = wheel_bytes(members)
    path = folder / WHEEL
    path.write_bytes(content)
    return wheel_of(content), path


def test_a_network_is_taken_out_of_a_wheel_and_nothing_else(tmp_path: Path, place: Path, to: Path) -> None:
    members = {
        "made_up/models/zoo.onnx": ZOO["zoo.onnx"],
        "../../evil.onnx": b"above",
        "/tmp/evil.onnx": b"anywhere",
        "zoo.onnx": b"of another folder",
        "made_up/__init__.py": b"raise SystemExit",
    }
    wheel, path = wheel_file(tmp_path, members)
    before = sorted(tmp_path.rglob("*"))
    unpack(wheel, path, NETWORK, to)
    assert to.read_bytes() == ZOO["zoo.onnx"]
    assert sorted(tmp_path.rglob("*")) == sorted([*before, to])


@pytest.mark.parametrize("folder", ["..", "../made_up/models", "/made_up/models", "made_up", ""])
def test_a_network_is_only_where_the_description_says(tmp_path: Path, to: Path, folder: str) -> None:
    wheel, path = wheel_file(tmp_path, {"made_up/models/zoo.onnx": ZOO["zoo.onnx"]})
    with pytest.raises(PackError, match=r"^pack:not_in_wheel "):
        unpack(replace(wheel, folder=folder), path, NETWORK, to)
    assert not to.exists()


@pytest.mark.parametrize("content", [ZOO["zoo.onnx"] + b"x", ZOO["zoo.onnx"][:-1], bytes(50_000_000), b""])
def test_a_member_of_another_size_is_not_unpacked(tmp_path: Path, to: Path, content: bytes) -> None:
    wheel, path = wheel_file(tmp_path, {"made_up/models/zoo.onnx": content})
    with pytest.raises(PackError, match=r"^pack:wrong_file file='zoo\.onnx'$"):
        unpack(wheel, path, NETWORK, to)
    assert not to.exists()


def test_another_wheel_is_not_opened(tmp_path: Path, to: Path) -> None:
    _, path = wheel_file(tmp_path, {"made_up/models/zoo.onnx": b"altered"})
    with pytest.raises(PackError) as refused:
        unpack(ZOO_IN, path, NETWORK, to)
    assert in_terminal(refused.value) == f"{path} is not the right file (its sha256 differs)."
    assert not to.exists()


def broken_bytes(content: bytes) -> bytes:
    """The same wheel with a byte of its first member turned."""
    start = content.index(b"zoo.onnx") + 1000
    return content[:start] + bytes([content[start] ^ 0xFF]) + content[start + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"no archive", id="text"),
        pytest.param(b"", id="empty"),
        pytest.param(ZOO_WHEEL[: len(ZOO_WHEEL) // 2], id="half"),
        pytest.param(broken_bytes(ZOO_WHEEL), id="a byte turned"),
    ],
)
def test_what_is_no_sound_archive_is_told(tmp_path: Path, to: Path, content: bytes) -> None:
    path = tmp_path / WHEEL
    path.write_bytes(content)
    with pytest.raises(PackError) as refused:
        unpack(wheel_of(content), path, NETWORK, to)
    assert in_terminal(refused.value) == f"{path} does not hold made_up/models/zoo.onnx."


def test_an_encrypted_member_is_told(tmp_path: Path, to: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(ZOO_WHEEL)) as archive:
        place = archive.getinfo("made_up/models/zoo.onnx").header_offset
    content = bytearray(ZOO_WHEEL)
    content[place + 6] |= 1  # general purpose flag 0, in the member's own header
    central = ZOO_WHEEL.rindex(b"made_up/models/zoo.onnx") - 46
    content[central + 8] |= 1
    path = tmp_path / WHEEL
    path.write_bytes(content)
    with pytest.raises(PackError, match=r"^pack:not_in_wheel "):
        unpack(wheel_of(bytes(content)), path, NETWORK, to)
