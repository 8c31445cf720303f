import pytest

from pi_client.machine import RESULTS, TRANSITIONS, Action, DoorEvent, Machine, State


def after(state: State, *events: DoorEvent) -> tuple[State, list[Action]]:
    """Where events lead, and all that is to be done on the way."""
    machine = Machine(state)
    actions = [action for event in events for action in machine.handle(event)]
    return machine.state, actions


def test_every_event_is_decided_in_every_state() -> None:
    assert set(TRANSITIONS) == {(state, event) for state in State for event in DoorEvent}


def test_a_visitor_who_is_let_in() -> None:
    events = (
        DoorEvent.CAMERA_OPENED,
        DoorEvent.PRESS,
        DoorEvent.PHOTO,
        DoorEvent.GRANTED,
        DoorEvent.RESULT_SHOWN,
    )

    assert after(State.STARTING, *events) == (
        State.READY,
        [Action.TELL_READY, Action.CAPTURE, Action.UPLOAD, Action.OPEN_DOOR],
    )


def test_the_door_opens_from_one_row_of_the_table_alone() -> None:
    opening = [row for row, (_, actions) in TRANSITIONS.items() if Action.OPEN_DOOR in actions]
    green = [row for row, (state, _) in TRANSITIONS.items() if state is State.GRANTED and row[0] is not state]

    assert opening == green == [(State.UPLOADING, DoorEvent.GRANTED)]


@pytest.mark.parametrize("state", [state for state in State if state is not State.STOPPED])
def test_stopping_closes_everything_from_any_state(state: State) -> None:
    assert after(state, DoorEvent.STOP) == (State.STOPPED, [Action.CLOSE_ALL])


@pytest.mark.parametrize("event", DoorEvent)
def test_what_has_stopped_does_nothing_more(event: DoorEvent) -> None:
    state, actions = after(State.STOPPED, event)

    assert state is State.STOPPED
    assert Action.CLOSE_ALL not in actions
    assert Action.OPEN_DOOR not in actions


@pytest.mark.parametrize("state", State)
def test_an_answer_to_another_press_changes_nothing(state: State) -> None:
    assert after(state, DoorEvent.STALE_ANSWER) == (state, [Action.LOG_STALE])


def test_a_press_without_a_camera_fails_at_once() -> None:
    assert after(State.DEGRADED, DoorEvent.PRESS) == (State.FAILED, [Action.FAIL_BLIND])


def test_a_device_without_a_camera_still_tells_that_it_runs() -> None:
    assert after(State.STARTING, DoorEvent.CAMERA_LOST) == (State.DEGRADED, [Action.TELL_READY])


@pytest.mark.parametrize("state", [State.CAPTURING, State.UPLOADING, State.GRANTED])
def test_presses_meanwhile_are_counted_and_ignored(state: State) -> None:
    assert after(state, DoorEvent.PRESS) == (state, [Action.COUNT_IGNORED])


@pytest.mark.parametrize("state", [State.REFUSED, State.FAILED])
def test_who_was_refused_may_try_again_but_not_with_the_same_press(state: State) -> None:
    assert after(state, DoorEvent.PRESS_AT_ONCE) == (state, [Action.COUNT_IGNORED])
    assert after(state, DoorEvent.PRESS) == (State.CAPTURING, [Action.CAPTURE])


def test_after_many_refusals_the_door_waits_and_takes_no_press() -> None:
    too_soon = (DoorEvent.PRESS, DoorEvent.PHOTO, DoorEvent.TOO_SOON)

    assert after(State.READY, *too_soon) == (State.WAITING, [Action.CAPTURE, Action.UPLOAD])
    assert after(State.REFUSED, DoorEvent.RESULT_SHOWN_EARLY) == (State.WAITING, [])
    for press in (DoorEvent.PRESS, DoorEvent.PRESS_AT_ONCE):
        assert after(State.WAITING, press) == (State.WAITING, [Action.COUNT_IGNORED])
    assert after(State.WAITING, DoorEvent.WAIT_OVER) == (State.READY, [])
    assert after(State.WAITING, DoorEvent.WAIT_OVER_BLIND) == (State.DEGRADED, [])


@pytest.mark.parametrize("state", RESULTS)
def test_after_a_result_the_door_is_ready_or_blind(state: State) -> None:
    assert after(state, DoorEvent.RESULT_SHOWN) == (State.READY, [])
    assert after(state, DoorEvent.RESULT_SHOWN_BLIND) == (State.DEGRADED, [])
