"""What is shown and logged of each event: the specification's table, line by line.

Replies and the network's errors go through what judges them, so a line leads from what a server does to the
lamps. The two lines that end the process, a wedged camera and pins that cannot be used, stand in the tests of
``run`` and of the pins.
"""

import dataclasses
import json
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from pi_client import lamps
from pi_client.answers import failed, judge
from pi_client.door import Door
from pi_client.evidence import ExpectedProof, signing_key
from pi_client.failures import AnswerTooLong, OutOfTime, fault_of
from pi_client.inbox import CameraLost, Message, NoPhoto, ServerSeen
from pi_client.lamps import Pattern
from pi_client.notify import Notifier
from pi_client.press import ButtonPress
from pi_client.transport import Reply
from tests.pi_client.doors import TURN_S, Stage

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HTML = "text/html"

# The hints, in full: they are what somebody at a dark door has to go by.
CABLE = "No photo: look at the camera's cable, contacts up at both ends."
WRONG_SERVER = "What answers is no Porteiro: check server.url, with its prefix."
TOKEN = "The server does not accept the token: make one with `porteiro token add` for server.token_file."
SIGNATURE = (
    "The server cannot make out by the signature that this device asks: its secret or the token is another "
    "one, or something between door and server alters requests; its log says more."
)
ALTERED = (
    "The request did not come as this device made it: something between door and server alters requests."
)
PHOTO = "The server does not take the photo: check server.max_upload_bytes and camera.size."
TROUBLE = "The server has trouble: see its log."
UNREACHABLE = "The server cannot be reached: is it on, and the network?"
STORAGE = "The server cannot keep visits: its disk is full, or not there. Its log says more."
CUT_OFF = "The answer ends too early, or is broken: look at the server's log, and at what is between."
TOO_LATE = "No whole answer came before server.deadline_s."
UNTRUSTED = "The server's certificate is not to be trusted: check server.url and server.ca_file."
CLOCK = "The clocks here and at the server differ: is the time synchronised?"
NOT_AGREED = "The server lets in on fewer photos than relay.agreeing_photos: is it an older release?"
UNPROVEN = "The answer is not signed for this press: something between door and server alters answers."
OLD_SERVER = (
    "The server is of an earlier release, whose answers this device does not trust: update the server."
)
OLD_DEVICE = "The server is of a later release, whose answers this device cannot check: update this device."
EARLIER = {"press": "press-1", "at": NOW.isoformat(), "signature": 64 * "0"}
STALE = "dropped what came too late, or for another press"

Event = Callable[[Stage], None]
Logged = tuple[tuple[int, str], ...]


# How a door comes to where the event finds it.


def ready(stage: Stage) -> None:
    stage.ready()


def asking(stage: Stage) -> None:
    stage.ready().asking()


def capturing(stage: Stage) -> None:
    stage.ready().tap()


def blind(stage: Stage) -> None:
    stage.inbox.put(CameraLost("no cable"))
    stage.turn(0.1)


def offline(stage: Stage) -> None:
    stage.ready().inbox.put(ServerSeen(reachable=False))
    stage.turn()


def held(stage: Stage) -> None:
    stage.ready().pins.press()
    stage.turn(stage.config.gpio.stuck_s - 0.5)


def answered(stage: Stage) -> None:
    asking(stage)
    replied()(stage)


# Events.


def told(*messages: Message) -> Event:
    """The door hears of something, as often as it stands here."""

    def event(stage: Stage) -> None:
        for message in messages:
            stage.inbox.put(message)
            stage.turn()

    return event


def waiting(stage: Stage) -> ButtonPress:
    """The press that waits for its answer."""
    return stage.messenger.asked[-1][0]


def replied(status: int = 200, body: object = None, kind: str = "application/json", key: str = "") -> Event:
    """The server replies, to a door without a token where there is no key; by itself it knows who it is."""
    said = porteiro("known", agreed=2) if body is None else body

    def event(stage: Stage) -> None:
        press = waiting(stage)
        reply = Reply(status, kind, press.id, json.dumps(said).encode(), ms=41.7)
        expected = ExpectedProof(signing_key(key), "") if key else None
        told(judge(reply, press, expected, NOW))(stage)

    return event


def porteiro(outcome: str, **more: Any) -> dict[str, Any]:
    return {"service": "porteiro", "status": "OK", "outcome": outcome, **more}


def error(code: str) -> dict[str, Any]:
    return {"service": "porteiro", "status": "error", "error": {"code": code}}


