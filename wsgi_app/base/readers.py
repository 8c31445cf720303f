"""What makes a value of a setting's text, or says what the text must be."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wsgi_app.base.addresses import SOCKET_BYTES, read_address
from wsgi_app.base.doors import DOOR_NAME

PREFIX_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
# Addresses that are no part of the house, wherever it is.
TAKEN_PREFIXES = ("/static",)
# As shells, uWSGI and people read them; Python's own would also be 1_0 or ٣.
WHOLE = re.compile(r"[1-9][0-9]{0,8}|0")
DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?|\.[0-9]{1,9}")
LONGEST_FOLDER_BYTES = 450  # SQLite opens no file with a path of 512 (unix.c, MAX_PATHNAME)
SQLITE_PATH = re.compile(r"sqlite:///(/[^/?]+)+")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Reader(Generic[Value]):
    """One kind of value.

    Attributes:
        read: the value of a text; raises ``ValueError`` with what it must be.
        values: which there are, in words for owners; ``""`` where that takes no words.
    """

    read: Callable[[str], Value]
    values: str = ""


def whole(low: int, high: int) -> Reader[int]:
    """Whole numbers, both ends among them."""

    def read(text: str) -> int:
        if not WHOLE.fullmatch(text.strip()) or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return Reader(read, f"{low} to {high}")


def number(low: float, high: float) -> Reader[float]:
    """Numbers, both ends among them."""

    def read(text: str) -> float:
        if not DECIMAL.fullmatch(text.strip()) or not low <= float(text) <= high:
            raise ValueError(f"must be a number from {_plain(low)} to {_plain(high)}")
        return float(text)

    return Reader(read, f"{_plain(low)} to {_plain(high)}")


def _plain(value: float) -> str:
    """Without an exponent, for none is read."""
    return f"{value:f}".rstrip("0").rstrip(".")


def one_of(*words: str) -> Reader[str]:
    """One of these, as it is written."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return Reader(read, f"{', '.join(words[:-1])} or {words[-1]}")


def _absolute_path(text: str) -> Path:
    path = Path(text)
    if not path.is_absolute():
        raise ValueError("must be a path from / on")
    return path.resolve()


def _any_path(text: str) -> Path:
    if "%(" in text:
        raise ValueError("must not have %( in it, which uWSGI would take for a name of its own")
    if ".." in Path(text).parts:
        raise ValueError("must not have .. in it")
    return _absolute_path(text)


def _own_folder(text: str) -> Path:
    path = _any_path(text)
    if path == Path("/"):
        raise ValueError("must be a folder of its own, such as /srv/porteiro")
    if len(os.fsencode(path)) > LONGEST_FOLDER_BYTES:
        raise ValueError(f"is too long for the files in it: at most {LONGEST_FOLDER_BYTES} bytes")
    return path


def _socket_path(text: str) -> Path:
    path = _any_path(text)
    if ":" in text:
        raise ValueError("must not have : in it, which uWSGI would take for a port")
    places = (path, path.with_name("live.sock"), path.with_name("others.sock"))
    length = max(len(os.fsencode(name)) for name in (text, *places))
    if length > SOCKET_BYTES:
        raise ValueError(
            "is too long: a Unix socket's path, that of others.sock beside it too, has at most "
            f"{SOCKET_BYTES} bytes, and this one {length}; take a shorter one, such as "
            "/run/porteiro/porteiro.sock"
        )
    return path


def _folder(text: str) -> Path:
    path = _absolute_path(text)
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}")
    return path


def _file(text: str) -> Path:
    path = Path(text).resolve()
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _own_file(text: str) -> Path:
    if _absolute_path(text).is_dir():
        raise ValueError("must be a file, and this is a folder")
    return Path(text)  # as it is written: whoever makes the file has to see where a link leads nowhere


def _prefix(text: str) -> str:
    if text != "/" and not PREFIX_PATH.fullmatch(text):
        raise ValueError("must be / or a plain path such as /porteiro, without / at its end")
    if f"{text}/".startswith(tuple(f"{taken}/" for taken in TAKEN_PREFIXES)):
        raise ValueError("must not be /static, where the pages' own files are")
    return text.rstrip("/")


def _sqlite_url(text: str) -> str:
    if not SQLITE_PATH.fullmatch(text):
        raise ValueError("must be sqlite:// and a path from / on, such as sqlite:////srv/porteiro.db")
    return text


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("must be a time zone that this machine knows, such as Europe/Lisbon") from error


def _door_names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if wrong := [name for name in names if not DOOR_NAME.fullmatch(name)]:
        raise ValueError(
            f"must be doors' names with a comma between any two, such as garden,cellar, and {wrong[0]!r} is "
            "none: 1 to 63 of a-z, 0-9 and -, the first one no -"
        )
    return names


ADDRESS = Reader(read_address)
DATABASE_URL = Reader(_sqlite_url)
FILE = Reader(_file)
FOLDER = Reader(_folder)
DOOR_NAMES = Reader(_door_names)
OWN_FILE = Reader(_own_file)
OWN_FOLDER = Reader(_own_folder)
PREFIX = Reader(_prefix)
SOCKET = Reader(_socket_path)
TEXT = Reader(str)
TIMEZONE = Reader(_timezone)
YES_OR_NO = Reader(lambda text: one_of("0", "1").read(text) == "1", one_of("0", "1").values)
