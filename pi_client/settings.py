"""Every setting of the device: its key, its default, and what makes a value of it or says why not."""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

ENVIRONMENT = "PORTEIRO_DOOR_"
# Without a name and password, which would go before the token, and without anything after the path.
URL = re.compile(r"https?://[A-Za-z0-9._:\[\]-]+(/[A-Za-z0-9._~/%+-]*)?", re.ASCII)


@dataclass(frozen=True)
class DoorSetting:
    """One key, its default, and what makes a value of it or says why not."""

    section: str
    key: str
    default: Any
    read: Callable[[Any], Any]

    @property
    def name(self) -> str:
        """As messages call it."""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment's name for it."""
        return f"{ENVIRONMENT}{self.section}_{self.key}".upper()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text in quotes")
    return value


def _url(value: Any) -> str:
    url = _text(value).rstrip("/")
    if url and not (URL.fullmatch(url) and _has_host_and_port(url)):
        raise ValueError("must be an address such as https://porteiro.example/porteiro")
    return url


def _has_host_and_port(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """Whether nobody on the way can read along: https, or a server on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    with contextlib.suppress(ValueError):
        return parts.scheme == "https" or ip_address(parts.hostname or "").is_loopback
    return parts.hostname == "localhost"


def _path(value: Any) -> str:
    path = _text(value)
    if not path.startswith("/"):
        raise ValueError("must begin with /")
    return path


def _number(low: float, high: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(value)

    return read


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


def _one_of(*choices: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, bool) or value not in choices:
            raise ValueError(f"must be one of {', '.join(str(choice) for choice in choices)}")
        return value

    return read


def _yes_or_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _size(value: Any) -> tuple[int, int]:
    side = _whole(64, 4608)
    if not isinstance(value, (list, tuple)) or len(value) != 2:  # noqa: PLR2004
        raise ValueError("must be [width, height]")
    return side(value[0]), side(value[1])


def _even(read: Callable[[Any], tuple[int, int]]) -> Callable[[Any], tuple[int, int]]:
    def read_even(value: Any) -> tuple[int, int]:
        size = read(value)
        if size[0] % 2 or size[1] % 2:
            raise ValueError("must be even: the camera halves the colours")
        return size

    return read_even


_PIN = _whole(0, 27)

SETTINGS = (
    DoorSetting("server", "url", "", _url),
    DoorSetting("server", "health_path", "/health/live", _path),
    DoorSetting("server", "ca_file", "", _text),
    DoorSetting("server", "token_file", "", _text),
    DoorSetting("server", "connect_timeout_s", 3, _number(0.1, 20)),
    DoorSetting("server", "read_timeout_s", 6, _number(0.1, 20)),
    DoorSetting("server", "deadline_s", 10, _number(1, 20)),
    DoorSetting("server", "retries", 2, _whole(0, 5)),
    DoorSetting("server", "backoff_s", 0.3, _number(0, 5)),
    DoorSetting("server", "keepalive_s", 50, _number(5, 3600)),
    DoorSetting("server", "heartbeat_s", 60, _number(10, 60)),
    DoorSetting("server", "max_upload_bytes", 900_000, _whole(20_000, 8_000_000)),
    DoorSetting("gpio", "button", 18, _whole(1, 27)),
    DoorSetting("gpio", "yellow", 23, _PIN),
    DoorSetting("gpio", "green", 24, _PIN),
    DoorSetting("gpio", "red", 25, _PIN),
    DoorSetting("gpio", "buzzer", 0, _PIN),
    DoorSetting("gpio", "poll_ms", 5, _whole(1, 20)),
    DoorSetting("gpio", "debounce_ms", 20, _whole(5, 30)),
    DoorSetting("gpio", "stuck_s", 10, _number(2, 120)),
    DoorSetting("camera", "size", [1536, 864], _even(_size)),
    DoorSetting("camera", "fps", 30, _whole(1, 120)),
    DoorSetting("camera", "max_exposure_ms", 33, _whole(1, 1000)),
    DoorSetting("camera", "quality", 85, _whole(30, 100)),
    DoorSetting("camera", "buffer_count", 4, _whole(2, 8)),
    DoorSetting("camera", "af", "manual", _one_of("manual", "continuous", "none")),
    DoorSetting("camera", "lens_position", 1.25, _number(0, 32)),
    DoorSetting("camera", "ev", 0.0, _number(-8, 8)),
    DoorSetting("camera", "rotation", 0, _one_of(0, 180)),
    DoorSetting("camera", "warmup_s", 2, _number(0, 10)),
    DoorSetting("camera", "capture_timeout_s", 4, _number(0.5, 10)),
    DoorSetting("camera", "probe_s", 30, _number(5, 600)),
    DoorSetting("camera", "frames", 1, _whole(1, 3)),
    DoorSetting("leds", "result_s", 3, _number(1, 30)),
    DoorSetting("relay", "pin", 0, _PIN),
    DoorSetting("relay", "agreeing_photos", 2, _whole(1, 3)),
    DoorSetting("relay", "active_high", True, _yes_or_no),  # noqa: FBT003
    DoorSetting("relay", "pulse_s", 2, _number(0.1, 3)),
    DoorSetting("relay", "max_pulse_s", 3, _number(0.1, 3)),
    DoorSetting("log", "level", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR")),
    DoorSetting("log", "audit", False, _yes_or_no),  # noqa: FBT003
)
