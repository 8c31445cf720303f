"""What is set: read once from the environment, frozen, and passed down as an argument."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from wsgi_app.base.errors import ConfigError
from wsgi_app.base.settings import read_settings

MEBIBYTE = 1024 * 1024
LAB_OFF = "The lab is off; the setting PORTEIRO_LAB=1 turns it on."


@dataclass(frozen=True)
class Limits:
    """What is accepted from outside; ``nginx.conf`` and ``uwsgi.ini`` repeat the body size, a bit wider."""

    body_bytes: int = 12 * MEBIBYTE
    photo_bytes: int = 8 * MEBIBYTE
    json_bytes: int = 64 * 1024
    drain_bytes: int = 16 * MEBIBYTE
    parts: int = 16
    jpeg_pixels: int = 50_000_000
    other_pixels: int = 25_000_000  # PNG and WebP cannot be decoded at a smaller scale
    image_side_px: int = 16_384
    progressive_scans: int = 64
    path_bytes: int = 1024
    page_items: int = 100
    inference_wait_s: float = 10.0
    idempotency_s: int = 600
    press_age_s: int = 30  # by which a press may be old, or a door's clock wrong
    heartbeat_bytes: int = 4096
    session_days: int = 14
    invitation_hours: int = 24
    address_sign_ins: int = 5  # that may fail in a row; one account may have more, from all addresses
    account_sign_ins: int = 20
    sign_in_pause_s: int = 900
    message_letters: int = 500
    live_frame_bytes: int = 4096  # of what a browser sends to the live feed, or into a room of the lab
    live_messages: int = 10  # that one may send within so many seconds
    live_messages_s: int = 10
    live_buffer_bytes: int = MEBIBYTE  # what a browser may be behind before it is dropped
    live_missed: int = (
        2000  # events that a browser gets when it comes back; after more it loads its page anew
    )
    live_sockets: int = 4000
    live_sockets_of_one: int = 1200  # of one address
    lab_sockets: int = 50  # in the lab's rooms, beside those of the live feed
    lab_sockets_of_one: int = 10
    faces_per_person: int = 50


@dataclass(frozen=True)
class Config:
    """Every setting of the server, with its unit in its name.

    Attributes:
        data: folder of the database, photos, fetched models and run files.
        prefix: where the application is mounted: ``""`` for the root, else ``/something``.
        http: address of the local run.
        socket: Unix socket behind nginx; with it there is no HTTP port.
        processes: how many workers; ``None`` lets uWSGI take one for each core.
        pack: name or folder of the model pack; ``""`` takes the owner's choice, else the shipped one.
        nose_model: a network file for the nose; ``None`` takes the pack's, else the detector's landmark.
        nose_input_px: side of that network's square input.
        nose_channels: its channel order, ``rgb`` or ``bgr``.
        threshold: least cosine for "known"; ``None`` takes the pack's measured one.
        margin: least lead over the second person.
        database_url: ``sqlite:///PATH``.
        open: whether everybody on this machine may see and change everything, without a sign-in.
        anonymous_doors: whether doors without a token may ask; ``None`` lets them while the server is local.
        live: address of the live feed in the local run; ``None`` takes the port after ``http``'s.
        agreeing_faces: how many photos of a press must show the same known person.
        keep_known_days: how long visits of people let in are kept.
        keep_other_days: how long all other visits are.
        timezone: of the house; ``None`` takes this machine's.
        lab: whether the lab answers; ``None`` lets it while the server is local.
        lab_files: the folder that the lab shows; ``None`` shows none.
        log_level: least level that is logged.
        limits: what is accepted from outside.
    """

    data: Path
    prefix: str
    http: str
    socket: Path | None
    processes: int | None
    pack: str
    nose_model: Path | None
    nose_input_px: int
    nose_channels: str
    threshold: float | None
    margin: float
    database_url: str
    open: bool
    anonymous_doors: bool | None
    live: str | None
    agreeing_faces: int
    keep_known_days: int
    keep_other_days: int
    timezone: ZoneInfo | None
    lab: bool | None
    lab_files: Path | None
    log_level: str
    limits: Limits = Limits()

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.socket is None and is_loopback(self.http)

    @property
    def live_address(self) -> str | Path:
        """Where the live feed listens: HOST:PORT, or a Unix socket beside the workers'."""
        if self.socket is not None:
            return self.socket.with_name("live.sock")
        host, _, port = self.http.rpartition(":")
        return self.live or f"{host}:{int(port) + 1}"

    @property
    def wake_address(self) -> Path:
        """The Unix datagram socket on which the live feed is woken."""
        return self.data / "run" / "wake.sock"

    @property
    def takes_anonymous_doors(self) -> bool:
        """Whether a door may ask without a token."""
        return self.is_local if self.anonymous_doors is None else self.anonymous_doors

    @property
    def has_lab(self) -> bool:
        """Whether the lab answers."""
        return self.is_local if self.lab is None else self.lab

    def is_own_name(self, host: str) -> bool:
        """Whether a Host header names this machine; where others reach the server, any name will do.

        A site could let its own name point to this machine, and its pages would then count as Porteiro's own.
        """
        return not self.is_local or is_loopback(host)


def load_config(environ: Mapping[str, str]) -> Config:
    """Read the settings out of an environment; nothing else is read or touched.

    Raises:
        ConfigError: a value cannot be used, a key is unknown, or the combination is unsafe.
    """
    values = read_settings(environ)
    values["database_url"] = values["database_url"] or f"sqlite:///{values['data'] / 'porteiro.db'}"
    config = Config(**values)
    _refuse_no_port(config)
    _refuse_public_address(config)
    return config


def _refuse_no_port(config: Config) -> None:
    if config.socket is None and not config.live and config.http.endswith(":65535"):
        raise ConfigError(
            f"PORTEIRO_HTTP={config.http!r}: no port follows for the live feed; set PORTEIRO_LIVE"
        )


def _refuse_public_address(config: Config) -> None:
    live = config.live_address
    if config.open and not (config.is_local and is_loopback(str(live))):
        raise ConfigError(
            "PORTEIRO_OPEN=1 lets everybody see faces and enrol people without a sign-in, and this server "
            "can be reached from other machines. Remove it, or keep PORTEIRO_HTTP and PORTEIRO_LIVE to "
            "127.0.0.1 without a PORTEIRO_SOCKET."
        )


def is_loopback(address: str) -> bool:
    """Whether HOST, or HOST:PORT, is one that only this machine reaches."""
    host = re.sub(r":[0-9]+$", "", address).strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
