"""The semaphores of uWSGI's locks: for one user alone, and none is left behind."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wsgi_app.base import semaphores
from wsgi_app.base.semaphores import TABLE, are_there, keep_own, refuse_none, remove_left

pytestmark = pytest.mark.skipif(not TABLE.exists(), reason=f"the system has no {TABLE}")

LIBC = ctypes.CDLL(None, use_errno=True)
IPC_RMID, GETVAL, SETVAL = 0, 12, 16

# Takes a semaphore, or waits for it, until its end; says so before.
TAKER = """
import ctypes, struct, sys
print("here", flush=True)
take = struct.pack("Hhh", 0, -1, 0x1000)  # SEM_UNDO
ctypes.CDLL(None).semop(int(sys.argv[1]), take, 1)
print("taken", flush=True)
sys.stdin.read()
"""


def made(mode: int = 0o666) -> int:
    """A new semaphore as uWSGI makes them, by this process."""
    number = int(LIBC.semget(0, 1, mode))
    assert LIBC.semctl(number, 0, SETVAL, 1) == 0
    return number


@pytest.fixture
def two() -> Iterator[list[int]]:
    """Two of them; they are removed if they are still there."""
    numbers = [made(), made()]
    yield numbers
    for number in numbers:
        LIBC.semctl(number, 0, IPC_RMID)


@contextmanager
def taker(number: int) -> Iterator[subprocess.Popen[str]]:
    """A process that has a semaphore, or waits for it."""
    command = [sys.executable, "-c", TAKER, str(number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        yield process
        process.kill()


def modes() -> dict[int, str]:
    """The mode of each semaphore by its id."""
    return {int(row.split()[1]): row.split()[2] for row in TABLE.read_text().splitlines()[1:]}


def test_own_ones_are_kept_for_this_user_and_written_down(two: list[int], tmp_path: Path) -> None:
    keep_own(tmp_path / "semaphores")

    assert [modes()[number] for number in two] == ["600", "600"]
    written = [line.split()[0] for line in (tmp_path / "semaphores").read_text().splitlines()]
    assert sorted(written) == sorted(map(str, two))
    assert are_there(tmp_path / "semaphores")


def test_those_of_others_stay_as_they_are(two: list[int], tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from wsgi_app.base.semaphores import *; "
        "keep_own(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "semaphores")], check=True)

    assert [modes()[number] for number in two] == ["666", "666"]
    assert (tmp_path / "semaphores").read_text() == ""


def test_what_somebody_took_before_is_free_again(two: list[int], tmp_path: Path) -> None:
    with taker(two[0]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        LIBC.semctl(two[0], 0, SETVAL, 0)  # has this process as its last one, as uWSGI's start has

        keep_own(tmp_path / "semaphores")

        assert LIBC.semctl(two[0], 0, GETVAL) == 1
    assert LIBC.semctl(two[0], 0, GETVAL) == 1


def test_those_that_a_killed_server_left_are_removed_and_no_others(two: list[int], tmp_path: Path) -> None:
    file, other = tmp_path / "semaphores", made(0o600)
    keep_own(file)
    remove_left(file)

    there = modes()
    LIBC.semctl(other, 0, IPC_RMID)
    assert [number in there for number in (*two, other)] == [False, False, True]
    assert not file.exists()
    remove_left(file)


def test_an_id_that_is_another_ones_by_now_is_left_alone(two: list[int], tmp_path: Path) -> None:
    file = tmp_path / "semaphores"
    keep_own(file)
    file.write_text("".join(f"{number} 1700000000\n" for number in two))

    assert not are_there(file)
    remove_left(file)

    assert dict.fromkeys(two, "600").items() <= modes().items()


@pytest.mark.parametrize("written", ["", "12", "12 13 14\n", "a b\n", "\x00\x00", "é 1\n"])
def test_of_half_a_file_nothing_is_removed(two: list[int], tmp_path: Path, written: str) -> None:
    file = tmp_path / "semaphores"
    file.write_text(written)

    remove_left(file)

    assert set(two) <= set(modes())


def test_one_that_was_removed_is_missed(two: list[int], tmp_path: Path) -> None:
    keep_own(tmp_path / "semaphores")
    LIBC.semctl(two[0], 0, IPC_RMID)

    assert not are_there(tmp_path / "semaphores")


def test_where_the_system_does_not_show_them_all_goes_on(
    two: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semaphores, "TABLE", tmp_path / "none")
    file = tmp_path / "semaphores"

    keep_own(file)

    assert are_there(file)
    remove_left(file)
    assert [modes()[number] for number in two] == ["666", "666"]


def test_on_a_full_disk_they_are_kept_all_the_same(two: list[int]) -> None:
    keep_own(Path("/dev/full"))

    assert [modes()[number] for number in two] == ["600", "600"]


def test_to_look_whether_there_are_any_leaves_none() -> None:
    before = set(modes())
    refuse_none()
    assert [number for number in set(modes()) - before if LIBC.semctl(number, 0, 11) == os.getpid()] == []
