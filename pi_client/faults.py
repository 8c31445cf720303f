"""What can go wrong with a press, and what is then shown, logged and tried again: one literal table."""

import logging
from dataclasses import dataclass
from enum import Enum

from pi_client import lamps
from pi_client.lamps import Pattern


class Fault(Enum):
    """Why a press ended without an answer to trust."""

    CAMERA = "camera"
    WRONG_SERVER = "wrong_server"
    TOKEN = "token"  # noqa: S105
    SIGNATURE = "signature"
    ALTERED = "altered"
    PHOTO_REJECTED = "photo_rejected"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    STORAGE = "storage"
    CUT_OFF = "cut_off"
    TOO_LATE = "too_late"
    UNTRUSTED = "untrusted"
    CLOCK = "clock"
    UNPROVEN = "unproven"
    OLD_SERVER = "old_server"
    OLD_DEVICE = "old_device"
    NOT_AGREED = "not_agreed"


@dataclass(frozen=True)
class Handling:
    """What a fault does.

    Attributes:
        pattern: shown for the result's time.
        level: of the log line.
        hint: what to look at.
        retried: whether it may be asked again, within the deadline.
    """

    pattern: Pattern
    level: int
    hint: str
    retried: bool = False


HANDLING = {
    Fault.CAMERA: Handling(
        lamps.CAMERA, logging.ERROR, "No photo: look at the camera's cable, contacts up at both ends."
    ),
    Fault.WRONG_SERVER: Handling(
        lamps.MISCONFIGURED, logging.ERROR, "What answers is no Porteiro: check server.url, with its prefix."
    ),
    Fault.TOKEN: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server does not accept the token: make one with `porteiro token add` for server.token_file.",
    ),
    Fault.SIGNATURE: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server cannot make out by the signature that this device asks: its secret or the token is "
        "another one, or something between door and server alters requests; its log says more.",
    ),
    Fault.ALTERED: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The request did not come as this device made it: something between door and server alters requests.",
    ),
    Fault.PHOTO_REJECTED: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server does not take the photo: check server.max_upload_bytes and camera.size.",
    ),
    Fault.SERVER_ERROR: Handling(lamps.TROUBLE, logging.WARNING, "The server has trouble: see its log."),
    Fault.UNREACHABLE: Handling(
        lamps.TROUBLE,
        logging.WARNING,
        "The server cannot be reached: is it on, and the network?",
        retried=True,
    ),
    Fault.STORAGE: Handling(
        lamps.TROUBLE,
        logging.ERROR,
        "The server cannot keep visits: its disk is full, or not there. Its log says more.",
    ),
    Fault.CUT_OFF: Handling(
        lamps.TROUBLE,
        logging.WARNING,
        "The answer ends too early, or is broken: look at the server's log, and at what is between.",
    ),
    Fault.TOO_LATE: Handling(
        lamps.TROUBLE, logging.WARNING, "No whole answer came before server.deadline_s."
    ),
    Fault.UNTRUSTED: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server's certificate is not to be trusted: check server.url and server.ca_file.",
    ),
    Fault.CLOCK: Handling(
        lamps.CLOCK, logging.ERROR, "The clocks here and at the server differ: is the time synchronised?"
    ),
    Fault.UNPROVEN: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The answer is not signed for this press: something between door and server alters answers.",
    ),
    Fault.OLD_SERVER: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server is of an earlier release, whose answers this device does not trust: update the server.",
    ),
    Fault.OLD_DEVICE: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server is of a later release, whose answers this device cannot check: update this device.",
    ),
    Fault.NOT_AGREED: Handling(
        lamps.MISCONFIGURED,
        logging.ERROR,
        "The server lets in on fewer photos than relay.agreeing_photos: is it an older release?",
    ),
}
