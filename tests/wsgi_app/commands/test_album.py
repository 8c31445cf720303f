"""A folder with a folder for each person: whose each photo is, and what is left out."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wsgi_app.commands.album import Album, read_album


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "album").mkdir()
    return tmp_path / "album"


def add(path: Path) -> Path:
    """A file, with the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def photos(album: Album) -> dict[str, list[str]]:
    """Everybody's photos, by their names."""
    return {person.name: [photo.name for photo in person.photos] for person in album.people}


def omissions(album: Album, root: Path) -> dict[str, str]:
    """What is left out, and the key of the reason."""
    return {str(omission.path.relative_to(root)): omission.error.key for omission in album.omissions}


def test_all_files_below_a_persons_folder_are_theirs(root: Path) -> None:
    for name in ("Ana/b.jpg", "Ana/a.jpg", "Ana/y/z/1.jpg", "Ana/x/2.jpg", "Bruno/3"):
        add(root / name)

    album = read_album(root)

    assert photos(album) == {"Ana": ["a.jpg", "b.jpg", "2.jpg", "1.jpg"], "Bruno": ["3"]}
    assert (album.size, album.omissions) == (5, [])


def test_what_is_nobodys_is_named(root: Path) -> None:
    add(root / "top.jpg")
    add(root / ".hidden" / "a.jpg")
    add(root / "Ana" / ".b.jpg")
    add(root / "Ana" / ".c" / "d.jpg")
    add(root / ("x" * 81) / "e.jpg")
    (root / "Bruno" / "deeper").mkdir(parents=True)
    os.mkfifo(root / "Ana" / "pipe.jpg")

    album = read_album(root)

    assert photos(album) == {"Ana": [], "Bruno": []}
    assert omissions(album, root) == {
        "top.jpg": "in_no_folder",
        ".hidden": "hidden",
        "Ana/.b.jpg": "hidden",
        "Ana/.c": "hidden",
        "Ana/pipe.jpg": "not_a_file",
        "x" * 81: "bad_name:long",
        "Ana": "no_photo",
        "Bruno": "no_photo",
    }


def test_a_link_is_followed_to_a_file_in_the_folder_alone(root: Path, tmp_path: Path) -> None:
    add(tmp_path / "secret.jpg")
    add(tmp_path / "album-of-others" / "b.jpg")
    photo = add(root / "Ana" / "a.jpg")
    for name, target in {
        "inside.jpg": photo,
        "beside.jpg": Path("a.jpg"),
        "out.jpg": Path("../../secret.jpg"),
        "prefix.jpg": tmp_path / "album-of-others" / "b.jpg",
        "chain.jpg": root / "Ana" / "out.jpg",
        "nowhere.jpg": root / "gone.jpg",
        "circle.jpg": root / "Ana" / "circle.jpg",
        "up": root,
        "away": tmp_path,
    }.items():
        (root / "Ana" / name).symlink_to(target)
    (root / "Bruno").symlink_to(root / "Ana")

    album = read_album(root)

    assert photos(album) == {"Ana": ["a.jpg", "beside.jpg", "inside.jpg"]}
    assert omissions(album, root) == {
        "Bruno": "link_to_folder",
        "Ana/out.jpg": "link_outside",
        "Ana/prefix.jpg": "link_outside",
        "Ana/chain.jpg": "link_outside",
        "Ana/nowhere.jpg": "unreadable",
        "Ana/circle.jpg": "unreadable",
        "Ana/up": "link_to_folder",
        "Ana/away": "link_outside",
    }


def test_the_folder_itself_may_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    add(root / "Ana" / "a.jpg")
    (tmp_path / "link").symlink_to(root)

    assert photos(read_album(tmp_path / "link")) == {"Ana": ["a.jpg"]}


def test_two_spellings_of_a_name_are_one_persons_folders(root: Path) -> None:
    names = ("ANA", "Ana", "\u00c5sa", "A\u030asa")
    for name in names:
        add(root / name / f"{len(name)}.jpg")
    (root / "ana ").mkdir()

    album = read_album(root)

    assert [sorted(folder.name for folder in person.folders) for person in album.people] == [
        ["ANA", "Ana", "ana "],
        sorted(names[2:]),
    ]
    assert omissions(album, root) == {"ana ": "no_photo"}


def test_a_folder_that_cannot_be_read_is_named_once_and_the_others_count(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(root / "Ana" / "a.jpg")
    add(root / "Bruno" / "b.jpg")

    def scandir(path: Path, scan: Callable[[Path], Iterator[os.DirEntry[str]]] = os.scandir) -> object:
        if path.name == "Bruno":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    album = read_album(root)

    assert photos(album) == {"Ana": ["a.jpg"], "Bruno": []}
    assert omissions(album, root) == {"Bruno": "unreadable"}
    assert album.omissions[0].error.values == {"why": "Permission denied"}


def test_folders_may_be_nested_deeper_than_a_program_calls_itself(root: Path) -> None:
    deepest = root.joinpath("Ana", *["d"] * 1200)
    subprocess.run(["mkdir", "-p", deepest], check=True)
    add(deepest / "a.jpg")
    try:
        assert photos(read_album(root)) == {"Ana": ["a.jpg"]}
    finally:  # pytest itself could not remove it
        subprocess.run(["rm", "-rf", root], check=True)
