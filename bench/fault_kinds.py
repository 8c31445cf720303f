"""What is done to a server under load: each begins, lasts some seconds, and is over when it returns."""

import os
import random
import shutil
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.errors import Failure
from bench.fault_doors import Ledger
from bench.fault_house import MIB, FaultHouse
from bench.fault_pulse import Pulse
from bench.reckoning import reckoned

GONE_S = 10.0  # in which nobody is left of a server whose master was killed
SLOW = 40  # clients
SLOW_SOURCE = "127.0.0.9"
DRIP_S = 0.2
HEAD = b"POST /porteiro/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"


@dataclass(frozen=True)
class Site:
    """Where faults happen.

    Attributes:
        house: the server.
        pulse: asks whether it is alive.
        ledger: what doors were told.
        chance: how long a fault lasts, and whom it hits.
    """

    house: FaultHouse
    pulse: Pulse
    ledger: Ledger
    chance: random.Random


def kill_worker(site: Site) -> str:
    """Kill one of the workers, and perhaps another one once that has come back."""
    times = site.chance.randint(1, 2)
    for _ in range(times):
        site.house.wait_until_complete()
        _signal_one(site, "worker", signal.SIGKILL)
        time.sleep(site.chance.uniform(0.1, 1.5))
    return "twice" if times > 1 else ""


def kill_mule(site: Site) -> str:
    """Kill the live feed's process."""
    _signal_one(site, "mule", signal.SIGKILL)
    time.sleep(site.chance.uniform(0.5, 2))
    return ""


def kill_master(site: Site) -> str:
    """Kill the master, and start the server anew, as whatever manages it does."""
    house = site.house
    with site.pulse.excused():
        left = house.children()
        os.kill(house.master, signal.SIGKILL)
        house.stop()
        end = time.monotonic() + GONE_S
        while any(Path(f"/proc/{process}").exists() for process in left):
            if time.monotonic() > end:
                raise Failure(f"Of {left} some are left {GONE_S:.0f} s after their master.")
            time.sleep(0.05)
        began = time.monotonic()
        house.start()
        house.wait_until_ready()
    return f"started anew in {time.monotonic() - began:.1f} s"


def renew_workers(site: Site) -> str:
    """Have all workers renewed, one after the other."""
    (site.house.data / "run" / "reload").touch()
    time.sleep(site.chance.uniform(3, 8))
    return ""


def fill_disk(site: Site) -> str:
    """Leave no room for a single byte."""
    seconds, filling = site.chance.uniform(1, 6), site.house.house.folder / "filling"
    try:
        with filling.open("wb", buffering=0) as file:
            for size in (MIB, 4096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))
        time.sleep(seconds)
    finally:
        filling.unlink()
    return f"{seconds:.1f} s"


def lock_database(site: Site) -> str:
    """Hold the lock that whoever writes needs."""
    seconds = site.chance.uniform(1, 6)
    with suppress(sqlite3.OperationalError), _database(site) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
    return f"{seconds:.1f} s"


def forbid_writing(site: Site) -> str:
    """Make the database's file read-only."""
    seconds, file = site.chance.uniform(1, 5), site.house.data / "porteiro.db"
    file.chmod(0o444)
    try:
        time.sleep(seconds)
    finally:
        file.chmod(0o600)
    return f"{seconds:.1f} s"


def back_up(site: Site) -> str:
    """Back the house up while it serves, restore that into an empty folder, and look whether all is there."""
    told = site.ledger.acknowledged()
    backups, restored = site.house.aside / "backups", site.house.aside / "restored"
    _run(site, "backup", str(backups), "--keep", "2")
    try:
        _run(site, "restore", str(backups), "--to", str(restored))
        done = site.house.command("check", data=restored)
        found = reckoned(restored, told, [])
        if done.returncode or not found.is_well:
            raise Failure(f"A restored backup is not as it was: {found} {done.stdout}{done.stderr}")
    finally:
        shutil.rmtree(restored, ignore_errors=True)
    return f"{found.kept} visits restored"


def stop_worker(site: Site) -> str:
    """Let one worker stand still, and then go on."""
    seconds = site.chance.uniform(1, 5)
    process = _signal_one(site, "worker", signal.SIGSTOP)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        if process:
            os.kill(process, signal.SIGCONT)
    return f"{seconds:.1f} s"


def send_slowly(site: Site) -> str:
    """Clients that send a photo byte by byte."""
    end = time.monotonic() + site.chance.uniform(3, 8)
    with ExitStack() as opened:
        clients = []
        for _ in range(SLOW):
            with suppress(OSError):
                client = socket.create_connection(site.house.address, 1.0, (SLOW_SOURCE, 0))
                clients.append(opened.enter_context(closing(client)))
                client.sendall(HEAD)
        while time.monotonic() < end:
            for client in clients:
                with suppress(OSError):
                    client.send(b"x")
            time.sleep(DRIP_S)
    return f"{len(clients)} of them"


@contextmanager
def _database(site: Site) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(site.house.data / "porteiro.db", isolation_level=None)) as connection:
        yield connection


def _signal_one(site: Site, kind: str, number: signal.Signals) -> int:
    """Send a signal to one process of a kind; gives its id, 0 where there is none just now."""
    processes = site.house.children(kind)
    if not processes:
        return 0
    process = site.chance.choice(processes)
    with suppress(ProcessLookupError):
        os.kill(process, number)
    return process


def _run(site: Site, *arguments: str) -> None:
    done = site.house.command(*arguments)
    if done.returncode:
        raise Failure(f"porteiro {arguments[0]} failed: {done.stdout}{done.stderr}")
