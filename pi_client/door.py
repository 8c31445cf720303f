"""The door: a loop of a few milliseconds that samples the button, hears its workers and lights the lamps."""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from pi_client import lamps
from pi_client.button import Button, ButtonEvent
from pi_client.config import DoorConfig
from pi_client.display import Display, DoorCondition, pattern_for
from pi_client.errors import CameraWedged
from pi_client.faults import HANDLING, Fault
from pi_client.inbox import CameraLost, CameraOpened, MessageQueue, NoPhoto, Photo, ServerSeen
from pi_client.lamps import Pattern
from pi_client.machine import RESULTS, Action, DoorEvent, Machine, State
from pi_client.messenger import Messenger
from pi_client.notify import Notifier
from pi_client.photographer import Photographer
from pi_client.ports import Pins
from pi_client.press import ButtonPress, Clock, PressAnswer, PressResult
from pi_client.relay import Relay

AT_ONCE_S = 1.0  # so soon after a result a press is the same finger, not a new visitor
PING_S = 5.0

ANSWERED = {
    PressResult.GRANTED: DoorEvent.GRANTED,
    PressResult.REFUSED: DoorEvent.REFUSED,
    PressResult.TOO_SOON: DoorEvent.TOO_SOON,
    PressResult.FAILED: DoorEvent.FAULT,
}
log = logging.getLogger("porteiro.door")


@dataclass(frozen=True)
class Parts:
    """What the door works with."""

    pins: Pins
    relay: Relay
    photographer: Photographer
    messenger: Messenger
    notifier: Notifier
    inbox: MessageQueue
    clock: Clock
    new_id: Callable[[], str]


@dataclass
class PressCounts:
    """What the heartbeat tells of presses."""

    presses: int = 0
    ignored: int = 0
    last_press: ButtonPress | None = None


