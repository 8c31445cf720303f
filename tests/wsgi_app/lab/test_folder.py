"""What may be seen of a folder, and that nothing outside it ever is."""

import errno
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wsgi_app.base.errors import Forbidden, NotFound, Unavailable
from wsgi_app.lab.folder import (
    BLOCK_BYTES,
    LATEST_S,
    MOST_BYTES,
    MOST_ENTRIES,
    Blocks,
    FolderEntry,
    Listing,
    OpenFile,
    look_up,
)

MOMENT = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder that is shown, with one secret beside it and one hidden in it."""
    (tmp_path / "secret.txt").write_text("nobody else's")
    place = tmp_path / "shown"
    for folder in ("", "sub", "sub/deeper", ".hidden"):
        (place / folder).mkdir()
    for path in ("a.txt", "sub/b.txt", ".env", ".hidden/c.txt"):
        (place / path).write_text(path)
    return place


def listed(place: Path, path: str = "") -> Listing:
    found = look_up(place, path)
    assert isinstance(found, Listing)
    return found


def text_of(place: Path, path: str) -> str:
    found = look_up(place, path)
    assert isinstance(found, OpenFile)
    with found.file as file:
        return file.read().decode()


def test_a_listing_has_folders_first_each_by_its_name_and_leaves_out_what_begins_with_a_dot(
    place: Path,
) -> None:
    (place / "B.txt").write_text("B")
    for path in (place / "a.txt", place / "B.txt", place / "sub"):
        os.utime(path, (MOMENT.timestamp(), MOMENT.timestamp()))

    assert look_up(place, "") == Listing(
        "",
        (
            FolderEntry("sub", "folder", None, MOMENT),
            FolderEntry("B.txt", "file", 1, MOMENT),
            FolderEntry("a.txt", "file", 5, MOMENT),
        ),
        more=False,
    )


@pytest.mark.parametrize("path", ["sub", "sub/"])
def test_a_folder_is_found_with_and_without_a_slash_at_its_end(place: Path, path: str) -> None:
    found = listed(place, path)

    assert (found.path, [entry.name for entry in found.entries]) == (path, ["deeper", "b.txt"])


@pytest.mark.parametrize("path", ["a.txt", "sub/b.txt"])
def test_a_file_is_found_by_its_path(place: Path, path: str) -> None:
    assert text_of(place, path) == path


def test_a_name_may_hold_any_script_and_two_dots_inside_it(place: Path) -> None:
    name = "안녕 ..%2e&?#<b>.txt"
    (place / name).write_text("there")

    assert text_of(place, name) == "there"
    assert name in [entry.name for entry in listed(place).entries]


@pytest.mark.parametrize(
    "path",
    [
        "nothing.txt",
        "a.txt/",
        "a.txt/b",
        "/",
        "//",
        "/a.txt",
        "sub//b.txt",
        "sub//",
        ".",
        "./a.txt",
        "..",
        "../",
        "../secret.txt",
        "sub/../a.txt",
        "sub/../../secret.txt",
        "/etc/passwd",
        ".env",
        ".hidden/",
        ".hidden/c.txt",
        "...",
        "..\\secret.txt",
        "sub\\b.txt",
        "a.txt\0",
        "a.txt\n",
        "%2e%2e/secret.txt",
        "x" * 256,
        "x" * 100_000,
        "sub/" * 5_000,
    ],
)
def test_what_may_not_be_seen_is_as_if_it_were_not_there(place: Path, path: str) -> None:
    with pytest.raises(NotFound, match="not_found:file_or_folder"):
        look_up(place, path)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("../secret.txt", "link"),
        ("..", "link/secret.txt"),
        ("..", "link/"),
        ("..", "link"),
        ("/etc/passwd", "link"),
        ("a.txt", "link"),
        ("sub", "link/b.txt"),
        ("link", "link"),
        ("nowhere", "link"),
    ],
)
def test_no_link_is_followed_or_listed_wherever_it_leads(place: Path, target: str, path: str) -> None:
    (place / "link").symlink_to(target)

    with pytest.raises(NotFound):
        look_up(place, path)
    assert [entry.name for entry in listed(place).entries] == ["sub", "a.txt"]


def test_the_shown_folder_itself_may_be_a_link(place: Path, tmp_path: Path) -> None:
    (tmp_path / "by another name").symlink_to(place)

    assert text_of(tmp_path / "by another name", "a.txt") == "a.txt"


def test_nobody_waits_at_a_pipe_or_a_socket(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(place / "pipe")
    monkeypatch.chdir(place)  # a socket's path has few letters
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in ("pipe", "socket"):
            assert (place / name).exists()
            with pytest.raises(NotFound):
                look_up(place, name)
    assert [entry.name for entry in listed(place).entries] == ["sub", "a.txt"]


def test_a_name_that_is_not_utf_8_or_holds_a_lines_end_is_left_out(place: Path) -> None:
    for name in (b"\xff\xfe.txt", b"two\nlines", b"back\\slash", b"\x7f"):
        (Path(os.fsdecode(os.fsencode(place) + b"/" + name))).write_text("there")

    assert len(list(place.iterdir())) == 8
    assert [entry.name for entry in listed(place).entries] == ["sub", "a.txt"]


def test_a_listing_ends_at_its_limit_and_says_so(place: Path) -> None:
    for number in range(MOST_ENTRIES - 2):
        (place / f"b{number:04}").touch()
    full = listed(place)
    (place / "c").touch()
    over = listed(place)

    assert (len(full.entries), full.more) == (MOST_ENTRIES, False)
    assert (over.entries, over.more) == (full.entries, True)


def test_of_a_folder_with_very_many_names_only_some_are_read(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10):
        (place / f"b{number}").touch()
    monkeypatch.setattr("wsgi_app.lab.folder.MOST_NAMES", 5)

    found = listed(place)

    assert 0 < len(found.entries) <= 6
    assert found.more


@pytest.mark.parametrize("reason", [FileNotFoundError, PermissionError])
def test_what_goes_away_in_this_moment_or_may_not_be_looked_at_is_not_listed(
    place: Path, reason: type[OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = os.stat

    def gone(name: bytes, *, dir_fd: int, follow_symlinks: bool) -> os.stat_result:
        if name == b"a.txt":
            raise reason(name)
        return look(name, dir_fd=dir_fd, follow_symlinks=follow_symlinks)

    monkeypatch.setattr("os.stat", gone)

    assert [entry.name for entry in listed(place).entries] == ["sub"]


@pytest.mark.parametrize("system_call", ["open", "scandir", "stat"])
@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (errno.EMFILE, Unavailable),
        (errno.ENFILE, Unavailable),
        (errno.EIO, NotFound),
        (errno.ELOOP, NotFound),
    ],
)
def test_too_many_open_files_are_the_servers_fault_and_not_told_as_nothing_there(
    place: Path, system_call: str, number: int, refusal: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, system_call, failing)

    with pytest.raises(refusal):
        look_up(place, "")


def test_a_folder_that_is_gone_is_not_found(place: Path) -> None:
    with pytest.raises(NotFound):
        look_up(place / "gone", "")


def test_a_file_too_large_is_refused(place: Path) -> None:
    with (place / "large").open("wb") as file:
        file.truncate(MOST_BYTES)
    found = look_up(place, "large")
    assert isinstance(found, OpenFile)
    found.file.close()
    os.truncate(place / "large", MOST_BYTES + 1)

    with pytest.raises(Forbidden) as refused:
        look_up(place, "large")
    assert refused.value.code == "large_file"


@pytest.mark.parametrize(
    ("seconds", "changed"),
    [
        (-5, datetime(1970, 1, 1, tzinfo=UTC)),
        (1.9, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (LATEST_S + 5, datetime(9999, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_that_no_date_can_tell_is_brought_near(
    place: Path, seconds: float, changed: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = os.stat_result((0o100644, 0, 0, 0, 0, 0, 0, 0, 0, 0), {"st_mtime": float(seconds)})
    monkeypatch.setattr("os.stat", lambda *_, **__: status)

    assert {entry.changed for entry in listed(place).entries} == {changed}


def open_under(place: Path) -> list[Path]:
    """The files and folders under a place that this process holds open."""
    held = (os.path.realpath(handle) for handle in Path("/proc/self/fd").iterdir())
    return [path for path in map(Path, held) if path.is_relative_to(place.resolve())]


def test_an_open_file_is_seen(place: Path) -> None:
    with (place / "a.txt").open():
        assert open_under(place) == [place.resolve() / "a.txt"]
    assert open_under(place) == []


def test_no_file_stays_open_whatever_is_asked_for(place: Path) -> None:
    def asked() -> Iterator[int]:
        for path in ("", "sub/", "nothing", "sub/nothing", "a.txt/", "a.txt/b", "..", "sub/../a.txt"):
            try:
                look_up(place, path)
            except NotFound:
                yield 1

    assert sum(asked()) == 6
    assert open_under(place) == []


@pytest.mark.parametrize(
    ("start", "stop", "sizes"),
    [
        (0, 0, []),
        (0, 1, [1]),
        (5, 9, [4]),
        (0, BLOCK_BYTES, [BLOCK_BYTES]),
        (1, 2 * BLOCK_BYTES + 2, [BLOCK_BYTES, BLOCK_BYTES, 1]),
        (BLOCK_BYTES * 3, BLOCK_BYTES * 3 + 10, [3]),
    ],
)
def test_a_file_is_read_block_by_block_from_its_start_to_its_stop(
    place: Path, start: int, stop: int, sizes: list[int]
) -> None:
    data = bytes(number % 251 for number in range(BLOCK_BYTES * 3 + 3))
    (place / "large").write_bytes(data)
    found = look_up(place, "large")
    assert isinstance(found, OpenFile)
    blocks = Blocks(found.file, start, stop)

    read = list(blocks)
    blocks.close()

    assert [len(block) for block in read] == sizes
    assert b"".join(read) == data[start:stop]
    assert found.file.closed
