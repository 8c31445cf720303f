"""The secret of the doors' tokens: made once, for its owner alone, and never replaced."""

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wsgi_app.base.errors import ConfigError
from wsgi_app.stores.secret_file import LiveSecret, open_secret, read_secret


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


def test_who_holds_the_folder_for_long_stops_nobody_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wsgi_app.stores.secret_file.WAIT_S", 0.2)
    number = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_EX)

    with pytest.raises(ConfigError, match=r"doors\.key cannot be used: another process holds the folder"):
        open_secret(tmp_path / "doors.key")
    os.close(number)
    assert len(open_secret(tmp_path / "doors.key")) == 32


@pytest.mark.parametrize(
    "kept",
    [b"", b"short", bytes(range(31)), bytes(range(33)), 5000 * b"x", bytes(32), 32 * b"x", 8 * b"abcd"],
)
def test_a_file_that_holds_something_else_is_refused_and_stays(tmp_path: Path, kept: bytes) -> None:
    file = tmp_path / "doors.key"
    file.touch(0o600)
    file.write_bytes(kept)

    with pytest.raises(ConfigError, match=r"_SECRET_FILE: .*doors\.key holds no secret of 32 bytes made"):
        open_secret(file)
    assert file.read_bytes() == kept


def test_what_cannot_be_read_or_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()

    with pytest.raises(ConfigError, match=r"_FILE: .*plain/doors\.key cannot be used: Not a directory"):
        open_secret(tmp_path / "plain" / "doors.key")
    with pytest.raises(ConfigError, match=r"_FILE: .* is no plain file\."):
        open_secret(tmp_path)
    if os.geteuid():
        (tmp_path / "plain").chmod(0)
        with pytest.raises(ConfigError, match="cannot be used: Permission denied"):
            open_secret(tmp_path / "plain")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o602, 0o610, 0o666, 0o777])
def test_a_file_that_others_can_read_or_change_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "doors.key"
    open_secret(file)
    file.chmod(mode)

    with pytest.raises(
        ConfigError, match=rf"\(mode {mode:04o}\): chmod 600 {file}, or .* say mode 0400 there"
    ):
        open_secret(file)
    file.chmod(0o400)
    assert open_secret(file) == file.read_bytes()


@pytest.mark.parametrize(
    ("mode", "is_taken"),
    [(0o700, True), (0o755, True), (0o1777, True), (0o777, False), (0o775, False), (0o702, False)],
)
def test_a_folder_in_which_others_may_put_another_file_is_refused(
    tmp_path: Path, mode: int, is_taken: bool
) -> None:
    folder = tmp_path / "keys"
    file, link = folder / "doors.key", tmp_path / "link"
    link.symlink_to(file)
    folder.mkdir()
    folder.chmod(mode)

    def refused() -> None:
        with pytest.raises(ConfigError, match=rf"others, who may write to .*: chmod go-w {folder}$"):
            open_secret(file)

    if is_taken:
        assert open_secret(file) == open_secret(link)
    else:
        refused()
        assert not file.exists()
        folder.chmod(0o700)
        open_secret(file)
        folder.chmod(mode)
        refused()


@pytest.mark.parametrize(("mode", "is_taken"), [(0o755, True), (0o775, True), (0o1777, True), (0o777, False)])
def test_a_folder_above_that_everybody_may_write_to_is_refused(
    tmp_path: Path, mode: int, is_taken: bool
) -> None:
    above = tmp_path / "above"
    file = above / "keys" / "doors.key"
    secret = open_secret(file)
    above.chmod(mode)

    if is_taken:
        assert open_secret(file) == secret
    else:
        with pytest.raises(ConfigError, match=rf"write to {above} \(mode {mode:04o}\): chmod go-w {above}$"):
            open_secret(file)


def test_the_folder_of_a_link_is_looked_at_like_that_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "doors.key"
    secret = open_secret(file)
    links = tmp_path / "links"
    links.mkdir()
    (links / "file").symlink_to(file)
    (links / "folder").symlink_to(Path("..") / "keys")

    for path in (links / "file", links / "folder" / "doors.key"):
        links.chmod(0o755)
        assert open_secret(path) == secret
        for mode in (0o777, 0o775):
            links.chmod(mode)
            with pytest.raises(
                ConfigError, match=rf"may write to {links} \(mode {mode:04o}\): chmod go-w {links}$"
            ):
                open_secret(path)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")

    with pytest.raises(ConfigError, match="Too many levels of symbolic links"):
        open_secret(tmp_path / "one")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to a group")
