"""A press, the answer to it, and how the device is: what the parts of the device hand to each other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pi_client.evidence import VERSION
from pi_client.faults import Fault


@dataclass(frozen=True)
class Clock:
    """Both clocks of the machine.

    Attributes:
        monotonic: seconds since the machine was started; never set, so all waiting is measured by it.
        wall: the time of day, aware; it may be wrong, until it is synchronised.
    """

    monotonic: Callable[[], float]
    wall: Callable[[], datetime]


@dataclass(frozen=True)
class ButtonPress:
    """One press of the button.

    Attributes:
        id: random, new for each press and the same in each retry of its upload.
        at_s: when, by the monotonic clock.
        at: when, by the wall clock.
        deadline_s: until when an answer counts, by the monotonic clock.
        agreeing: how many photos have to agree before the answer lets anybody in.
    """

    id: str
    at_s: float
    at: datetime
    deadline_s: float
    agreeing: int = 1


class PressResult(Enum):
    """What came of asking; after ``TOO_SOON`` nobody looked at the photos, for the door has to wait."""

    GRANTED = "granted"
    REFUSED = "refused"
    TOO_SOON = "too_soon"
    FAILED = "failed"


@dataclass(frozen=True)
class PressAnswer:
    """What came of a press.

    Attributes:
        press: the id of the press that it belongs to.
        result: granted only where everything was as expected.
        fault: why it failed; ``None`` unless it did.
        detail: for the log, such as the server's verdict or the network's error; never a secret, no name.
        server_ms: how long the server was waited for, from the first byte sent to the last byte read.
        person: the name of who it was, for ``log.audit`` alone.
        wait_s: how long no press is taken from now on.
        photos: how many the server wants of the next press; 0 where it does not say.
    """

    press: str
    result: PressResult
    fault: Fault | None = None
    detail: str = ""
    server_ms: float = 0.0
    person: str = ""
    wait_s: float = 0.0
    photos: int = 0


@dataclass(frozen=True)
class StatusReport:
    """How the device is, as its heartbeat tells.

    Attributes:
        version: of this software.
        boot: the machine's boot id.
        uptime_s: of this process.
        state: of the door's machine.
        camera_ok: whether photos can be taken.
        presses: since this process began.
        ignored: presses while another was dealt with.
        queue: photos that wait to be sent: none, ever, for a late answer must open no door.
        last_press_at: by the wall clock.
        temperature_c: the processor's, where the machine tells.
        signal_dbm: the Wi-Fi's, where there is one.
        evidence: which version of what proves an answer this software understands.
    """

    version: str
    boot: str
    uptime_s: float
    state: str
    camera_ok: bool
    presses: int = 0
    ignored: int = 0
    queue: int = 0
    last_press_at: datetime | None = None
    temperature_c: float | None = None
    signal_dbm: float | None = None
    evidence: int = VERSION
