"""The passphrase of backups, out of a file."""

from pathlib import Path

import pytest

from wsgi_app.base.errors import BackupError
from wsgi_app.stores.backups.passphrase import MOST, read_passphrase


def written(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_it_is_what_the_file_holds_without_the_end_of_its_line(tmp_path: Path, end: bytes) -> None:
    file = written(tmp_path / "phrase", " ein Käfer ".encode() + end)
    (tmp_path / "link").symlink_to(file)

    assert read_passphrase(file) == read_passphrase(tmp_path / "link") == " ein Käfer "


@pytest.mark.parametrize("data", [b"", b"\n", b"1234567\n", b"\xff" * 20, b"x" * (MOST + 1)])
def test_one_that_is_short_long_or_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(BackupError) as refused:
        read_passphrase(written(tmp_path / "phrase", data))

    assert refused.value.key == "passphrase:unfit"


def test_one_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError) as refused:
        read_passphrase(written(tmp_path / "phrase", b"correct horse", 0o640))

    assert (refused.value.key, refused.value.values["mode"]) == ("passphrase:others", "0640")


def test_a_file_that_is_not_there_or_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    for file in (tmp_path / "none", tmp_path, tmp_path / "circle"):
        with pytest.raises(BackupError) as refused:
            read_passphrase(file)
        assert (refused.value.key, refused.value.values["file"]) == ("passphrase:unreadable", file)
