"""What is done to a server under load: each fault begins, lasts some seconds, and is over when it returns."""

import os
import random
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import Failure
from bench.fault_doors import Ledger
from bench.fault_house import MIB, FaultHouse, Pulse
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


@dataclass(frozen=True)
class Fault:
    """One kind.

    Attributes:
        name: in the table.
        do: has it happen; gives what is to be told of it.
        weight: how often, beside the others.
        is_alone: whether no other happens at the same time.
        of_storage: whether nothing can be written meanwhile.
        needs_storage: whether it needs that.
        needs_disk: whether the house needs a disk of its own.
    """

    name: str
    do: Callable[[Site], str]
    weight: int = 2
    is_alone: bool = False
    of_storage: bool = False
    needs_storage: bool = False
    needs_disk: bool = False


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
        left = house.children("")
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


FAULTS = (
    Fault("a worker killed", kill_worker, 4),
    Fault("the live feed killed", kill_mule, 1),
    Fault("the master killed", kill_master, is_alone=True),
    Fault("workers renewed", renew_workers),
    Fault("a full disk", fill_disk, 4, of_storage=True, needs_disk=True),
    Fault("a locked database", lock_database, 3, of_storage=True),
    Fault("a read-only database", forbid_writing, of_storage=True),
    Fault("a backup, restored", back_up, needs_storage=True),
    Fault("a worker stopped", stop_worker, 3),
    Fault("slow clients", send_slowly),
)


def drawn(chance: random.Random, *, has_disk: bool) -> list[Fault]:
    """The next faults: one, or two at the same time."""
    kinds = [fault for fault in FAULTS if has_disk or not fault.needs_disk]
    first, second = chance.choices(kinds, [fault.weight for fault in kinds], k=2)
    return [first, second] if _go_together(first, second) else [first]


def done_at_once(faults: list[Fault], site: Site) -> str:
    """Have faults happen at the same time; gives what is to be told of them.

    Raises:
        Failure: what a fault asks of the server did not happen.
    """
    told: dict[str, str] = {}
    failures: list[Failure] = []

    def do(fault: Fault, site: Site) -> None:
        try:
            told[fault.name] = fault.do(site)
        except Failure as failure:
            failures.append(failure)

    sites = [replace(site, chance=random.Random(site.chance.random())) for _ in faults]
    threads = [threading.Thread(target=do, args=pair) for pair in zip(faults, sites, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return ", ".join(" ".join((fault.name, told[fault.name])).strip() for fault in faults)


def _go_together(first: Fault, second: Fault) -> bool:
    both = (first, second)
    if first is second or any(fault.is_alone for fault in both):
        return False
    return not (any(fault.of_storage for fault in both) and any(fault.needs_storage for fault in both))


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
