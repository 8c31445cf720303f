"""Backups of a house that is used meanwhile, and what is left of one that is killed."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.backups import enrolled as enrolled_face
from tests.backups import opened, visited
from tests.houses import copy_new_database, stores_of, without_settings
from tests.servers import REPOSITORY, LiveServer, LocalPorts, enrolled, post_photo, uwsgi
from wsgi_app.stores.backups.folder import UNFINISHED, backups_in
from wsgi_app.stores.tombstones import FILE

pytestmark = pytest.mark.live

PROGRAM = Path(sys.executable).with_name("porteiro")
PATIENCE_S = 120
Photo = Callable[[str], bytes]


def environ(data: Path, **settings: str) -> dict[str, str]:
    return {**without_settings(os.environ), "PORTEIRO_DATA": str(data), **settings}


def porteiro(data: Path, *words: str | Path) -> str:
    done = subprocess.run(
        [PROGRAM, *words], env=environ(data), capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_press_that_was_answered_before_a_backup_is_in_it_and_served_again(
    tmp_path: Path, pack_folder: Path, photo: Photo
) -> None:
    data, disk, house, ports = tmp_path / "data", tmp_path / "disk", tmp_path / "house", LocalPorts()
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "1", "PORTEIRO_TRIES": "0"}
    with uwsgi(data, {**settings, **ports.settings}):
        server = LiveServer(ports.http)
        ana = enrolled(server, "Ana", photo("ana-1"))
        answered = answered_before_each(2, server, photo("nobody-1"), lambda: porteiro(data, "backup", disk))
        assert server.ask("DELETE", f"/people/{ana}").status == 204
        wait_until(lambda: ana in (disk / FILE).read_text())  # the live feed's process keeps it

    for path, visits in zip(reversed(backups_in(disk)), answered, strict=True):
        names = {Path(name).name for name in opened(path).files}
        assert {f"{visit}.jpg" for visit in visits} <= names
    said = porteiro(house, "restore", disk)
    assert "Forgotten or shut out since, and so again: 1 person" in said
    with uwsgi(house, {**settings, **ports.settings, "PORTEIRO_BACKUP": str(tmp_path / "nightly")}):
        server = LiveServer(ports.http)
        for visit in answered[-1]:
            assert server.ask("GET", f"/visits/{visit}/photo").body == photo("nobody-1")
        assert server.ask("GET", "/people").json["people"] == []
        assert post_photo(server, "/", photo("nobody-1")).status == 404


def answered_before_each(
    times: int, server: LiveServer, jpeg: bytes, act: Callable[[], object]
) -> list[list[str]]:
    """Do something so many times while a door presses; the visits that were answered before each time."""
    answered: list[str] = []
    before: list[list[str]] = []
    ends = threading.Event()

    def press() -> None:
        while not ends.is_set():
            answered.append(post_photo(server, "/", jpeg).json["visit"])

    with ThreadPoolExecutor(1) as pool:
        door = pool.submit(press)
        try:
            for number in range(1, times + 1):
                wait_until(lambda: door.done() or len(answered) >= 10 * number)  # noqa: B023
                before.append(answered[:])
                act()
        finally:
            ends.set()
        door.result()
    return before


def wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE_S * 10):
        if is_so():
            return
        pause.wait(0.1)
    raise AssertionError("it never was")


def test_one_that_is_killed_leaves_none_that_looks_whole(tmp_path: Path) -> None:
    data, disk = tmp_path / "data", tmp_path / "disk"
    copy_new_database(data / "porteiro.db")
    with stores_of(environ(data)) as stores:
        enrolled_face(stores, "Ana")
        for _ in range(150):
            visited(stores, os.urandom(20_000))

    for files in (0, 1, 40, 250):
        process = subprocess.Popen([PROGRAM, "backup", disk], env=environ(data), stderr=subprocess.DEVNULL)
        wait_until(lambda: process.poll() is not None or len(unfinished(disk)) > files)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)
        for path in backups_in(disk):
            opened(path)

    porteiro(data, "backup", disk, "--keep", "1")

    (path,) = backups_in(disk)
    assert len(opened(path).files) == 1 + 1 + 2 * 150
    assert not list(disk.glob(f"{UNFINISHED}*"))


def unfinished(disk: Path) -> list[Path]:
    return [path for folder in disk.glob(f"{UNFINISHED}*") for path in folder.rglob("*") if path.is_file()]


def test_the_line_of_the_server_s_own_clock_makes_one(tmp_path: Path) -> None:
    data, disk = tmp_path / "data", tmp_path / "disk"
    copy_new_database(data / "porteiro.db")
    with stores_of(environ(data)) as stores:
        visited(stores, os.urandom(20_000))
    shipped = (REPOSITORY / "uwsgi.ini").read_text(encoding="utf-8")
    (line,) = re.findall(r"if-env = PORTEIRO_BACKUP\ncron2 = minute=-10,unique=1 (.*)\nendif =", shipped)
    served = {"SERVED_FROM": f"{REPOSITORY}/", "SERVED_BY": sys.executable, "PORTEIRO_BACKUP": str(disk)}

    for _ in range(2):
        subprocess.run(["/bin/sh", "-c", line], env=environ(data, **served), timeout=PATIENCE_S, check=True)

    assert len(backups_in(disk)) == 1
