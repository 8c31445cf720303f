"""What went wrong between request and reply, as one of the faults: a table over the libraries' errors."""

import ssl
from collections.abc import Iterator
from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import requests
from urllib3.exceptions import ProtocolError

from pi_client.errors import DoorError
from pi_client.faults import Fault

LONGEST_CHAIN = 16
LONGEST_DETAIL = 160
NOT_YET_VALID = 9  # OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID


class OutOfTime(DoorError):
    """The deadline came first, or nothing came for the read timeout."""


class AnswerTooLong(DoorError):
    """More came than any answer has."""


class NoReply(DoorError):
    """There is no reply that could be read.

    Attributes:
        fault: why.
        detail: for the log.
        ms: how long the server was waited for.
    """

    def __init__(self, fault: Fault, detail: str, ms: float):
        super().__init__(detail)
        self.fault, self.detail, self.ms = fault, detail, ms


# The first row counts of which an error is among the causes: the libraries wrap errors in several of theirs.
FAULTS: tuple[tuple[type[Exception], Fault], ...] = (
    (OutOfTime, Fault.TOO_LATE),
    (AnswerTooLong, Fault.WRONG_SERVER),
    (ssl.SSLEOFError, Fault.UNREACHABLE),  # hung up during the handshake
    (ssl.SSLError, Fault.UNTRUSTED),
    (requests.exceptions.SSLError, Fault.UNTRUSTED),
    (IncompleteRead, Fault.CUT_OFF),
    (RemoteDisconnected, Fault.UNREACHABLE),
    (HTTPException, Fault.WRONG_SERVER),  # it speaks something, and that is no HTTP
    (requests.exceptions.ConnectionError, Fault.UNREACHABLE),
    (requests.exceptions.Timeout, Fault.UNREACHABLE),  # of the handshake: ours are OutOfTime
    (ProtocolError, Fault.UNREACHABLE),
)


def fault_of(error: Exception, *, received: int) -> tuple[Fault, str]:
    """Which fault an error is, and what the log is to say.

    Args:
        error: anything that was raised by a request.
        received: how many bytes of the answer had come.
    """
    chain = tuple(_causes(error))
    for kind, fault in FAULTS:
        cause = next((link for link in chain if isinstance(link, kind)), None)
        if cause is not None:
            return _described(cause, fault, chain[-1], received)
    # Of an error that nobody thought of not even the text is known, which might hold a header.
    return Fault.SERVER_ERROR, type(error).__name__


def _described(cause: BaseException, fault: Fault, root: BaseException, received: int) -> tuple[Fault, str]:
    if isinstance(cause, ssl.SSLCertVerificationError):
        detail = f"certificate refused: {cause.verify_message}"
        return (Fault.CLOCK if cause.verify_code == NOT_YET_VALID else fault), _short(detail)
    if isinstance(cause, OutOfTime | AnswerTooLong):
        return fault, str(cause)
    detail = _short(f"{type(root).__name__}: {root}")
    if fault is Fault.UNREACHABLE and received:
        # Not asked again: the server has dealt with the photo, and may be in trouble over it.
        return Fault.CUT_OFF, _short(f"the answer broke off: {detail}")
    return fault, detail


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(LONGEST_CHAIN):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _short(text: str) -> str:
    # Parts of it may be a stranger's: no control characters into the log, and no 64 kB.
    return ascii(text)[1:-1][:LONGEST_DETAIL]
