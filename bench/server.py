"""What the server adds to the bare models: photos per second through it, and without it."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection as Pipe

from bench.errors import Failure
from bench.load import answers_per_second, photo_request
from bench.material import Material, furnished
from bench.pairs import Pair, Plan, in_turns
from bench.serving import PROCESSES, Installation, served
from wsgi_app.base.config import load_config
from wsgi_app.base.counters import ProcessCounters
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.steps import Steps
from wsgi_app.base.workers import keep_freed_memory
from wsgi_app.house.house import House, open_house
from wsgi_app.vision.match import Gallery
from wsgi_app.vision.verdicts import Verdict

READY = 0.0


def measure(material: Material, plan: Plan) -> Iterator[Pair]:
    """Photos per second of ``POST /`` through nginx and uWSGI, and of the pipeline alone."""
    requests = [photo_request("/porteiro/", "file", photo) for photo in material.photos]
    with furnished(material) as house, served(house) as address, bare(house, material.photos) as pipes:
        yield from in_turns(
            lambda: answers_per_second(address, requests, plan.seconds),
            lambda: bare_photos_per_second(pipes, plan.seconds),
            plan.rounds,
        )


@contextmanager
def bare(house: Installation, photos: tuple[bytes, ...]) -> Iterator[list[Pipe]]:
    """As many processes as the server has workers, each with the models and the same gallery."""
    spawn = multiprocessing.get_context("spawn")
    pairs = [spawn.Pipe() for _ in range(PROCESSES)]
    processes = [
        spawn.Process(target=judge_in_rounds, args=(theirs, house.environment, photos), daemon=True)
        for _, theirs in pairs
    ]
    for process in processes:
        process.start()
    for _, theirs in pairs:
        theirs.close()
    pipes = [ours for ours, _ in pairs]
    try:
        for pipe in pipes:
            _receive(pipe)
        yield pipes
    finally:
        for process in processes:
            process.terminate()
            process.join()


def bare_photos_per_second(pipes: list[Pipe], seconds: float) -> float:
    """Let all processes work at the same time; gives their photos per second together."""
    for pipe in pipes:
        pipe.send(seconds)
    return sum(_receive(pipe) for pipe in pipes)


def judge_in_rounds(pipe: Pipe, environment: dict[str, str], photos: tuple[bytes, ...]) -> None:
    """A process of its own: for each number of seconds that comes, judge photos and send how many a second.

    Raises:
        ValueError: a photo shows nobody who is known; the server would have answered it otherwise.
    """
    keep_freed_memory()
    house = open_house(load_config(environment), ProcessCounters())
    gallery = house.gallery.now().gallery
    pipe.send(READY)
    while True:
        seconds = pipe.recv()
        done, started = 0, time.perf_counter()
        while time.perf_counter() < started + seconds:
            photo = photos[done % len(photos)]
            verdict = judged(house, photo, gallery)
            if verdict.outcome is not Outcome.KNOWN:
                raise ValueError(f"Photo {done % len(photos)} is {verdict.outcome}.")
            done += 1
        pipe.send(done / (time.perf_counter() - started))


def judged(house: House, photo: bytes, gallery: Gallery) -> Verdict:
    """What the server does with a photo, without everything around it."""
    steps = Steps(time.perf_counter)
    return house.pipeline.judge(house.pipeline.decode(photo, steps), gallery, house.policy, steps)


def _receive(pipe: Pipe) -> float:
    try:
        return float(pipe.recv())
    except EOFError as error:
        raise Failure("A process with the bare pipeline ended early; it says why above.") from error
