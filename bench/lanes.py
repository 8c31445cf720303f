"""``python -m bench.lanes``: how long a press takes while 24 others upload the worst that is let through."""

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from statistics import median
from threading import Thread

import click

from bench.errors import Failure, Missing
from bench.heavy import heavy_pictures
from bench.load import Address, Connection, form_request, photo_request, seconds_to_answer
from bench.material import find_material, furnished
from bench.pairs import Pair, Summary, Target, in_turns
from bench.processor import watch_others
from bench.serving import served, served_locally
from wsgi_app.vision.packs import CATALOGUE

TARGET = Target.at_most(2.0)
UPLOADS = 24  # at once, from three addresses: each may have eight questions answered at once
OF_ONE = 8
BYTES_PER_S = 125_000_000 / UPLOADS  # of each: together they fill a gigabit network
EVERY_S = 0.2  # a press
SETTLE_S = 1.0  # of presses that do not count after the others came or went
MILLISECONDS = 1000
PATHS = (
    ("/porteiro/compare", ("a", "b")),
    ("/porteiro/faces", ("image",)),
    ("/porteiro/image-bin", ("image",)),
)
FRONTS = {"nginx": served, "local run": served_locally}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Ratios to take.")
@click.option("--seconds", default=2.0, show_default=True, type=click.FloatRange(1.0), help="Of each turn.")
def main(rounds: int, seconds: float) -> None:
    """Measure the time of a press under fire, divided by that in quiet, behind nginx and in the local run.

    Each round is fire, quiet, quiet, fire; a turn gives the median of a press each 0.2 s.
    """
    try:
        material = find_material(CATALOGUE.parent)
        requests = [photo_request("/porteiro/", "file", photo) for photo in material.photos]
        attacks = heavy_requests()
        print(f"{os.cpu_count()} cores, load average before the start {os.getloadavg()[0]:.2f}", flush=True)
        for name, front in FRONTS.items():
            watch = watch_others()
            with furnished(material) as house, front(house) as address:
                pairs = list(measured(address, requests, attacks, rounds, seconds))
            summary = Summary.of(pairs)
            fire, quiet = (median(times) for times in zip(*((p.first, p.second) for p in pairs), strict=True))
            met = "met" if TARGET.is_met(summary.middle) else "MISSED"
            print(f"{name:10} {fire:.1f} ms / {quiet:.1f} ms = {summary}, target {TARGET}: {met}")
            print(f"           other programs took {watch():.0%} of the processor", flush=True)
    except (Missing, Failure) as error:
        raise click.ClickException(str(error)) from error


def measured(
    address: Address, requests: list[bytes], attacks: list[bytes], rounds: int, seconds: float
) -> Iterator[Pair]:
    """Milliseconds of a press while others upload, and while none does."""
    with closing(Connection(address)) as connection:

        def press() -> float:
            return typical_ms(connection, requests, seconds)

        def press_under_fire() -> float:
            with under_fire(address, attacks):
                return press()

        yield from in_turns(press_under_fire, press, rounds)


def typical_ms(connection: Connection, requests: list[bytes], seconds: float) -> float:
    """The median time of presses at a steady pace."""
    took: list[float] = []
    began = time.perf_counter()
    for number in range(round((SETTLE_S + seconds) / EVERY_S)):
        time.sleep(max(0.0, began + number * EVERY_S - time.perf_counter()))
        took.append(seconds_to_answer(connection, requests[number % len(requests)]))
    return median(took[round(SETTLE_S / EVERY_S) :]) * MILLISECONDS


def heavy_requests() -> list[bytes]:
    """A whole request for each address that takes pictures, and each format."""
    return [
        form_request(path, dict.fromkeys(fields, picture))
        for picture in heavy_pictures().values()
        for path, fields in PATHS
    ]


@contextmanager
def under_fire(address: Address, attacks: list[bytes]) -> Iterator[None]:
    """So many clients upload, each again as soon as it is answered, in a process of their own."""
    spawn = multiprocessing.get_context("fork")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=attack, args=(address, attacks, theirs), daemon=True)
    process.start()
    try:
        yield
    finally:
        ours.send(None)
        answered: Counter[int] = ours.recv()
        process.terminate()
        process.join()
        print(f"           answers to the {UPLOADS}: {dict(sorted(answered.items()))}", flush=True)


def attack(address: Address, attacks: list[bytes], told: "multiprocessing.connection.Connection") -> None:
    """Upload until told to stop; sends how often each status came."""
    answered = Counter[int]()
    for number in range(UPLOADS):
        source = f"127.0.0.{2 + number // OF_ONE}"
        own = [*islice(attacks, number % len(attacks), None), *attacks[: number % len(attacks)]]
        Thread(target=upload, args=(address, source, own, answered), daemon=True).start()
    told.recv()
    told.send(answered)
    told.recv()


def upload(address: Address, source: str, attacks: list[bytes], answered: Counter[int]) -> None:
    """One of them, for ever, as fast as its share of the network takes it."""
    while True:
        for request in attacks:
            end = time.monotonic() + len(request) / BYTES_PER_S
            with suppress(OSError, Failure), closing(Connection(address, source)) as connection:
                answered[connection.ask(request).status] += 1
            time.sleep(max(0.0, end - time.monotonic()))


if __name__ == "__main__":
    main()
