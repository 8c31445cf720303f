"""Presses of doors that have a token: what their headers tell."""

import re
from collections.abc import Mapping
from datetime import datetime

from wsgi_app.base.errors import BadRequest
from wsgi_app.base.vitals import BOOT
from wsgi_app.stores.presses import Press

ID_HEADER = "Idempotency-Key"
BOOT_HEADER = "Porteiro-Boot"
AT_HEADER = "Porteiro-Pressed-At"
MS_HEADER = "Porteiro-Pressed-Monotonic-Ms"

PRESS_HEADERS = (ID_HEADER, BOOT_HEADER, AT_HEADER, MS_HEADER)

ID = re.compile(r"[!-~]{1,128}")
AT = re.compile(r"[0-9T:.Z+-]{1,40}")
MS = re.compile(r"[0-9]{1,15}")


def read_press_id(headers: Mapping[str, str]) -> str | None:
    """The press's id, the same in each retry; ``None`` without one.

    Raises:
        BadRequest: it is of another form.
    """
    press_id = headers.get(ID_HEADER)
    if press_id is not None and not ID.fullmatch(press_id):
        raise BadRequest(f"{ID_HEADER} takes 1 to 128 visible ASCII characters.", code="bad_idempotency_key")
    return press_id


def read_press(headers: Mapping[str, str], device: str, key: bytes) -> Press:
    """The press that a request is about.

    Args:
        headers: of the request.
        device: which device has the token that came with it.
        key: that token's hash.

    Raises:
        BadRequest: a header is missing, or of another form.
    """
    _needed(headers, ID_HEADER)
    return Press(
        device=device,
        key=key,
        id=read_press_id(headers) or "",
        boot=_fitting(headers, BOOT_HEADER, BOOT, "takes 1 to 64 letters, digits and -"),
        ms=int(_fitting(headers, MS_HEADER, MS, "takes a whole number of up to 15 digits")),
        at=_time(headers),
    )


def _needed(headers: Mapping[str, str], name: str) -> str:
    text = headers.get(name)
    if text is None:
        raise BadRequest(f"A door with a token sends {name} with each press.", code="press_needed")
    return text


def _fitting(headers: Mapping[str, str], name: str, form: re.Pattern[str], rule: str) -> str:
    text = _needed(headers, name)
    if not form.fullmatch(text):
        raise BadRequest(f"{name} {rule}.", code="bad_press")
    return text


def _time(headers: Mapping[str, str]) -> datetime:
    rule = "takes a time such as 2026-01-05T10:00:00.123+00:00"
    text = _fitting(headers, AT_HEADER, AT, rule)
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(f"{AT_HEADER} {rule}.", code="bad_press") from error
    if at.tzinfo is None:
        raise BadRequest(f"{AT_HEADER} {rule}, with its zone.", code="bad_press")
    return at
