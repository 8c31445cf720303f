"""What browsers that watch cost the door: the time of a press with 1,000 of them, and with none."""

import base64
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from statistics import median

from bench.errors import Failure, Missing
from bench.load import TIMEOUT_S, Address, Connection, photo_request, seconds_to_answer
from bench.material import Material, furnished
from bench.pairs import Pair, Plan, in_turns
from bench.serving import Installation, served
from wsgi_app.access.evidence import token_key
from wsgi_app.access.passwords import Passwords
from wsgi_app.base.config import load_config
from wsgi_app.stores.stores import open_stores

BROWSERS = 1000
FURTHER_FILES = 200
EVERY_S = 0.2  # a press, which all browsers are told of
SETTLE_S = 1.0  # presses that do not count after so many browsers came or went
MILLISECONDS = 1000
WATCHER, PASSWORD = "watcher", "only for this benchmark"
UPGRADED = b"HTTP/1.1 101 "


def measure(material: Material, plan: Plan) -> Iterator[Pair]:
    """Milliseconds of ``POST /`` with many browsers on the live feed, and with none."""
    _allow_files()
    requests = [photo_request("/porteiro/", "file", photo) for photo in material.photos]
    with furnished(material) as house, served(house) as address, closing(Connection(address)) as connection:
        opening = opening_request(house)

        def press() -> float:
            return typical_ms(connection, requests, 4 * plan.seconds)

        def press_while_watched() -> float:
            with watched(address, opening, BROWSERS):
                return press()

        yield from in_turns(press_while_watched, press, plan.rounds)


def typical_ms(connection: Connection, requests: list[bytes], seconds: float) -> float:
    """The median time of presses at a steady pace."""
    took: list[float] = []
    began = time.perf_counter()
    for number in range(round((SETTLE_S + seconds) / EVERY_S)):
        time.sleep(max(0.0, began + number * EVERY_S - time.perf_counter()))
        took.append(seconds_to_answer(connection, requests[number % len(requests)]))
    return median(took[round(SETTLE_S / EVERY_S) :]) * MILLISECONDS


@contextmanager
def watched(address: Address, opening: bytes, number: int) -> Iterator[None]:
    """So many browsers on the live feed, all on one network; they run elsewhere, so they take no time here.

    What they are told stays in the system's buffers until the end.

    Raises:
        Failure: not all of them were let in.
    """
    with ExitStack() as stack:
        for _ in range(number):
            stream = socket.create_connection(address, timeout=TIMEOUT_S)
            stack.enter_context(closing(stream))
            stream.sendall(opening)
            answer = stream.recv(len(UPGRADED))
            if answer != UPGRADED:
                raise Failure(f"The live feed refused a browser: {answer!r}")
        yield


def opening_request(house: Installation) -> bytes:
    """A whole request that opens a WebSocket, of somebody who may watch."""
    stores = open_stores(load_config(house.environment))
    key = token_key(WATCHER)
    stores.invitations.invite(key, "viewer")
    stores.accounts.accept(key, WATCHER, Passwords().hash(PASSWORD))
    stores.database.close()
    signed_in = base64.b64encode(f"{WATCHER}:{PASSWORD}".encode()).decode()
    return (
        "GET /porteiro/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"Authorization: Basic {signed_in}\r\n\r\n"
    ).encode()


def _allow_files() -> None:
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = BROWSERS + FURTHER_FILES
    if most != resource.RLIM_INFINITY and most < wanted:
        raise Missing(f"This machine allows {most} open files; this takes {wanted}.")
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
