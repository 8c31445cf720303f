"""What happens before uWSGI does anything."""

import socket
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers import LocalPorts
from wsgi_app.base.errors import ConfigError
from wsgi_app.front.start import prepare


def test_the_folders_that_uwsgi_writes_to_are_made(tmp_path: Path) -> None:
    prepare({"PORTEIRO_DATA": str(tmp_path / "a" / "b"), **LocalPorts().settings})

    run = tmp_path / "a" / "b" / "run"
    assert sorted(path.name for path in run.parent.iterdir()) == ["keys", "log", "run"]
    assert sorted(path.name for path in run.iterdir()) == ["environment", "reload"]
    assert (run / "environment").readlink() == Path(sys.prefix)


def test_a_second_start_finds_what_the_first_one_made(tmp_path: Path) -> None:
    settings = {"PORTEIRO_DATA": str(tmp_path), **LocalPorts().settings}
    prepare(settings)
    (tmp_path / "run" / "environment").unlink()
    (tmp_path / "run" / "environment").symlink_to("/no/such/folder")
    prepare(settings)

    assert (tmp_path / "run" / "environment").readlink() == Path(sys.prefix)


def test_behind_nginx_the_ports_of_the_local_run_do_not_count(tmp_path: Path) -> None:
    prepare(
        {
            "PORTEIRO_DATA": str(tmp_path / "data"),
            "PORTEIRO_HTTP": "192.0.2.1:80",
            "PORTEIRO_SOCKET": str(tmp_path / "porteiro.sock"),
        }
    )


@pytest.mark.parametrize("name", ["workers.sock", "live.sock"])
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
