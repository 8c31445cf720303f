"""What the tests that ask a server share: settings, a press of now, and what a server answers to it."""

import dataclasses
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pi_client.config import ServerSettings
from pi_client.press import ButtonPress, Clock, PressAnswer
from pi_client.uploader import HttpServer
from tests.pi_client.hostile_server import Porteiro

TOKEN = "front-door.a-secret"
BOOT = "5c1f0f3a-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
AT = NOW.isoformat()
CLOCK = Clock(time.monotonic, lambda: NOW)
PHOTO = b"\xff\xd8\xff\xe0 a photo \xff\xd9"
PATIENT_S = 30.0  # longer than anything takes on a busy machine

KNOWN = Porteiro("known", AT, TOKEN)
UNKNOWN = Porteiro("unknown", AT, TOKEN)

SETTINGS = ServerSettings(
    url="",
    health_path="/health/live",
    ca_file="",
    token_file="",
    connect_timeout_s=PATIENT_S,
    read_timeout_s=PATIENT_S,
    deadline_s=PATIENT_S,
    retries=2,
    backoff_s=0.3,
    keepalive_s=50,
    heartbeat_s=60,
    max_upload_bytes=900_000,
)


class Sleeps(list[float]):
    """Takes note instead of sleeping."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@contextmanager
def asking(url: str, token: str = TOKEN, clock: Clock = CLOCK, **changed: Any) -> Iterator[HttpServer]:
    """The real client of a server, with other settings where they are given."""
    sleep = changed.pop("sleep", Sleeps())
    server = HttpServer(dataclasses.replace(SETTINGS, url=url, **changed), token, BOOT, clock, sleep)
    try:
        yield server
    finally:
        server.close()


def press_now(within_s: float = PATIENT_S) -> ButtonPress:
    """A press of this moment."""
    at_s = time.monotonic()
    return ButtonPress(str(uuid.uuid4()), at_s, NOW, at_s + within_s)


def plain(answer: PressAnswer) -> tuple[Any, ...]:
    """An answer without what it took and what the log says."""
    return answer.press, answer.result, answer.fault
