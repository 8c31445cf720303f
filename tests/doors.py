"""A door device with a token, as tests play it."""

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pi_client.evidence import VERSION, AnswerProof, is_proven, photo_digests, signing_key
from tests.servers import Answer, Server, post_json, post_photo
from wsgi_app.access.evidence import token_key
from wsgi_app.base.vitals import Vitals
from wsgi_app.stores.stores import Stores

VITALS: dict[str, Any] = {
    "version": "0.1.0",
    "boot": "3f6c9d3e-8a44-4a76-9d3c-0f6b7b1e2c11",
    "uptime_s": 12.5,
    "state": "ready",
    "camera_ok": True,
    "presses": 3,
    "ignored": 1,
    "queue": 0,
    "last_press_at": "2026-01-05T10:00:00Z",
    "temperature_c": 48.3,
    "signal_dbm": -61.0,
    "evidence": 2,
}

GOOD_VITALS = msgspec.convert(VITALS, Vitals)


@dataclass
class Door:
    """A device: its name, its token, both of its clocks.

    Attributes:
        now: the server's time of day; the device's own is ``behind_s`` behind it.
        boot: the id of its boot.
        ms: its monotonic clock, which each press moves on.
    """

    server: Server
    name: str
    token: str = field(repr=False)
    now: Callable[[], datetime]
    boot: str = field(default_factory=lambda: str(uuid.uuid4()))
    ms: int = 1000
    behind_s: float = 0.0

    @property
    def bearer(self) -> dict[str, str]:
        """The header with its token."""
        return {"Authorization": f"Bearer {self.token}"}

    def press(self) -> dict[str, str]:
        """The headers of a new press."""
        self.ms += 1
        return {
            **self.bearer,
            "Idempotency-Key": str(uuid.uuid4()),
            "Porteiro-Boot": self.boot,
            "Porteiro-Pressed-At": (self.now() - timedelta(seconds=self.behind_s)).isoformat(),
            "Porteiro-Pressed-Monotonic-Ms": str(self.ms),
            "Porteiro-Evidence": "2",
        }

    def believes(self, body: dict[str, Any], press: str, *photos: bytes) -> bool:
        """Whether an answer is the server's own, to this press of these photos."""
        evidence = dict(body["evidence"])
        person = body["person"] or {"id": "", "name": ""}
        stated = {
            "outcome": body["outcome"],
            "person": person["id"],
            "name": person["name"],
            "digests": photo_digests(photos),
            **{name: str(body[name]) for name in ("agreed", "retry_after_s", "photos")},
        }
        version, proof = evidence.pop("version"), AnswerProof(**evidence)
        return version == VERSION and is_proven(proof, signing_key(self.token), press, stated)

    def restart(self) -> None:
        """Start the machine anew: another boot, and its monotonic clock from the beginning."""
        self.boot, self.ms = str(uuid.uuid4()), 1000

    def rings(self, photo: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Send a photo, with the headers of a new press unless they are given."""
        return post_photo(self.server, "/", photo, self.press() if headers is None else headers)

    def beats(self, **other: Any) -> Answer:
        """Send a heartbeat, with some values other than usual."""
        return post_json(
            self.server, f"/devices/{self.name}/heartbeat", {**VITALS, **other}, "PUT", **self.bearer
        )


def add_door(server: Server, stores: Stores, name: str = "") -> Door:
    """A new door, known to the server."""
    name = name or f"door-{uuid.uuid4().hex}"
    token = f"{name}.{secrets.token_urlsafe(32)}"
    stores.devices.add(name, token_key(token))
    return Door(server, name, token, stores.now)
