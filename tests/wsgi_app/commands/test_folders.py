"""How a folder is walked through, and how a path is shown."""

from pathlib import Path

import pytest

from wsgi_app.commands.folders import printable_path, walk


def test_a_folder_is_walked_by_name_its_own_files_before_its_subfolders(tmp_path: Path) -> None:
    for name in ("b.txt", "a.jpg", "A/z", "A/y", "A/B/x", "C/w", "not/this"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to(tmp_path)

    paths = walk(tmp_path, lambda folder: folder.name != "not", lambda *_: None)

    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "a.jpg",
        "b.txt",
        "link",
        "A/y",
        "A/z",
        "A/B/x",
        "C/w",
    ]


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    told: list[tuple[Path, int | None]] = []

    assert list(walk(tmp_path / "gone", lambda _: True, lambda *it: told.append((it[0], it[1].errno)))) == []
    assert told == [(tmp_path / "gone", 2)]


@pytest.mark.parametrize(
    ("path", "as_shown"),
    [
        ("photos/José 写.jpg", "photos/José 写.jpg"),
        ("a\nb\x1b[2J.jpg", "a\\nb\\x1b[2J.jpg"),
        ("a\udcff.jpg", "a\\xff.jpg"),
        ("Jo\udce3o/fot\udcf3.jpg", "Jo\\xe3o/fot\\xf3.jpg"),
        ("a\ud800.jpg", "a\\ud800.jpg"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
    ],
)
def test_what_would_not_be_printed_is_escaped(path: str, as_shown: str) -> None:
    assert printable_path(Path(path)) == as_shown
