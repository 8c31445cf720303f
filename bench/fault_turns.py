"""Which faults there are, which are drawn next, and having them happen."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.errors import Failure
from bench.fault_kinds import (
    Site,
    back_up,
    fill_disk,
    forbid_writing,
    kill_master,
    kill_mule,
    kill_worker,
    lock_database,
    renew_workers,
    send_slowly,
    stop_worker,
)


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
