"""Against a tutorial's server: photos per second whose nose is found, through Porteiro and through Flask."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from bench.errors import Failure
from bench.load import Address, Connection, answers_per_second, photo_request
from bench.material import Material, furnished
from bench.pairs import Pair, Plan, in_turns
from bench.serving import REPOSITORY, Installation, free_address, running, served, wait_until
from wsgi_app.vision.packs import pack_in

MOST_APART = 0.05  # of the picture's side: the same nose, though one squeezes the picture into a square


def measure(material: Material, plan: Plan) -> Iterator[Pair]:
    """Photos per second of ``POST /image-bin`` through nginx and uWSGI, and of the Flask application."""
    ours = [photo_request("/porteiro/image-bin", "image", photo) for photo in material.photos]
    theirs = [photo_request("/image-bin", "image", photo) for photo in material.photos]
    pack = pack_in(material.pack)
    detector = pack.path_of(pack.detector, material.pack)
    with furnished(material) as house, served(house) as porteiro, flask(house, str(detector)) as tutorial:
        compare_noses(_noses(porteiro, ours), _noses(tutorial, theirs))
        yield from in_turns(
            lambda: answers_per_second(porteiro, ours, plan.seconds),
            lambda: answers_per_second(tutorial, theirs, plan.seconds),
            plan.rounds,
        )


@contextmanager
def flask(house: Installation, detector: str) -> Iterator[Address]:
    """The Flask application in a process of its own; gives its address once it listens."""
    address = free_address()
    command = [sys.executable, "-m", "bench.flask_app", str(address[1]), detector]
    with running(command, REPOSITORY, house, "flask.log") as process:
        wait_until(process, lambda: listens(address))
        yield address


def listens(address: Address) -> bool:
    """Whether an HTTP server answers there at all."""
    try:
        with closing(Connection(address)) as connection:
            return connection.ask(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").status > 0
    except OSError:
        return False


def compare_noses(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> None:
    """Make sure that both servers do the same work.

    Raises:
        Failure: they found different noses.
    """
    for (x, y), (other_x, other_y) in zip(ours, theirs, strict=True):
        if max(abs(x - other_x), abs(y - other_y)) > MOST_APART:
            raise Failure(f"One server finds the nose at {x}, {y}, the other at {other_x}, {other_y}.")


def _noses(address: Address, requests: list[bytes]) -> list[tuple[float, float]]:
    with closing(Connection(address)) as connection:
        found = [json.loads(connection.ask(request).body) for request in requests]
    return [(point["x"], point["y"]) for point in found]