def broke(by: Exception, received: int = 0) -> Event:
    """The network raises something in place of a reply."""

    def event(stage: Stage) -> None:
        told(failed(waiting(stage), *fault_of(by, received=received)))(stage)

    return event


def refused_certificate(code: int, message: str) -> ssl.SSLError:
    refusal = ssl.SSLCertVerificationError()
    refusal.verify_code, refusal.verify_message = code, message
    return refusal


def no_photo(detail: str) -> Event:
    return told(NoPhoto("press-1", detail))


def passing(seconds: float) -> Event:
    return lambda stage: stage.turn(seconds)


def late_answer(stage: Stage) -> None:
    """The answer waits for the door in the turn in which the deadline has passed."""
    stage.now_s = waiting(stage).deadline_s
    replied()(stage)


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        given: what came before.
        event: what happens.
        pattern: what the lamps then show.
        logged: level and text of every line in the log, from the event on.
    """

    given: Callable[[Stage], None]
    event: Event
    pattern: Pattern
    logged: Logged


def failing(event: Event, pattern: Pattern, level: int, text: str) -> Line:
    """A press that fails while its answer is waited for."""
    fault, _, rest = text.partition(": ")
    return Line(asking, event, pattern, ((level, f"{fault} press=press-1: {rest}"),))


BUSY = ((DEBUG, "busy press=press-1"),)
GRANTED = ((INFO, "granted press=press-1 server_ms=42 known"),)
OFFLINE = ((WARNING, "the server is not reachable"),)
LOST = ((ERROR, f"camera lost: no cable. {CABLE}"),)
ODD, DARK = lamps.MISCONFIGURED, lamps.IDLE
NO_ROUTE = requests.ConnectionError(OSError("no route"))
NAMELESS = requests.ConnectionError(socket.gaierror(-2, "Name or service not known"))
SELF_SIGNED = requests.exceptions.SSLError("refused")
SELF_SIGNED.__cause__ = refused_certificate(18, "self-signed certificate")
NOT_YET = requests.exceptions.SSLError("refused")
NOT_YET.__cause__ = refused_certificate(9, "certificate is not yet valid")

TABLE = {
    "busy": Line(ready, Stage.tap, lamps.BUSY, BUSY),
    "recognised": Line(asking, replied(), lamps.GRANTED, GRANTED),
    "refused": Line(
        asking,
        replied(404, porteiro("unknown")),
        lamps.REFUSED,
        ((INFO, "refused press=press-1 server_ms=42 unknown"),),
    ),
    "refused by a new word": Line(
        asking,
        replied(404, porteiro("wears_a_mask")),
        lamps.REFUSED,
        ((INFO, "refused press=press-1 server_ms=42 wears_a_mask"),),
    ),
    "refused many times in a row": Line(
        asking,
        replied(429, error("too_soon")),
        lamps.WAIT,
        ((INFO, "too_soon press=press-1 server_ms=42 too_soon"),),
    ),
    "known by too few photos": failing(
        replied(200, porteiro("known", agreed=1)), ODD, ERROR, f"not_agreed: agreed: 1. {NOT_AGREED}"
    ),
    "known by an older server": failing(
        replied(200, porteiro("known")), ODD, ERROR, f"not_agreed: agreed: None. {NOT_AGREED}"
    ),
    "200 with a new word": failing(
        replied(200, porteiro("wears_a_mask")),
        ODD,
        ERROR,
        f"wrong_server: status 200, 'application/json', outcome 'wears_a_mask'. {WRONG_SERVER}",
    ),
    "404 that knows somebody": failing(
        replied(404, porteiro("known")),
        ODD,
        ERROR,
        f"wrong_server: status 404, 'application/json', outcome 'known'. {WRONG_SERVER}",
    ),
    "404 that is no JSON": failing(
        replied(404, "no page", HTML),
        ODD,
        ERROR,
        f"wrong_server: status 404, 'text/html', outcome None. {WRONG_SERVER}",
    ),
    "200 that is no JSON": failing(
        replied(200, "welcome", HTML),
        ODD,
        ERROR,
        f"wrong_server: status 200, 'text/html', outcome None. {WRONG_SERVER}",
    ),
    "200 with another's JSON": failing(
        replied(200, {"outcome": "known"}),
        ODD,
        ERROR,
        f"wrong_server: status 200, 'application/json', outcome 'known'. {WRONG_SERVER}",
    ),
    "3xx": failing(replied(301), ODD, ERROR, f"wrong_server: status 301. {WRONG_SERVER}"),
    "no HTTP at all": failing(
        broke(AnswerTooLong("more than 9 bytes came")),
        ODD,
        ERROR,
        f"wrong_server: more than 9 bytes came. {WRONG_SERVER}",
    ),
    "401": failing(
        replied(401, error("unauthorised")), ODD, ERROR, f"token: status 401, 'unauthorised'. {TOKEN}"
    ),
    "a signature that does not fit": failing(
        replied(401, error("bad_signature")),
        ODD,
        ERROR,
        f"signature: status 401, 'bad_signature'. {SIGNATURE}",
    ),
    "a header that is not as it was sent": failing(
        replied(400, error("bad_press")), ODD, ERROR, f"altered: status 400, 'bad_press'. {ALTERED}"
    ),
    "403": failing(replied(403, {}), ODD, ERROR, f"token: status 403. {TOKEN}"),
    "413": failing(replied(413, "", HTML), ODD, ERROR, f"photo_rejected: status 413. {PHOTO}"),
    "415": failing(replied(415, {}), ODD, ERROR, f"photo_rejected: status 415. {PHOTO}"),
    "422": failing(replied(422, {}), ODD, ERROR, f"photo_rejected: status 422. {PHOTO}"),
    "another 4xx": failing(replied(418, {}), lamps.TROUBLE, WARNING, f"server_error: status 418. {TROUBLE}"),
    "another 5xx": failing(replied(500, {}), lamps.TROUBLE, WARNING, f"server_error: status 500. {TROUBLE}"),
    "502": failing(replied(502, "", HTML), lamps.TROUBLE, WARNING, f"unreachable: status 502. {UNREACHABLE}"),
    "503": failing(replied(503, "", HTML), lamps.TROUBLE, WARNING, f"unreachable: status 503. {UNREACHABLE}"),
    "503 of a full disk": failing(
        replied(503, error("storage_full")),
        lamps.TROUBLE,
        ERROR,
        f"storage: status 503, 'storage_full'. {STORAGE}",
    ),
    "503 of a disk that is not there": failing(
        replied(503, error("photos_missing")),
        lamps.TROUBLE,
        ERROR,
        f"storage: status 503, 'photos_missing'. {STORAGE}",
    ),
    "504": failing(replied(504, "", HTML), lamps.TROUBLE, WARNING, f"unreachable: status 504. {UNREACHABLE}"),
    "nobody there": failing(
        broke(NO_ROUTE), lamps.TROUBLE, WARNING, f"unreachable: ConnectionError: no route. {UNREACHABLE}"
    ),
    "no such name": failing(
        broke(NAMELESS),
        lamps.TROUBLE,
        WARNING,
        f"unreachable: ConnectionError: [Errno -2] Name or service not known. {UNREACHABLE}",
    ),
    "answer breaks off": failing(
        broke(NO_ROUTE, received=9),
        lamps.TROUBLE,
        WARNING,
        f"cut_off: the answer broke off: ConnectionError: no route. {CUT_OFF}",
    ),
    "read timeout": failing(
        broke(OutOfTime("no answer came")),
        lamps.TROUBLE,
        WARNING,
        f"too_late: no answer came. {TOO_LATE}",
    ),
    "deadline": failing(
        passing(10 + TURN_S), lamps.TROUBLE, WARNING, f"too_late: no answer in time. {TOO_LATE}"
    ),
    "TLS untrusted": failing(
        broke(SELF_SIGNED),
        ODD,
        ERROR,
        f"untrusted: certificate refused: self-signed certificate. {UNTRUSTED}",
    ),
    "certificate not yet valid": failing(
        broke(NOT_YET),
        lamps.CLOCK,
        ERROR,
        f"clock: certificate refused: certificate is not yet valid. {CLOCK}",
    ),
    "clock refused by the server": failing(
        replied(409, error("clock")), lamps.CLOCK, ERROR, f"clock: status 409, 'clock'. {CLOCK}"
    ),
    "answer not signed": failing(
        replied(key="front-door.a-secret"),
        ODD,
        ERROR,
        f"unproven: the answer has no evidence. {UNPROVEN}",
    ),
    "new word not signed": failing(
        replied(404, porteiro("wears_a_mask"), key="front-door.a-secret"),
        ODD,
        ERROR,
        f"unproven: the answer has no evidence. {UNPROVEN}",
    ),
    "signed as earlier releases did": failing(
        replied(200, porteiro("known", evidence=EARLIER), key="front-door.a-secret"),
        ODD,
        ERROR,
        f"old_server: the evidence is of version 1, here it is 2. {OLD_SERVER}",
    ),
    "signed as later releases do": failing(
        replied(200, porteiro("known", evidence={**EARLIER, "version": 3}), key="front-door.a-secret"),
        ODD,
        ERROR,
        f"old_device: the evidence is of version 3, here it is 2. {OLD_DEVICE}",
    ),
    "too old for the server": failing(
        replied(400, error("update_device")),
        ODD,
        ERROR,
        f"old_device: status 400, 'update_device'. {OLD_DEVICE}",
    ),
    "too new for the server": failing(
        replied(400, error("update_server")),
        ODD,
        ERROR,
        f"old_server: status 400, 'update_server'. {OLD_SERVER}",
    ),
    "camera has no photo": Line(
        capturing,
        no_photo("OSError: [Errno 12] Cannot allocate memory"),
        lamps.CAMERA,
        ((ERROR, f"camera press=press-1: OSError: [Errno 12] Cannot allocate memory. {CABLE}"),),
    ),
    "camera timeout": Line(
        capturing,
        passing(4 + TURN_S),
        lamps.CAMERA,
        ((ERROR, f"camera press=press-1: no photo in time. {CABLE}"),),
    ),
    "camera absent at the start": Line(lambda _: None, told(CameraLost("no cable")), lamps.CAMERA, LOST),
    "camera lost": Line(ready, told(CameraLost("no cable")), lamps.CAMERA, LOST),
    "camera lost again and again": Line(ready, told(*[CameraLost("no cable")] * 3), lamps.CAMERA, LOST),
    "press without a camera": Line(
        blind, Stage.tap, lamps.CAMERA, ((ERROR, f"a press without a camera. {CABLE}"),)
    ),
    "server there, as before": Line(ready, told(ServerSeen(reachable=True)), DARK, ()),
    "server offline": Line(ready, told(ServerSeen(reachable=False)), lamps.OFFLINE, OFFLINE),
    "server still offline": Line(offline, told(ServerSeen(reachable=False)), lamps.OFFLINE, ()),
    "server there again": Line(
        offline, told(*[ServerSeen(reachable=True)] * 2), DARK, ((INFO, "the server is there again"),)
    ),
    "button stuck": Line(held, passing(2.0), lamps.STUCK, ((WARNING, "the button is stuck, or held down"),)),
    "answer to another press": Line(
        asking, lambda stage: stage.answer("press-0"), lamps.BUSY, ((INFO, STALE),)
    ),
    "answer once more": Line(answered, replied(), lamps.GRANTED, ((INFO, STALE),)),
    "late answer": Line(
        asking,
        late_answer,
        lamps.TROUBLE,
        ((WARNING, f"too_late press=press-1: no answer in time. {TOO_LATE}"), (INFO, STALE)),
    ),
}


@pytest.mark.parametrize("line", TABLE.values(), ids=TABLE)
def test_an_event_shows_its_pattern_and_logs_its_line(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    caplog.set_level(DEBUG, "porteiro.door")
    try:
        line.given(stage)
        caplog.clear()
        line.event(stage)

        assert (stage.door.pattern, tuple(logged(caplog))) == (line.pattern, line.logged)
    finally:
        stage.relay.stop()


@pytest.mark.parametrize(
    ("audit", "text"),
    [
        (False, "granted press=press-1 server_ms=42 known"),
        (True, "granted press=press-1 server_ms=42 known person='Ana'"),
    ],
)
def test_who_was_let_in_is_named_in_the_log_only_where_that_was_asked_for(
    audit: bool, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    log = dataclasses.replace(stage.config.log, audit=audit)
    stage.door = Door(dataclasses.replace(stage.config, log=log), stage._parts(Notifier({})))
    caplog.set_level(DEBUG, "porteiro.door")
    asking(stage)
    caplog.clear()

    replied(200, porteiro("known", agreed=2, person={"id": 7, "name": "Ana"}))(stage)
    stage.relay.stop()

    assert logged(caplog) == [(INFO, text)]
    assert ("Ana" in caplog.text) == audit


@pytest.mark.parametrize("audit", [False, True])
def test_a_failed_press_names_nobody(audit: bool, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    log = dataclasses.replace(stage.config.log, audit=audit)
    stage.door = Door(dataclasses.replace(stage.config, log=log), stage._parts(Notifier({})))
    caplog.set_level(DEBUG, "porteiro.door")
    asking(stage)

    named = porteiro("known", person={"id": 7, "name": "Ana"})
    replied(200, named, key="front-door.a-secret")(stage)

    assert (stage.door.pattern, "Ana" in caplog.text) == (lamps.MISCONFIGURED, False)


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Level and text of each line of the door's log."""
    return [(level, text) for name, level, text in caplog.record_tuples if name == "porteiro.door"]
