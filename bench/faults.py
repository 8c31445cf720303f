"""``python -m bench.faults``: faults at random under a server, and whether it kept what doors were told."""

import random
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from bench.errors import Failure, Missing
from bench.fault_doors import Ledger, PressingDoor, guests_of, pressing
from bench.fault_house import FaultHouse, faulty_house
from bench.fault_kinds import Site
from bench.fault_pulse import LONGEST_SILENCE_S, Pulse
from bench.fault_turns import done_at_once, drawn
from bench.material import find_material
from bench.press import STOPPED, door_config
from bench.reckoning import Reckoning, reckoned
from wsgi_app.vision.packs import CATALOGUE

DOORS = 4
KNOWN = 5  # of those on the photos
DISK_MIB, DISK_MIB_A_MINUTE = 128, 40
QUIET_S = (0.5, 4.0)  # between two faults
SHOWN = 20  # of what is wrong


@dataclass
class Run:
    """What happened so far.

    Attributes:
        faults: how often each kind was done.
        failures: what the server did not do that a fault asked of it.
    """

    faults: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--minutes", default=5.0, show_default=True, type=click.FloatRange(0.1), help="How long.")
@click.option("--seed", default=1, show_default=True, type=int, help="Which faults, and who presses when.")
def main(minutes: float, seed: int) -> None:
    """Do faults to the shipped server at random while doors press, and see whether it keeps what it told.

    A fault is a process killed, stopped or renewed, a full disk, a database that is locked or read-only,
    slow clients, or a backup that is restored elsewhere. The exit status is 1 if a visit that a door was
    told of is lost, doubled or another one, if somebody was let in who is not known, if the server was
    silent for more than 2 s while its master lived, or if it did not come back.
    """
    try:
        material = find_material(CATALOGUE.parent)
        disk_mib = DISK_MIB + round(DISK_MIB_A_MINUTE * minutes)
        with faulty_house(material, KNOWN, disk_mib) as house:
            print(f"seed {seed}, {minutes:g} minutes, a disk of {disk_mib} MiB: {house.is_disk}", flush=True)
            ledger, pulse, run = (
                Ledger(),
                Pulse(house.address, house.fronts, lambda: house.children("worker")),
                Run(),
            )
            site = Site(house, pulse, ledger, random.Random(seed))
            doors = doors_of(house, ledger, seed)
            with ExitStack() as opened:
                opened.enter_context(pulse.taken())
                opened.enter_context(pressing(doors))
                do_faults(site, run, minutes * 60)
            found = at_the_end(site, run)
    except (Missing, Failure) as error:
        raise click.ClickException(str(error)) from error
    print(table(ledger, pulse, run, found))
    if run.failures or not found.is_well:
        sys.exit(1)


def do_faults(site: Site, run: Run, seconds: float) -> None:
    """One turn after the other, each told in a line, until the time is over or something is wrong."""
    began = time.monotonic()
    while (at := time.monotonic() - began) < seconds and not run.failures:
        faults = drawn(site.chance, has_disk=site.house.is_disk)
        run.faults.update(fault.name for fault in faults)
        try:
            told = done_at_once(faults, site)
            over = time.monotonic()
            site.house.wait_until_ready()
            ready_s = time.monotonic() - over
            site.house.wait_until_complete()
        except Failure as failure:
            run.failures.append(f"{' and '.join(fault.name for fault in faults)}: {failure}")
            return
        found = reckoned(site.house.data, site.ledger.acknowledged(), site.ledger.presses[:])
        if not found.is_well:
            run.failures.append(f"after {told}: {found}")
        if site.pulse.longest.own_s > LONGEST_SILENCE_S:
            run.failures.append(f"silent for {site.pulse.longest.own_s:.1f} s: {told}")
        print(
            f"{at / 60:5.1f} min  {told}: well again after {ready_s:.1f} s;"
            f" {found.kept} visits kept, {found.unkept} not",
            flush=True,
        )
        time.sleep(site.chance.uniform(*QUIET_S))


def at_the_end(site: Site, run: Run) -> Reckoning:
    """Stop the server, look through all that is kept by the shipped command, and reckon once more.

    What a killed worker left of a press that nobody was told of is repaired first.
    """
    site.house.stop()
    site.house.command("check", "--repair")
    done = site.house.command("check")
    if done.returncode:
        run.failures.append(f"porteiro check: {done.stdout}{done.stderr}")
    log = (site.house.data / "log" / "porteiro.log").read_text(errors="replace")
    if "Traceback" in log or " status=500 " in log:
        run.failures.append("the log has a fault of the program")
    return reckoned(site.house.data, site.ledger.acknowledged(), site.ledger.presses)


def doors_of(house: FaultHouse, ledger: Ledger, seed: int) -> list[PressingDoor]:
    """Doors with a token each, as the device has its settings.

    Raises:
        Failure: there is no token.
    """
    guests = guests_of(find_material(CATALOGUE.parent), KNOWN)
    settings = door_config(house.address, Path("unused")).server
    doors = []
    for number in range(DOORS):
        done = house.command("token", "add", f"door-{number}")
        if done.returncode:
            raise Failure(f"porteiro token add failed: {done.stderr}")
        chance = random.Random(f"{seed} {number}")
        doors.append(PressingDoor(settings, done.stdout.strip(), guests, ledger, chance))
    return doors


def table(ledger: Ledger, pulse: Pulse, run: Run, found: Reckoning) -> str:
    """All figures, and what is wrong."""
    rows: list[tuple[str, object]] = [
        ("presses sent", len(ledger.presses)),
        ("acknowledged", len(ledger.acknowledged())),
        ("  kept", found.kept),
        ("  not kept", found.unkept),
        *((f"not answered: {why}", count) for why, count in ledger.refused.most_common()),
        *((f"fault: {name}", count) for name, count in run.faults.most_common()),
        ("longest silence", f"{pulse.longest.own_s:.1f} s"),
        ("  besides, the processor was others'", f"{pulse.longest.starved_s:.1f} s"),
        ("lost", len(found.lost)),
        ("doubled", len(found.doubled)),
        ("wrong", len(found.wrong)),
        ("failures", len(run.failures)),
    ]
    wrong = [*run.failures, *found.lost, *found.doubled, *found.wrong][:SHOWN]
    return "\n".join(["", *(f"{name:<44} {value}" for name, value in rows), *wrong])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(STOPPED))  # an exit still ends what was started
    main()
