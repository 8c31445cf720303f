"""``python -m wsgi_app.lab``, as a person starts and ends it."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.houses import without_settings
from tests.servers import LiveServer, OutputWatcher, free_port

PATIENCE_S = 30


@contextmanager
def started(listen: str, settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The program; ended by force where a test did not end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wsgi_app.lab", "--listen", listen],
        env=without_settings(os.environ) | {"PYTHONUNBUFFERED": "1"} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def refused(listen: str, settings: dict[str, str]) -> tuple[int, str]:
    """The exit status and what is said, of a start that fails."""
    with started(listen, settings) as process:
        said, _ = process.communicate(timeout=PATIENCE_S)
        return process.returncode, said


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_it_serves_the_lab_with_one_line_for_each_request_until_ctrl_c(tmp_path: Path, host: str) -> None:
    port = free_port()
    address = f"{host}:{port}"
    with started(address, {"PORTEIRO_DATA": str(tmp_path)}) as process:
        output = OutputWatcher(process)
        output.wait_for(lambda line: line == f"Porteiro's lab is ready: open http://{address}/\n")
        with closing(socket.create_connection((host.strip("[]"), port))) as connection:
            connection.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        output.wait_for(lambda line: " endpoint=hello.hello " in line)
        process.send_signal(signal.SIGINT)

        assert process.wait(PATIENCE_S) == 0
        assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\nHello, world!\n")
        assert len(output.lines) == 2


def test_a_star_is_every_address_of_this_machine(tmp_path: Path) -> None:
    port = free_port()
    address = f"*:{port}"
    with started(address, {"PORTEIRO_DATA": str(tmp_path), "PORTEIRO_LAB": "1"}) as process:
        output = OutputWatcher(process)
        output.wait_for(lambda line: line == f"Porteiro's lab is ready: open http://127.0.0.1:{port}/\n")
        with closing(socket.create_connection(("127.0.0.1", port))) as connection:
            connection.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert answer.endswith(b"\r\n\r\nHello, world!\n")


def test_whoever_says_nothing_keeps_nobody_waiting(tmp_path: Path) -> None:
    port = free_port()
    with started(f"127.0.0.1:{port}", {"PORTEIRO_DATA": str(tmp_path)}) as process:
        OutputWatcher(process).wait_for(lambda line: "is ready" in line)

        with closing(socket.create_connection(("127.0.0.1", port))):
            answer = LiveServer(port, "", headers={}).ask("GET", "/good")

        assert answer.status == 200


def test_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"

        assert refused(taken, {"PORTEIRO_DATA": str(tmp_path)}) == (
            1,
            f"porteiro: cannot listen on {taken}: Address already in use\n",
        )


@pytest.mark.parametrize("settings", [{}, {"PORTEIRO_LAB": "0"}])
def test_other_machines_see_it_only_where_it_is_turned_on(tmp_path: Path, settings: dict[str, str]) -> None:
    assert refused(f"0.0.0.0:{free_port()}", {"PORTEIRO_DATA": str(tmp_path / "data"), **settings}) == (
        1,
        "porteiro: the lab is off here; the setting PORTEIRO_LAB=1 turns it on\n",
    )
    assert not (tmp_path / "data").exists()


def test_it_tells_which_setting_is_wrong() -> None:
    assert refused("127.0.0.1:8770", {"PORTEIRO_MARGIN": "2"}) == (
        1,
        "porteiro: PORTEIRO_MARGIN='2': must be a number from 0 to 1\n",
    )


@pytest.mark.parametrize("listen", ["127.0.0.1", "foo", ":8770", "127.0.0.1:0", "127.0.0.1:65536", ""])
def test_an_address_that_is_none_is_told_by_the_options_name(listen: str) -> None:
    status, said = refused(listen, {})

    sentence = "Invalid value for '--listen': must be HOST:PORT, such as 127.0.0.1:8765"
    assert (status, said.splitlines()[-1]) == (2, f"Error: {sentence}")