@pytest.mark.parametrize(("group", "is_taken"), [(0, True), (50, True), (1001, False), (65534, False)])
def test_a_folder_above_in_which_a_group_of_ordinary_users_may_write_is_refused(
    tmp_path: Path, group: int, is_taken: bool
) -> None:
    above = tmp_path / "above"
    file = above / "keys" / "doors.key"
    secret = open_secret(file)
    above.chmod(0o775)
    os.chown(above, 0, group)

    if is_taken:
        assert open_secret(file) == secret
    else:
        with pytest.raises(ConfigError, match=rf"write to {above} \(mode 0775\)"):
            open_secret(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a link to somebody else")
def test_somebody_elses_link_in_a_sticky_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "doors.key"
    secret = open_secret(file)
    sticky = tmp_path / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    link = sticky / "doors.key"
    link.symlink_to(file)
    assert open_secret(link) == secret

    os.chown(link, 1001, 1001, follow_symlinks=False)
    with pytest.raises(ConfigError, match=rf"{link} belongs to somebody else, who can replace it"):
        open_secret(link)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
@pytest.mark.parametrize("owned", ["doors.key", "keys"])
def test_what_belongs_to_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owned: str
) -> None:
    file = tmp_path / "keys" / "doors.key"
    secret = open_secret(file)
    [path] = [path for path in (file, file.parent) if path.name == owned]

    for user, owner, is_taken in ((1000, 1000, True), (1000, 0, True), (0, 1000, True), (1000, 1001, False)):
        os.chown(file, 0, 0)
        os.chown(path, owner, 0)
        monkeypatch.setattr(os, "geteuid", lambda user=user: user)
        if is_taken:
            assert open_secret(file) == secret
        else:
            with pytest.raises(ConfigError, match=rf"{path} belongs to somebody else \(user 1001\), who "):
                open_secret(file)
        monkeypatch.undo()


def test_a_pipe_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "doors.key", 0o600)

    for read in (open_secret, read_secret):
        with pytest.raises(ConfigError, match=r"doors\.key is no plain file\.$"):
            read(tmp_path / "doors.key")


def test_a_link_that_leads_nowhere_gets_no_new_secret(tmp_path: Path) -> None:
    disk, link, folder = tmp_path / "disk", tmp_path / "doors.key", tmp_path / "keys"
    link.symlink_to(disk / "doors.key")
    folder.symlink_to(disk)

    for file, named in ((link, link), (folder / "doors.key", folder), (folder / "a" / "doors.key", folder)):
        with pytest.raises(ConfigError, match=rf"is not there: the link {named} leads nowhere\."):
            open_secret(file)
    assert not disk.exists()

    secret = open_secret(disk / "doors.key")
    assert (open_secret(link), open_secret(folder / "doors.key")) == (secret, secret)


def test_whoever_only_reads_makes_none(tmp_path: Path) -> None:
    assert read_secret(tmp_path / "keys" / "doors.key") is None
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_runs_takes_the_file_that_is_there_now(tmp_path: Path) -> None:
    file, kept = tmp_path / "doors.key", tmp_path / "kept.key"
    live = LiveSecret(file)
    first = live.now()
    assert first == file.read_bytes()

    file.rename(kept)
    assert live.now() == first  # and makes none itself
    assert not file.exists()
    second = open_secret(file)
    assert (live.now(), second == first) == (second, False)
    kept.replace(file)
    assert live.now() == first


def test_a_server_that_runs_takes_no_file_that_it_would_not_start_with(tmp_path: Path) -> None:
    file = tmp_path / "doors.key"
    live = LiveSecret(file)
    first = live.now()

    file.write_bytes(bytes(32))
    assert live.now() == first
    file.write_bytes(first[::-1])
    file.chmod(0o644)
    assert live.now() == first
    file.chmod(0o600)
    assert live.now() == first[::-1]
