"""Settings: read once from the environment, frozen, and passed down as an argument.

``SETTINGS`` is the whole list. ``deploy/porteiro.env`` documents the same keys for owners.
"""

import difflib
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wsgi_app.errors import ConfigError

MEBIBYTE = 1024 * 1024
CHECKOUT = Path(__file__).resolve().parent.parent
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


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
    live_frame_bytes: int = 4096  # of what a browser sends to the live feed
    live_buffer_bytes: int = MEBIBYTE  # what a browser may be behind before it is dropped
    live_missed: int = (
        2000  # events that a browser gets when it comes back; after more it loads its page anew
    )
    live_sockets: int = 4000
    live_sockets_of_one: int = 1200  # of one address
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


@dataclass(frozen=True)
class Setting:
    """One environment variable: its key, the field it fills, its default and its reader."""

    key: str
    field: str
    default: str
    read: Callable[[str], Any]


def _absolute_path(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("must be a path from / on")
    return path.resolve()


def _optional_path(text: str) -> Path | None:
    return _absolute_path(text) if text else None


def _data_folder(text: str) -> Path:
    return _optional_path(text) or CHECKOUT / "var"


def _existing_file(text: str) -> Path | None:
    path = Path(text).resolve() if text else None
    if path is not None and not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _prefix(text: str) -> str:
    if text != "/" and not PREFIX.fullmatch(text):
        raise ValueError("must be / or a plain path such as /porteiro, without / at its end")
    return text.rstrip("/")


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8765")
    return text


def _optional_address(text: str) -> str | None:
    return _address(text) if text else None


def _timezone(text: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(text) if text else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("must be a time zone that this machine knows, such as Europe/Lisbon") from error


def _number(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = float(text)
        if not low <= number <= high:
            raise ValueError(f"must be from {low:g} to {high:g}")
        return number

    return read


def _optional_number(low: float, high: float) -> Callable[[str], float | None]:
    read = _number(low, high)
    return lambda text: read(text) if text else None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def _optional_whole(low: int, high: int) -> Callable[[str], int | None]:
    read = _whole(low, high)
    return lambda text: read(text) if text else None


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return read


def _sqlite_url(text: str) -> str:
    if text and not re.fullmatch(r"sqlite:///(/[^/?]+)+", text):
        raise ValueError("must be sqlite:// and a path from / on, such as sqlite:////srv/porteiro.db")
    return text


def _yes_or_no(text: str) -> bool:
    return _one_of("0", "1")(text) == "1"


def _optional_yes_or_no(text: str) -> bool | None:
    return _yes_or_no(text) if text else None


SETTINGS = (
    Setting("PORTEIRO_DATA", "data", "", _data_folder),
    Setting("PORTEIRO_PREFIX", "prefix", "/porteiro", _prefix),
    Setting("PORTEIRO_HTTP", "http", "127.0.0.1:8765", _address),
    Setting("PORTEIRO_SOCKET", "socket", "", _optional_path),
    Setting("PORTEIRO_PROCESSES", "processes", "", _optional_whole(1, 64)),
    Setting("PORTEIRO_PACK", "pack", "", str),
    Setting("PORTEIRO_NOSE_MODEL", "nose_model", "", _existing_file),
    Setting("PORTEIRO_NOSE_INPUT_PX", "nose_input_px", "112", _whole(16, 1024)),
    Setting("PORTEIRO_NOSE_CHANNELS", "nose_channels", "rgb", _one_of("rgb", "bgr")),
    Setting("PORTEIRO_THRESHOLD", "threshold", "", _optional_number(0.0, 1.0)),
    Setting("PORTEIRO_MARGIN", "margin", "0.05", _number(0.0, 1.0)),
    Setting("PORTEIRO_DATABASE_URL", "database_url", "", _sqlite_url),
    Setting("PORTEIRO_OPEN", "open", "0", _yes_or_no),
    Setting("PORTEIRO_ANONYMOUS_DOORS", "anonymous_doors", "", _optional_yes_or_no),
    Setting("PORTEIRO_LIVE", "live", "", _optional_address),
    Setting("PORTEIRO_AGREEING_FACES", "agreeing_faces", "1", _whole(1, 3)),
    Setting("PORTEIRO_KEEP_KNOWN_DAYS", "keep_known_days", "30", _whole(1, 3650)),
    Setting("PORTEIRO_KEEP_OTHER_DAYS", "keep_other_days", "7", _whole(1, 3650)),
    Setting("PORTEIRO_TIMEZONE", "timezone", "", _timezone),
    Setting("PORTEIRO_LOG_LEVEL", "log_level", "info", _one_of("debug", "info", "warning", "error")),
)


def load_config(environ: Mapping[str, str]) -> Config:
    """Read the settings out of an environment; nothing else is read or touched.

    Raises:
        ConfigError: a value cannot be used, a key is unknown, or the combination is unsafe.
    """
    _refuse_unknown_keys(environ)
    values = {setting.field: _read(setting, environ) for setting in SETTINGS}
    values["database_url"] = values["database_url"] or f"sqlite:///{values['data'] / 'porteiro.db'}"
    config = Config(**values)
    _refuse_no_port(config)
    _refuse_public_address(config)
    return config


def _read(setting: Setting, environ: Mapping[str, str]) -> Any:
    text = environ.get(setting.key, setting.default)
    if setting.key in environ and not text.strip():
        raise ConfigError(f"{setting.key} is set but empty; give it a value or remove it")
    try:
        return setting.read(text)
    except (ValueError, OSError, RuntimeError) as error:  # a path can be impossible in all these ways
        shown = re.sub(r"//[^/]*@", "//[hidden]@", text)
        raise ConfigError(f"{setting.key}={shown!r}: {error}") from error


def _refuse_unknown_keys(environ: Mapping[str, str]) -> None:
    known = [setting.key for setting in SETTINGS]
    for key in environ:
        if key.startswith("PORTEIRO_") and key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; the settings are {', '.join(known)}"
            raise ConfigError(f"{key} is not a setting{hint}")


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
    """Whether HOST:PORT is one that only this machine reaches."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