class Door:
    """One door. Everything happens in ``turn``; nothing in it waits."""

    def __init__(self, config: DoorConfig, parts: Parts):
        self._config, self._parts = config, parts
        self._button = Button(config.gpio.debounce_ms / 1000, config.gpio.stuck_s)
        self._machine = Machine()
        self._press: ButtonPress | None = None
        self._photos: tuple[bytes, ...] = ()
        self._fault: Fault | None = None
        self._capture_until_s = self._wait_until_s = 0.0
        self._wanted = config.camera.frames  # photos of the next press
        self._now_s = self._changed_at_s = parts.clock.monotonic()
        self._display = Display(parts.pins, self._now_s)
        self._pinged_at_s = -PING_S
        self._server_ok = True
        self.camera_ok = False
        self.counts = PressCounts()

    @property
    def state(self) -> State:
        """Where the door is."""
        return self._machine.state

    @property
    def pattern(self) -> Pattern:
        """What the lamps show."""
        return self._display.pattern

    def run(self, stop: threading.Event) -> None:
        """Turn until told to stop; whatever happens, the relay is open and the lamps are off at the end.

        Raises:
            CameraWedged: only a new process helps.
        """
        self.start()
        try:
            while not stop.is_set():
                self._parts.inbox.wait(self._config.gpio.poll_ms / 1000)
                self.turn()
        finally:
            self.stop()

    def start(self) -> None:
        """Let the camera and the server's threads begin."""
        self._parts.photographer.start()
        self._parts.messenger.start()

    def stop(self) -> None:
        """Let go of everything, for good."""
        self._handle(DoorEvent.STOP)

    def turn(self) -> None:
        """One turn of the loop.

        Raises:
            CameraWedged: the camera's thread does not come back.
        """
        self._now_s = now_s = self._parts.clock.monotonic()
        self._sample_button(now_s)
        self._end_what_is_over(now_s)  # before the messages: an answer after the deadline finds no press
        for message in self._parts.inbox.take():
            RECEIVERS[type(message)](self, message)
        self._display.show(pattern_for(self._condition(now_s)), now_s)
        if self._parts.photographer.is_wedged():
            raise CameraWedged("The camera neither answers nor closes; starting anew.")
        self._ping(now_s)

    def _sample_button(self, now_s: float) -> None:
        event = self._button.sample(now_s, down=self._parts.pins.button_is_down())
        if event is ButtonEvent.STUCK:
            log.warning("the button is stuck, or held down")
        if event is ButtonEvent.PRESSED:
            is_early = now_s - self._changed_at_s < AT_ONCE_S or now_s < self._wait_until_s
            at_once = self.state in RESULTS and is_early
            self._handle(DoorEvent.PRESS_AT_ONCE if at_once else DoorEvent.PRESS)

    def _end_what_is_over(self, now_s: float) -> None:
        if self.state is State.CAPTURING and now_s > self._capture_until_s:
            self._fail(Fault.CAMERA, "no photo in time")
        elif self._press and self.state is State.UPLOADING and now_s > self._press.deadline_s:
            self._fail(Fault.TOO_LATE, "no answer in time")
        elif self.state in RESULTS and self._is_shown(now_s) and not self._button.is_down:
            self._end_result(waits=now_s < self._wait_until_s)
        elif self.state is State.WAITING and now_s >= self._wait_until_s:
            self._handle(DoorEvent.WAIT_OVER if self.camera_ok else DoorEvent.WAIT_OVER_BLIND)

    def _end_result(self, *, waits: bool) -> None:
        if waits:
            self._handle(DoorEvent.RESULT_SHOWN_EARLY)
        else:
            self._handle(DoorEvent.RESULT_SHOWN if self.camera_ok else DoorEvent.RESULT_SHOWN_BLIND)

    def _is_shown(self, now_s: float) -> bool:
        return now_s - self._changed_at_s >= self._config.leds.result_s

    def _camera_opened(self, _: CameraOpened) -> None:
        self.camera_ok = True
        self._handle(DoorEvent.CAMERA_OPENED)

    def _camera_lost(self, lost: CameraLost) -> None:
        if self.camera_ok or self.state is State.STARTING:
            log.error("camera lost: %s. %s", lost.detail.rstrip("."), HANDLING[Fault.CAMERA].hint)
        self.camera_ok = False
        self._handle(DoorEvent.CAMERA_LOST)

    def _photo(self, photo: Photo) -> None:
        if self._current(photo.press, State.CAPTURING):
            self._photos = photo.jpegs
            self._handle(DoorEvent.PHOTO)

    def _no_photo(self, none: NoPhoto) -> None:
        if self._current(none.press, State.CAPTURING):
            self._fail(Fault.CAMERA, none.detail)

    def _server_seen(self, seen: ServerSeen) -> None:
        if seen.reachable != self._server_ok:
            level, word = (
                (logging.INFO, "there again") if seen.reachable else (logging.WARNING, "not reachable")
            )
            log.log(level, "the server is %s", word)
        self._server_ok = seen.reachable

    def _answer(self, answer: PressAnswer) -> None:
        press = self._current(answer.press, State.UPLOADING)
        if press is None:
            return
        if self._parts.clock.monotonic() > press.deadline_s:
            self._handle(DoorEvent.STALE_ANSWER)  # the next turn ends the press
            return
        if answer.fault is not None:
            self._fail(answer.fault, answer.detail)
            return
        who = f" person={answer.person}" if self._config.log.audit and answer.person else ""
        log.info(
            "%s press=%s server_ms=%.0f %s%s",
            answer.result.value,
            answer.press,
            answer.server_ms,
            answer.detail,
            who,
        )
        self._wait_until_s = self._now_s + answer.wait_s
        if answer.photos:
            self._wanted = max(self._config.camera.frames, answer.photos)
        self._handle(ANSWERED[answer.result])

    def _current(self, press_id: str, state: State) -> ButtonPress | None:
        if self._press is not None and press_id == self._press.id and self.state is state:
            return self._press
        self._handle(DoorEvent.STALE_ANSWER)
        return None

    def _fail(self, fault: Fault, detail: str) -> None:
        self._fault = fault
        handling = HANDLING[fault]
        press = self._press.id if self._press else "-"
        log.log(handling.level, "%s press=%s: %s. %s", fault.value, press, detail.rstrip("."), handling.hint)
        self._handle(DoorEvent.FAULT)

    def _handle(self, event: DoorEvent) -> None:
        before = self.state
        actions = self._machine.handle(event)
        if self.state is not before:
            self._changed_at_s = self._now_s  # which the lamps count from too
            self._parts.notifier.status(self.state.value)
        for action in actions:
            ACTIONS[action](self)

    def _tell_ready(self) -> None:
        self._parts.notifier.ready()

    def _capture(self) -> None:
        clock, config = self._parts.clock, self._config
        now_s = clock.monotonic()
        deadline_s = now_s + config.server.deadline_s
        self._press = ButtonPress(self._parts.new_id(), now_s, clock.wall(), deadline_s, config.agreeing)
        self._capture_until_s = now_s + config.camera.capture_timeout_s
        self._fault = None
        self.counts.presses += 1
        self.counts.last_press = self._press
        self._parts.photographer.order(self._press.id, self._wanted)
        log.debug("busy press=%s", self._press.id)

    def _upload(self) -> None:
        if self._press is not None:
            self._parts.messenger.ask(self._press, self._photos)
        self._photos = ()

    def _open_door(self) -> None:
        if self._config.relay.pin:
            self._parts.relay.pulse()

    def _count_ignored(self) -> None:
        self.counts.ignored += 1

    def _log_stale(self) -> None:
        log.info("dropped what came too late, or for another press")

    def _fail_blind(self) -> None:
        self._press, self._fault = None, Fault.CAMERA
        self.counts.presses += 1
        log.error("a press without a camera. %s", HANDLING[Fault.CAMERA].hint)

    def _close_all(self) -> None:
        with ExitStack() as last_first:  # each is done, whatever becomes of the others
            last_first.callback(self._parts.photographer.stop)  # may wait: the camera comes last
            last_first.callback(self._parts.messenger.stop)
            last_first.callback(self._parts.notifier.stopping)
            last_first.callback(self._parts.pins.close)
            last_first.callback(self._parts.pins.light, lamps.NOTHING)
            last_first.callback(self._parts.relay.stop)

    def _condition(self, now_s: float) -> DoorCondition:
        return DoorCondition(
            state=self.state,
            fault=self._fault,
            result_is_over=self._is_shown(now_s),
            button_is_stuck=self._button.is_stuck,
            camera_ok=self.camera_ok,
            server_ok=self._server_ok and not self._parts.messenger.hangs(),
        )

    def _ping(self, now_s: float) -> None:
        if now_s - self._pinged_at_s >= PING_S:
            self._pinged_at_s = now_s
            self._parts.notifier.ping()


ACTIONS: dict[Action, Callable[[Door], None]] = {
    Action.TELL_READY: Door._tell_ready,
    Action.CAPTURE: Door._capture,
    Action.UPLOAD: Door._upload,
    Action.OPEN_DOOR: Door._open_door,
    Action.COUNT_IGNORED: Door._count_ignored,
    Action.LOG_STALE: Door._log_stale,
    Action.FAIL_BLIND: Door._fail_blind,
    Action.CLOSE_ALL: Door._close_all,
}

RECEIVERS: dict[type, Callable[[Door, Any], None]] = {
    CameraOpened: Door._camera_opened,
    CameraLost: Door._camera_lost,
    Photo: Door._photo,
    NoPhoto: Door._no_photo,
    ServerSeen: Door._server_seen,
    PressAnswer: Door._answer,
}
