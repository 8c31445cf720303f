"""What happens before uWSGI does anything."""

import errno
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.houses import copy_new_database
from tests.servers import LocalPorts
from wsgi_app.base.errors import ConfigError, PackError, PorteiroError
from wsgi_app.base.locks import server_of
from wsgi_app.front.start import prepare


def test_the_folders_that_uwsgi_writes_to_are_made(tmp_path: Path) -> None:
    prepare({"PORTEIRO_DATA": str(tmp_path / "a" / "b"), **LocalPorts().settings})

    run = tmp_path / "a" / "b" / "run"
    assert sorted(path.name for path in run.parent.iterdir()) == ["keys", "log", "run"]
    assert sorted(path.name for path in run.iterdir()) == [
        "beside",
        "environment",
        "lock",
        "reload",
        "trouble",
    ]
    assert (run / "environment").readlink() == Path(sys.prefix)
    assert (run / "beside").readlink() == run


def test_a_second_start_finds_what_the_first_one_made(tmp_path: Path) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings}
    prepare(settings)
    (tmp_path / "run" / "environment").unlink()
    (tmp_path / "run" / "environment").symlink_to("/no/such/folder")
    prepare(settings)

    assert (tmp_path / "run" / "environment").readlink() == Path(sys.prefix)


def test_what_earlier_servers_left_of_their_counting_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, run = {"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings}, tmp_path / "run"
    prepare(settings)
    left = (run / "counters-4096-64.cache", run / "semaphores", run / "counters.json")
    for file in left:
        file.write_text("12 1700000000\n")
    read = list[Path]()
    monkeypatch.setattr("wsgi_app.front.start.remove_left", read.append)

    prepare(settings)

    assert [file.exists() for file in left] == [False, True, False]
    assert (read, (run / "counters.damaged.json").exists()) == ([run / "semaphores"], True)


def test_a_system_without_semaphores_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("wsgi_app.front.start.refuse_none", none)

    with pytest.raises(ConfigError, match=r"^the system gives no semaphores, .*: No space left on device\. "):
        prepare({"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings})


def test_behind_nginx_the_ports_of_the_local_run_do_not_count(tmp_path: Path) -> None:
    prepare(
        {
            "PORTEIRO_DATA": str(tmp_path / "data"),
            "PORTEIRO_HTTP": "192.0.2.1:80",
            "PORTEIRO_SOCKET": str(tmp_path / "porteiro.sock"),
        }
    )


@pytest.mark.parametrize("name", ["workers.sock", "live.sock", "others.sock"])
def test_a_socket_takes_the_place_of_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a photo")
    path = tmp_path / "workers.sock"

    with pytest.raises(ConfigError) as refusal:
        prepare({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_SOCKET": str(path)})

    why = f"{tmp_path / name} is there already, and is no socket"
    assert str(refusal.value) == f"PORTEIRO_SOCKET={str(path)!r}: {why}"
    assert (tmp_path / name).read_bytes() == b"a photo"


def test_a_socket_of_an_earlier_start_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "porteiro.sock"
    with closing(socket.socket(socket.AF_UNIX)) as earlier:
        earlier.bind(str(path))

    prepare({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_SOCKET": str(path)})


def test_a_sockets_folder_is_named_where_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"there is no folder {tmp_path}/none$"):
        prepare({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_SOCKET": f"{tmp_path}/none/a.sock"})

    prepare({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_SOCKET": f"{tmp_path}/data/run/a.sock"})


@pytest.mark.parametrize("data", ["/dev/null", "/proc/nowhere"])
def test_a_folder_that_cannot_be_made_is_named_with_its_setting(data: str) -> None:
    with pytest.raises(ConfigError, match=f"^PORTEIRO_DATA='{data}': "):
        prepare({"PORTEIRO_DATA": data, **LocalPorts().settings})


def test_a_setting_that_cannot_be_used_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^PORTEIRO_HTTP='192\.0\.2\.1:80': "):
        prepare({"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_HTTP": "192.0.2.1:80"})

    assert list(tmp_path.iterdir()) == []


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything in a folder: when it was written, and how large it is."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in folder.rglob("*")
    }


def test_a_second_start_is_refused_by_the_servers_name_and_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings}
    prepare(settings)
    before = contents(tmp_path)
    monkeypatch.setattr("wsgi_app.front.start.server_of", lambda _: 4711)

    for more in ({}, LocalPorts().settings, {"PORTEIRO_SOCKET": str(tmp_path / "other.sock")}):
        with pytest.raises(ConfigError) as refusal:
            prepare({**settings, **more})
        assert str(refusal.value) == (
            f"PORTEIRO_DATA={str(tmp_path)!r}: a server runs there already (process 4711); stop that one "
            "first, or set another folder"
        )
    assert contents(tmp_path) == before


def test_who_starts_itself_anew_is_no_second_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings}
    prepare(settings)
    monkeypatch.setattr("wsgi_app.front.start.server_of", lambda _: os.getppid())

    prepare(settings)


def test_while_one_start_looks_no_other_finds_the_folder_free(tmp_path: Path) -> None:
    prepare({"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings})

    seen, own = os.pipe()
    if not (child := os.fork()):
        os.write(own, str(server_of(tmp_path)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(seen, 20).decode() == str(os.getpid())
    for number in (seen, own):
        os.close(number)


def test_a_socket_at_which_another_server_listens_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "porteiro.sock"
    settings = {"PORTEIRO_DATA": str(tmp_path / "data"), "PORTEIRO_SOCKET": str(path)}
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(ConfigError) as refusal:
            prepare(settings)
        assert str(refusal.value) == (
            f"PORTEIRO_SOCKET={str(path)!r}: a server listens at {path} already; stop that one first, or set "
            "another path"
        )
        assert list(tmp_path.iterdir()) == [path]

        monkeypatch.setattr(os, "getppid", os.getpid)  # one that starts itself anew has it open still
        prepare(settings)


def letter(data: Path) -> None:
    """Have a file that is no database."""
    (data / "porteiro.db").write_bytes(b"a letter to Ana, and not a database at all; " * 100)


def folder(data: Path) -> None:
    """Have a folder where the database is to be."""
    (data / "porteiro.db").mkdir()


def newer(data: Path) -> None:
    """Have a database of a newer release."""
    copy_new_database(data / "porteiro.db")
    with closing(sqlite3.connect(data / "porteiro.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def read_only(data: Path) -> None:
    """Have a database that nobody may write to."""
    copy_new_database(data / "porteiro.db")
    (data / "porteiro.db").chmod(0o444)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (letter, "porteiro.db is no database"),
        (folder, "porteiro.db is no file"),
        (newer, "schema 9999 is newer than this release's"),
        (read_only, "porteiro.db may not be written to"),
    ],
)
def test_a_database_that_cannot_be_served_is_refused_and_left_alone(
    tmp_path: Path, change: Callable[[Path], None], why: str
) -> None:
    change(tmp_path)
    before = contents(tmp_path)

    with pytest.raises(ConfigError, match=f"^PORTEIRO_DATA=.*{why}"):
        prepare({"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings})

    assert contents(tmp_path) == before


def test_models_that_cannot_be_used_leave_no_trace(tmp_path: Path, pack_folder: Path) -> None:
    blind = tmp_path / "pack"
    shutil.copytree(pack_folder, blind)
    (blind / "detector.onnx").write_bytes(b"nothing")
    nose = tmp_path / "nose.onnx"
    nose.write_bytes(b"nothing")
    data = tmp_path / "data"
    for wrong in (
        {"PORTEIRO_PACK": "none"},
        {"PORTEIRO_PACK": str(blind)},
        {"PORTEIRO_NOSE_MODEL": str(nose)},
    ):
        with pytest.raises(PackError) as refusal:
            prepare({"PORTEIRO_DATA": str(data), **LocalPorts().settings, **wrong})
        assert refusal.value.setting.startswith(next(iter(wrong)))
        assert not data.exists()


def test_a_secret_that_others_can_read_leaves_no_trace(tmp_path: Path) -> None:
    secret = tmp_path / "doors.key"
    secret.write_bytes(os.urandom(32))
    secret.chmod(0o644)
    with pytest.raises(PorteiroError, match="PORTEIRO_SECRET_FILE"):
        prepare(
            {
                "PORTEIRO_DATA": str(tmp_path / "data"),
                "PORTEIRO_SECRET_FILE": str(secret),
                **LocalPorts().settings,
            }
        )

    assert not (tmp_path / "data").exists()
