"""The environment variables that Porteiro knows, and how each is read.

``SETTINGS`` is the whole list. ``deploy/porteiro.env`` documents the same keys for owners.
"""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wsgi_app.base.errors import ConfigError

CHECKOUT = Path(__file__).resolve().parents[2]
PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


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


def read_address(text: str) -> str:
    """HOST:PORT.

    Raises:
        ValueError: it is none.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:  # noqa: PLR2004
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:8765")
    return text


def _optional_address(text: str) -> str | None:
    return read_address(text) if text else None


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


def _optional_folder(text: str) -> Path | None:
    path = _optional_path(text)
    if path is not None and not path.is_dir():
        raise ValueError(f"there is no folder {path}")
    return path


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
    Setting("PORTEIRO_HTTP", "http", "127.0.0.1:8765", read_address),
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
    Setting("PORTEIRO_LAB", "lab", "", _optional_yes_or_no),
    Setting("PORTEIRO_LAB_FILES", "lab_files", "", _optional_folder),
    Setting("PORTEIRO_LOG_LEVEL", "log_level", "info", _one_of("debug", "info", "warning", "error")),
)


def read_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """The value of every setting, by the field it fills; nothing but the environment is read.

    Raises:
        ConfigError: a value cannot be used, or a key is unknown.
    """
    _refuse_unknown_keys(environ)
    return {setting.field: _read(setting, environ) for setting in SETTINGS}


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
