"""Settings and paths as people have them: odd ones work or are refused by name, and none is run."""

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.houses import without_settings
from tests.servers import REPOSITORY, LiveServer, LocalPorts, post_photo, uwsgi
from wsgi_app.base.config import SETTINGS

pytestmark = pytest.mark.live

# A shell, uWSGI's own files and lists, and Unix sockets of 107 bytes would stumble over it.
ODD = 'it\'s "odd"; $(touch ran) `touch ran` @(exec_touch ran) 100% %k %d a=b # $HOME & 家 é *[a]'
LONG = "n" * 120


@pytest.fixture
def odd_checkout(tmp_path: Path) -> Path:
    """A checkout in an odd folder, but for its files the same."""
    checkout = tmp_path / ODD / LONG
    checkout.mkdir(parents=True)
    for name in ("wsgi_app", "templates"):
        (checkout / name).symlink_to(REPOSITORY / name)
    (checkout / ".venv").symlink_to(Path(sys.prefix))
    (checkout / "uwsgi.ini").write_bytes((REPOSITORY / "uwsgi.ini").read_bytes())
    return checkout


def test_a_checkout_and_a_data_folder_of_any_name_serve_in_the_local_run(
    odd_checkout: Path, pack_folder: Path, tmp_path: Path
) -> None:
    ports, data = LocalPorts(), odd_checkout / "da ta"
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "1", **ports.settings}
    with uwsgi(data, settings, odd_checkout) as running:
        ready = f"Porteiro is ready: open http://127.0.0.1:{ports.http}/porteiro/\n"
        running.output.wait_for(lambda line: line == ready)
        server = LiveServer(ports.http)
        assert post_photo(server, "/", (REPOSITORY / "tests/photos/nobody-1.jpg").read_bytes()).status == 404
        assert server.ask("GET", "/static/porteiro.css").status == 200

    assert "is not woken" not in "".join(running.output.lines)
    assert {path.name for path in data.iterdir()} >= {"log", "porteiro.db", "run"}
    assert list(tmp_path.rglob("ran")) == []


def start(tmp_path: Path, **settings: str) -> tuple[int, str]:
    """How a start ends that is refused: its status, and what it says."""
    environ = {"PORTEIRO_DATA": str(tmp_path / "data"), **LocalPorts().settings, **settings}
    ended = subprocess.run(
        [Path(sys.executable).with_name("uwsgi"), "--ini", str(REPOSITORY / "uwsgi.ini")],
        cwd=tmp_path,
        env={**without_settings(os.environ), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("PORTEIRO_HTTP", "::1:8765", "brackets"),
        ("PORTEIRO_HTTP", "http://127.0.0.1:8765", "without http://"),
        ("PORTEIRO_HTTP", "no-such-host.invalid:8765", "this machine knows no host no-such-host.invalid"),
        ("PORTEIRO_HTTP", "127.0.0.1:0", "HOST:PORT"),
        ("PORTEIRO_HTTP", "192.0.2.1:8765", "this machine has no such address"),
        ("PORTEIRO_PREFIX", "/..", "plain path"),
        ("PORTEIRO_PREFIX", "/static", "must not be /static"),
        ("PORTEIRO_SOCKET", f"/{LONG}/porteiro.sock", "at most 107 bytes, and this one 135"),
        ("PORTEIRO_DATA", "house", "must be a path from / on"),
        # What uWSGI would end at, or turn in for ever, before anybody else reads it.
        ("PORTEIRO_DATA", "/srv/%(data)", "must not have %( in it"),
        ("PORTEIRO_DATA", "/srv/\n/%(chdir)\n", "must not have %( in it"),
        ("PORTEIRO_SOCKET", "/srv/%(socket)", "must not have %( in it"),
        ("PORTEIRO_HTTP", "%(address)", "HOST:PORT"),
        ("PORTEIRO_PREFIX", "/%(mount)", "plain path"),
        ("PORTEIRO_PROCESSES", "%(count)", "whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "-1", "whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "2147483648", "whole number from 1 to 64"),
        ("PORTEIRO_PROCESSES", "two", "whole number from 1 to 64"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_before_anything_starts(
    tmp_path: Path, key: str, value: str, why: str
) -> None:
    status, output = start(tmp_path, **{key: value})

    (said,) = [line for line in output.splitlines() if line.startswith("porteiro: ")]
    assert status != 0
    assert said.startswith(f"porteiro: {key}={value!r}: ")
    assert why in said
    assert "spawned uWSGI" not in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["", " ", "\t"])
@pytest.mark.parametrize("key", sorted(setting.key for setting in SETTINGS if not setting.opens))
def test_what_is_set_but_empty_is_named(tmp_path: Path, key: str, value: str) -> None:
    status, output = start(tmp_path, **{key: value})

    assert status != 0
    assert f"porteiro: {key} is set but empty; give it a value or remove it\n" in output
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_another_program_has_is_named(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        taken = [start(tmp_path, **{key: address})[1] for key in ("PORTEIRO_HTTP", "PORTEIRO_LIVE")]

    for key, output in zip(("PORTEIRO_HTTP", "PORTEIRO_LIVE"), taken, strict=True):
        assert f"porteiro: {key}={address!r}: another program listens there already" in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["$(touch ran)", "`touch ran`", "@(exec://touch ran)", "; touch ran;"])
def test_no_setting_is_run(tmp_path: Path, text: str) -> None:
    every = {setting.key: f"/{text}" for setting in SETTINGS}
    local = {key: value for key, value in every.items() if key != "PORTEIRO_SOCKET"}

    outputs = [start(tmp_path, **settings)[1] for settings in (every, local)]

    assert all("porteiro: PORTEIRO_" in output for output in outputs)
    assert list(tmp_path.rglob("ran")) == []
