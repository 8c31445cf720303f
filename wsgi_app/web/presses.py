"""Presses of doors that have a token: what their headers tell."""

import re
from collections.abc import Mapping
from datetime import datetime

import structlog

from wsgi_app.access.evidence import HEADER, VERSION
from wsgi_app.base.errors import BadRequest
from wsgi_app.base.vitals import BOOT
from wsgi_app.stores.presses import Press

log = structlog.get_logger("porteiro")

ID_HEADER = "Idempotency-Key"
BOOT_HEADER = "Porteiro-Boot"
AT_HEADER = "Porteiro-Pressed-At"
MS_HEADER = "Porteiro-Pressed-Monotonic-Ms"
AGREEING_HEADER = "Porteiro-Agreeing-Faces"

PRESS_HEADERS = (ID_HEADER, BOOT_HEADER, AT_HEADER, MS_HEADER, AGREEING_HEADER, HEADER)

ID = re.compile(r"[!-~]{1,128}")
AT = re.compile(r"[0-9T:.Z+-]{1,40}")
MS = re.compile(r"[0-9]{1,15}")
EVIDENCE = re.compile(r"[1-9][0-9]{0,3}")
AGREEING = re.compile(r"[1-3]")


def read_press_id(headers: Mapping[str, str]) -> str | None:
    """The press's id, the same in each retry; ``None`` without one.

    Raises:
        BadRequest: it is of another form.
    """
    press_id = headers.get(ID_HEADER)
    if press_id is not None and not ID.fullmatch(press_id):
        raise BadRequest("bad_idempotency_key", header=ID_HEADER)
    return press_id


def read_press(headers: Mapping[str, str], device: str, key: bytes) -> Press:
    """The press that a request is about.

    Args:
        headers: of the request.
        device: which device has the token that came with it.
        key: what that token is found by.

    Raises:
        BadRequest: a header is missing, or of another form; or one of the two does not understand what the
            other signs, so that the door would stay closed without a word why.
    """
    _refuse_other_version(headers.get(HEADER, ""), device)
    _needed(headers, ID_HEADER)
    return Press(
        device=device,
        key=key,
        id=read_press_id(headers) or "",
        boot=_boot(headers),
        ms=_monotonic_ms(headers),
        at=_time(headers),
    )


def read_agreeing(headers: Mapping[str, str]) -> int:
    """How many photos of the press have to agree for the door, as it says itself; 1 where it says nothing.

    Raises:
        BadRequest: it is no such number.
    """
    text = headers.get(AGREEING_HEADER, "1")
    if not AGREEING.fullmatch(text):
        raise BadRequest("bad_press:agreeing", header=AGREEING_HEADER)
    return int(text)


def _refuse_other_version(text: str, device: str) -> None:
    version = int(text) if EVIDENCE.fullmatch(text) else 1
    if version < VERSION:
        log.warning("this door is too old for this server: update it", door=device)
        raise BadRequest("update_device", header=HEADER, version=VERSION)
    if version > VERSION:
        log.warning("this server is too old for this door: update the server", door=device)
        raise BadRequest("update_server", header=HEADER, version=VERSION)


def _needed(headers: Mapping[str, str], name: str) -> str:
    text = headers.get(name)
    if text is None:
        raise BadRequest("press_needed", header=name)
    return text


def _boot(headers: Mapping[str, str]) -> str:
    text = _needed(headers, BOOT_HEADER)
    if not BOOT.fullmatch(text):
        raise BadRequest("bad_press:boot", header=BOOT_HEADER)
    return text


def _monotonic_ms(headers: Mapping[str, str]) -> int:
    text = _needed(headers, MS_HEADER)
    if not MS.fullmatch(text):
        raise BadRequest("bad_press:number", header=MS_HEADER)
    return int(text)


def _time(headers: Mapping[str, str]) -> datetime:
    text = _needed(headers, AT_HEADER)
    try:
        at = datetime.fromisoformat(text if AT.fullmatch(text) else "")
    except ValueError as error:
        raise BadRequest("bad_press:time", header=AT_HEADER) from error
    if at.tzinfo is None:
        raise BadRequest("bad_press:no_zone", header=AT_HEADER)
    return at
