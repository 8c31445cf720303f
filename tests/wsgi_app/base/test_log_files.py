"""Logs as files: for their owner alone; when nginx's begins anew. A process stands for nginx."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wsgi_app.base.log_files import NginxLog, keep_private

MOST = 10
LARGE, SMALL = "x" * (MOST + 1), "x" * MOST
# Takes the name of nginx, opens the log and says so; when it is told to open it anew it ends.
WRITER = """
import ctypes, signal, sys
ctypes.CDLL(None).prctl(15, sys.argv[2].encode())
log = open(sys.argv[1], "a")
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready", flush=True)
signal.sigwait({signal.SIGUSR1})
"""


@contextmanager
def writing(folder: Path, name: str = "nginx") -> Iterator[subprocess.Popen[str]]:
    """Whoever writes the log in a folder, and stands in ``nginx.pid``."""
    command = [sys.executable, "-c", WRITER, str(folder / "access.log"), name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            (folder / "nginx.pid").write_text(f"{process.pid}\n")
            yield process
        finally:
            process.kill()


def files(folder: Path) -> dict[str, str]:
    """The logs in a folder."""
    return {path.name: path.read_text() for path in folder.glob("access*")}


def test_a_file_is_its_owners_alone_and_keeps_what_it_has(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("before")
    old.chmod(0o644)

    for path in (old, new):
        keep_private(path)

    assert (old.read_text(), new.read_text()) == ("before", "")
    assert {path.stat().st_mode & 0o777 for path in (old, new)} == {0o600}


def test_one_that_is_too_large_begins_anew_and_nginx_is_told(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LARGE)
    with writing(tmp_path) as nginx:
        NginxLog(tmp_path, MOST).look()
        assert nginx.wait(10) == 0

    assert files(tmp_path) == {"access.log": "", "access.log.1": LARGE}
    assert (tmp_path / "access.log").stat().st_mode & 0o777 == 0o600


def test_one_that_is_not_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(SMALL)
    with writing(tmp_path) as nginx:
        NginxLog(tmp_path, MOST).look()
        os.kill(nginx.pid, signal.SIGTERM)
        assert nginx.wait(10) == -signal.SIGTERM

    assert files(tmp_path) == {"access.log": SMALL}


def test_what_was_cut_off_amid_it_is_done_by_the_next_look(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LARGE)
    with writing(tmp_path) as nginx:
        (tmp_path / "access.log").rename(tmp_path / "access.log.1")
        NginxLog(tmp_path, MOST).look()
        assert nginx.wait(10) == 0

    assert files(tmp_path) == {"access.log": "", "access.log.1": LARGE}


@pytest.mark.parametrize("said", ["", "no number", "999999999", "0", "-1"])
def test_where_no_nginx_runs_nothing_happens(said: str, tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LARGE)
    (tmp_path / "nginx.pid").write_text(said)

    NginxLog(tmp_path, MOST).look()

    assert files(tmp_path) == {"access.log": LARGE}


def test_another_program_with_its_number_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LARGE)
    with writing(tmp_path, "other") as other:
        NginxLog(tmp_path, MOST).look()
        os.kill(other.pid, signal.SIGTERM)
        assert other.wait(10) == -signal.SIGTERM

    assert files(tmp_path) == {"access.log": LARGE}
