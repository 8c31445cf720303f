"""Files that are whole before anybody finds them."""

import os
import stat
import threading
from pathlib import Path

import pytest

from wsgi_app.stores.files import locked, make_private, open_plain, write_whole


def test_a_file_takes_the_place_of_another_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_bytes(b"before")

    write_whole(file, b"after")

    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"after", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_where_it_cannot_be_written_the_one_of_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state"
    write_whole(file, b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"after")

    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


def test_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b")

    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")] == [0o700, 0o700]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "nothing"])
def test_only_a_plain_file_is_read_and_nothing_is_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "link":
        (tmp_path / "file").touch()
        path.symlink_to("file")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()

    with pytest.raises(OSError, match=kind):
        open_plain(path)


def test_a_lock_is_held_until_its_end(tmp_path: Path) -> None:
    def is_free() -> bool:
        found: list[bool] = []

        def look() -> None:
            with locked(tmp_path / "lock") as free:
                found.append(free)

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        return found[0]

    with locked(tmp_path / "lock") as free:
        assert (free, is_free()) == (True, False)
    assert is_free()
