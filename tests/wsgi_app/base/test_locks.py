"""The lock on the data folder: who has it, and that it goes with whoever had it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wsgi_app.base.locks import lock_file, server_of, take_lock

HOLDER = """
import sys
from pathlib import Path
from wsgi_app.base.locks import take_lock
print(take_lock(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder that was served once."""
    lock_file(tmp_path).parent.mkdir()
    lock_file(tmp_path).touch()
    return tmp_path


@contextmanager
def holder(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that has the lock, or was told that it has not."""
    command = [sys.executable, "-c", HOLDER, str(data)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_folder_that_was_never_served_has_no_server(tmp_path: Path) -> None:
    assert server_of(tmp_path) is None
    assert take_lock(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_process_that_has_the_lock_is_named_and_nobody_else_gets_it(data: Path) -> None:
    with holder(data) as process:
        assert (server_of(data), take_lock(data)) == (process.pid, False)


def test_by_another_path_it_is_the_same_folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("links") / "house"
    link.symlink_to(data)
    with holder(data) as process:
        assert server_of(link) == process.pid


def test_whoever_is_killed_has_it_no_more(data: Path) -> None:
    with holder(data) as process:
        process.kill()
        process.wait()
        assert server_of(data) is None
    with holder(data):  # another may have it then
        pass


def test_a_child_does_not_have_it(data: Path) -> None:
    with holder(data) as process:
        child = os.fork()
        if not child:  # opens and closes the file, as commands do
            server_of(data)
            os._exit(0)
        os.waitpid(child, 0)
        assert server_of(data) == process.pid
