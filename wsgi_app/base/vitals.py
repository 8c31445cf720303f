"""How a door device says that it is."""

import re
from datetime import datetime
from typing import Annotated

import msgspec

BOOT = re.compile(r"[0-9A-Za-z-]{1,64}")  # what names one boot of a device

Word = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z_.+-]{1,32}\Z")]
Boot = Annotated[str, msgspec.Meta(pattern=rf"\A{BOOT.pattern}\Z")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e10)]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Celsius = Annotated[float, msgspec.Meta(ge=-100, le=200)]
Decibels = Annotated[float, msgspec.Meta(ge=-200, le=100)]
Version = Annotated[int, msgspec.Meta(ge=1, le=1000)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Vitals(msgspec.Struct, frozen=True):
    """How a device says that it is; keys that a newer device adds are left out.

    ``evidence`` is what it understands of answers that are signed; devices of earlier releases do not tell.
    """

    version: Word
    boot: Boot
    uptime_s: Seconds
    state: Word
    camera_ok: bool
    presses: Count
    ignored: Count
    queue: Count
    last_press_at: Moment | None
    temperature_c: Celsius | None
    signal_dbm: Decibels | None
    evidence: Version = 1
