"""The secret of the doors' tokens: made once, for its owner alone, and never replaced."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wsgi_app.base.errors import ConfigError
from wsgi_app.stores.secret_file import open_secret


def test_it_is_made_once_and_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "doors.key"

    secret = open_secret(file)

    assert (len(secret), open_secret(file), file.read_bytes()) == (32, secret, secret)
    assert [path.stat().st_mode & 0o777 for path in (file, file.parent)] == [0o600, 0o700]
    assert list(file.parent.iterdir()) == [file]
    assert open_secret(tmp_path / "another") != secret


def test_of_many_who_come_first_all_get_the_same(tmp_path: Path) -> None:
    file, racers = tmp_path / "keys" / "doors.key", 8
    begin = threading.Barrier(racers)

    def race(_: int) -> bytes:
        begin.wait(60)
        return open_secret(file)

    with ThreadPoolExecutor(racers) as pool:
        secrets = set(pool.map(race, range(racers)))

    assert secrets == {file.read_bytes()}


@pytest.mark.parametrize("kept", [b"", b"short", 33 * b"x", 5000 * b"x"])
def test_a_file_that_holds_something_else_is_refused_and_stays(tmp_path: Path, kept: bytes) -> None:
    file = tmp_path / "doors.key"
    file.write_bytes(kept)

    with pytest.raises(ConfigError, match=r"PORTEIRO_SECRET_FILE: .*doors\.key holds no secret of 32 bytes"):
        open_secret(file)
    assert file.read_bytes() == kept


def test_what_cannot_be_read_or_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    with pytest.raises(ConfigError, match=r"_FILE: .*plain/doors\.key cannot be used: Not a directory"):
        open_secret(tmp_path / "plain" / "doors.key")
    with pytest.raises(ConfigError, match=r"_FILE: .* cannot be used: Is a directory"):
        open_secret(tmp_path)
    if os.geteuid():
        (tmp_path / "plain").chmod(0)
        with pytest.raises(ConfigError, match="cannot be used: Permission denied"):
            open_secret(tmp_path / "plain")
