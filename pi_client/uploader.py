"""The server, asked over HTTP: a press's photos up, an answer to trust or a fault down."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import requests

from pi_client import __version__
from pi_client.answers import failed, judge
from pi_client.config import ServerSettings
from pi_client.evidence import token_key
from pi_client.failures import NoReply
from pi_client.faults import HANDLING, Fault
from pi_client.press import ButtonPress, Clock, PressAnswer, StatusReport
from pi_client.transport import Transport

FIELDS = ("file", "file2", "file3")
HEADERS = {
    "User-Agent": f"porteiro-door/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


class HttpServer:
    """A Porteiro server; safe to use from several threads, which share its connections."""

    def __init__(
        self,
        settings: ServerSettings,
        token: str,
        boot: str,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
    ):
        """Nothing is connected yet.

        Args:
            settings: whom to ask, and how long to wait.
            token: of this device, ``NAME.SECRET``; ``""`` for none.
            boot: the machine's boot id, which tells the server what the monotonic clock counts from.
            clock: measures the waiting, and says when an answer came.
            sleep: waits before a press is sent again.

        Raises:
            DoorConfigError: ``server.ca_file`` cannot be used.
        """
        self._settings, self._token, self._boot = settings, token, boot
        self._clock, self._sleep = clock, sleep
        self._key = token_key(token) if token else None
        self._transport = Transport(settings, clock.monotonic)

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        """Who is it? Never raises, and ends at the press's deadline unless a name's look-up hangs."""
        try:
            return self._ask(press, photos)
        except Exception as error:  # noqa: BLE001 - a door never opens on a doubt, whichever it is
            # Its text might quote a header, and so the token.
            return failed(press, Fault.SERVER_ERROR, type(error).__name__)

    def is_reachable(self) -> bool:
        """Whether the server says that it is well; also keeps a connection open."""
        status = self._status("GET", self._settings.health_path)
        return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES

    def report(self, report: StatusReport) -> bool:
        """Tell the server how the device is; whether it was heard. Without a token there is nobody to be."""
        device, _, secret = self._token.partition(".")
        if not secret:
            return False
        path = f"/devices/{quote(device, safe='')}/heartbeat"
        return self._status("PUT", path, json=_plain(report)) == HTTPStatus.NO_CONTENT

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    def _ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        # Made once: what is sent again has the same id, and the same bytes.
        request = self._prepared("POST", "/", self._press_headers(press), files=_files(photos))
        answer = self._attempt(request, press)
        for attempt in range(self._settings.retries):
            pause_s = self._settings.backoff_s * 2**attempt
            too_late = self._clock.monotonic() + pause_s >= press.deadline_s
            if answer.fault is None or not HANDLING[answer.fault].retried or too_late:
                break
            self._sleep(pause_s)
            answer = self._attempt(request, press)
        return answer

    def _attempt(self, request: requests.PreparedRequest, press: ButtonPress) -> PressAnswer:
        try:
            reply = self._transport.send(request, press.deadline_s)
        except NoReply as error:
            return failed(press, error.fault, error.detail, error.ms)
        if self._clock.monotonic() > press.deadline_s:
            return failed(press, Fault.TOO_LATE, f"status {reply.status}, after the deadline", reply.ms)
        return judge(reply, press, self._key, self._clock.wall())

    def _status(self, method: str, path: str, **content: Any) -> int | None:
        """The status of a small request that takes the read timeout as a whole; ``None`` for no reply.

        It may be sent twice: a server that closes its connections without a word is seen only by asking.
        """
        deadline_s = self._clock.monotonic() + self._settings.read_timeout_s
        try:
            request = self._prepared(method, path, **content)
            try:
                return self._transport.send(request, deadline_s).status
            except NoReply as error:
                if not HANDLING[error.fault].retried:
                    raise
                return self._transport.send(request, deadline_s).status
        except Exception:  # noqa: BLE001 - not to be reached is all that there is to know
            return None

    def _prepared(
        self, method: str, path: str, headers: dict[str, str] | None = None, **content: Any
    ) -> requests.PreparedRequest:
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        every = {**HEADERS, **bearer, **(headers or {})}
        return requests.Request(method, self._settings.url + path, headers=every, **content).prepare()

    def _press_headers(self, press: ButtonPress) -> dict[str, str]:
        return {
            "Idempotency-Key": press.id,
            "Porteiro-Boot": self._boot,
            "Porteiro-Pressed-At": press.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "Porteiro-Pressed-Monotonic-Ms": str(int(press.at_s * 1000)),
            "Porteiro-Agreeing-Faces": str(press.agreeing),
        }


def _files(photos: tuple[bytes, ...]) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The parts of the form: the first photo is ``file``, the others of a burst ``file2`` and ``file3``."""
    return [
        (field, (field.replace("file", "door") + ".jpg", photo, "image/jpeg"))
        for field, photo in zip(FIELDS, photos, strict=False)
    ]


def _plain(report: StatusReport) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(report).items()
    }
