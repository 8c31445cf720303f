import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError

from tests.houses import without_settings
from tests.servers import LocalPorts, OutputWatcher
from tests.watchers import watching
from wsgi_app.base.errors import ConfigError
from wsgi_app.base.limits import FeedLimits
from wsgi_app.live import mule
from wsgi_app.live.mule import allow_files, main
from wsgi_app.stores.stores import Waker

STOP_S = 20


@pytest.fixture
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of an open house on free ports."""
    return {
        "PORTEIRO_DATA": str(tmp_path_factory.mktemp("mule")),
        **LocalPorts().settings,
        "PORTEIRO_OPEN": "1",
    }


@contextmanager
def running(environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], OutputWatcher]]:
    """The file as uWSGI runs it, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, str(mule.__file__)],
        env=without_settings(os.environ) | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, OutputWatcher(process)
    finally:
        process.kill()
        process.wait(STOP_S)


def test_it_loads_nothing_that_looks_at_photos_writes_pages_or_asks_others() -> None:
    code = "import sys, wsgi_app.live.mule; print(*sys.modules)"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert {"websockets", "sqlalchemy", "wsgi_app.stores.stores"} <= loaded
    assert loaded & {"cv2", "onnxruntime", "jinja2", "PIL", "requests"} == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_says_so_to_its_browsers_and_ends(environ: dict[str, str], number: int) -> None:
    with running(environ) as (process, output):
        output.wait_for(lambda line: "live feed is served" in line)
        with watching(f"ws://{environ['PORTEIRO_LIVE']}/porteiro/live") as watcher:
            watcher.frame("you")
            process.send_signal(number)
            with pytest.raises(ConnectionClosedError) as closed:
                watcher.frame("never")

        assert process.wait(STOP_S) == 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"PORTEIRO_THRESHOLD": "high"}, "PORTEIRO_THRESHOLD="),
        ({"PORTEIRO_HTTP": "127.0.0.1:65535", "PORTEIRO_LIVE": ""}, "PORTEIRO_LIVE is set but empty"),
    ],
)
def test_with_a_bad_setting_it_says_so_in_one_line(
    environ: dict[str, str], settings: dict[str, str], reason: str
) -> None:
    with running(environ | settings) as (_, output):
        line = output.wait_for(lambda _: True)

        assert "live feed cannot be served" in line
        assert reason in line
        assert output.lines == [line]


def test_where_another_has_the_port_it_cannot_be_served(environ: dict[str, str]) -> None:
    host, port = environ["PORTEIRO_LIVE"].split(":")
    with (
        closing(socket.create_server((host, int(port)))),
        pytest.raises(OSError, match="address already in use"),
    ):
        main(environ)


def test_ended_while_it_waits_to_be_started_anew_it_says_no_more(environ: dict[str, str]) -> None:
    host, port = environ["PORTEIRO_LIVE"].split(":")
    with closing(socket.create_server((host, int(port)))), running(environ) as (process, output):
        line = output.wait_for(lambda line: "live feed cannot be served" in line)
        process.send_signal(signal.SIGINT)

        assert process.wait(STOP_S) == 0
        assert output.lines[-1] == line


def test_with_a_setting_that_nobody_knows_it_cannot_be_served(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="PORTEIRO_LIVES is not a setting"):
        main({**environ, "PORTEIRO_LIVES": "1"})


def test_what_an_earlier_one_left_is_no_hindrance(tmp_path: Path, environ: dict[str, str]) -> None:
    wake = Path(environ["PORTEIRO_DATA"]) / "run" / "wake.sock"
    wake.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as earlier:
        earlier.bind(str(wake))

    with running(environ) as (_, output):
        assert "live feed is served" in output.wait_for(lambda _: True)
        Waker(wake)()


def test_it_may_open_a_file_for_each_socket() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        allow_files(FeedLimits(sockets=100))
        first = resource.getrlimit(resource.RLIMIT_NOFILE)
        allow_files(FeedLimits(sockets=50))
        second = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)

    assert (first, second) == ((1100, before[1]), (1100, before[1]))
