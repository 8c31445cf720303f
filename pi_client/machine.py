"""The door's states: a pure machine, and the literal table that decides every event in every state."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """What the device is doing."""

    STARTING = "starting"
    READY = "ready"
    DEGRADED = "degraded"
    CAPTURING = "capturing"
    UPLOADING = "uploading"
    GRANTED = "granted"
    REFUSED = "refused"
    WAITING = "waiting"
    FAILED = "failed"
    STOPPED = "stopped"


class DoorEvent(Enum):
    """What happened."""

    CAMERA_OPENED = "camera_opened"
    CAMERA_LOST = "camera_lost"
    PRESS = "press"
    PRESS_AT_ONCE = "press_at_once"  # within a second of the result before it, or while the door has to wait
    PHOTO = "photo"
    GRANTED = "granted"
    REFUSED = "refused"
    TOO_SOON = "too_soon"  # the server looks at no photo for a while
    FAULT = "fault"
    STALE_ANSWER = "stale_answer"  # of an earlier press, or late
    RESULT_SHOWN = "result_shown"  # long enough, and the button is up
    RESULT_SHOWN_BLIND = "result_shown_blind"  # likewise, with no camera
    RESULT_SHOWN_EARLY = "result_shown_early"  # likewise, and the door has to wait before its next press
    WAIT_OVER = "wait_over"
    WAIT_OVER_BLIND = "wait_over_blind"
    STOP = "stop"


class Action(Enum):
    """What the loop is to do."""

    TELL_READY = "tell_ready"
    CAPTURE = "capture"
    UPLOAD = "upload"
    OPEN_DOOR = "open_door"
    COUNT_IGNORED = "count_ignored"
    LOG_STALE = "log_stale"
    FAIL_BLIND = "fail_blind"
    CLOSE_ALL = "close_all"


S, E, A = State, DoorEvent, Action
Row = tuple[State, tuple[Action, ...]]

BUSY = (S.CAPTURING, S.UPLOADING)
RESULTS = (S.GRANTED, S.REFUSED, S.FAILED)
RESTING = (S.STARTING, S.READY, S.DEGRADED, S.WAITING)
RUNNING = (*RESTING, *BUSY, *RESULTS)


def _stays(
    states: tuple[State, ...], event: DoorEvent, *actions: Action
) -> dict[tuple[State, DoorEvent], Row]:
    return {(state, event): (state, actions) for state in states}


# (state, event) -> (next state, actions): every pair there is.
TRANSITIONS: dict[tuple[State, DoorEvent], Row] = {
    (S.STARTING, E.CAMERA_OPENED): (S.READY, (A.TELL_READY,)),
    (S.STARTING, E.CAMERA_LOST): (S.DEGRADED, (A.TELL_READY,)),
    (S.READY, E.CAMERA_LOST): (S.DEGRADED, ()),
    (S.DEGRADED, E.CAMERA_OPENED): (S.READY, ()),
    (S.READY, E.PRESS): (S.CAPTURING, (A.CAPTURE,)),
    (S.READY, E.PRESS_AT_ONCE): (S.CAPTURING, (A.CAPTURE,)),
    (S.DEGRADED, E.PRESS): (S.FAILED, (A.FAIL_BLIND,)),
    (S.DEGRADED, E.PRESS_AT_ONCE): (S.FAILED, (A.FAIL_BLIND,)),
    (S.CAPTURING, E.PHOTO): (S.UPLOADING, (A.UPLOAD,)),
    (S.CAPTURING, E.FAULT): (S.FAILED, ()),
    (S.UPLOADING, E.GRANTED): (S.GRANTED, (A.OPEN_DOOR,)),
    (S.UPLOADING, E.REFUSED): (S.REFUSED, ()),
    (S.UPLOADING, E.TOO_SOON): (S.WAITING, ()),
    (S.UPLOADING, E.FAULT): (S.FAILED, ()),
    (S.REFUSED, E.PRESS): (S.CAPTURING, (A.CAPTURE,)),
    (S.FAILED, E.PRESS): (S.CAPTURING, (A.CAPTURE,)),
    **{(state, E.RESULT_SHOWN): (S.READY, ()) for state in RESULTS},
    **{(state, E.RESULT_SHOWN_BLIND): (S.DEGRADED, ()) for state in RESULTS},
    **{(state, E.RESULT_SHOWN_EARLY): (S.WAITING, ()) for state in RESULTS},
    (S.WAITING, E.WAIT_OVER): (S.READY, ()),
    (S.WAITING, E.WAIT_OVER_BLIND): (S.DEGRADED, ()),
    **{(state, E.STOP): (S.STOPPED, (A.CLOSE_ALL,)) for state in RUNNING},
    # What changes nothing.
    **_stays((S.READY, S.WAITING, *BUSY, *RESULTS), E.CAMERA_OPENED),
    **_stays((S.DEGRADED, S.WAITING, *BUSY, *RESULTS), E.CAMERA_LOST),
    **_stays((S.STARTING, S.WAITING, *BUSY, S.GRANTED), E.PRESS, A.COUNT_IGNORED),
    **_stays((S.STARTING, S.WAITING, *BUSY, *RESULTS), E.PRESS_AT_ONCE, A.COUNT_IGNORED),
    **_stays((*RUNNING, S.STOPPED), E.STALE_ANSWER, A.LOG_STALE),
    **{(S.STOPPED, event): (S.STOPPED, ()) for event in DoorEvent if event is not E.STALE_ANSWER},
    # What comes from a worker for a press that has ended already.
    **_stays((*RESTING, S.UPLOADING, *RESULTS), E.PHOTO, A.LOG_STALE),
    **{
        (state, event): (state, (A.LOG_STALE,))
        for state in (*RESTING, S.CAPTURING, *RESULTS)
        for event in (E.GRANTED, E.REFUSED, E.TOO_SOON)
    },
    **_stays((*RESTING, *RESULTS), E.FAULT, A.LOG_STALE),
    # No result is being shown.
    **_stays((*RESTING, *BUSY), E.RESULT_SHOWN),
    **_stays((*RESTING, *BUSY), E.RESULT_SHOWN_BLIND),
    **_stays((*RESTING, *BUSY), E.RESULT_SHOWN_EARLY),
    # Nor does the door wait.
    **_stays((S.STARTING, S.READY, S.DEGRADED, *BUSY, *RESULTS), E.WAIT_OVER),
    **_stays((S.STARTING, S.READY, S.DEGRADED, *BUSY, *RESULTS), E.WAIT_OVER_BLIND),
}


@dataclass
class Machine:
    """Where the door is. Only ``TRANSITIONS`` moves it."""

    state: State = State.STARTING

    def handle(self, event: DoorEvent) -> tuple[Action, ...]:
        """Go on from an event; gives what is to be done."""
        self.state, actions = TRANSITIONS[self.state, event]
        return actions
