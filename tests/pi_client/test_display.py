import pytest

from pi_client import lamps
from pi_client.display import DoorCondition, pattern_for
from pi_client.faults import HANDLING, Fault
from pi_client.lamps import Pattern
from pi_client.machine import RESULTS, State


def condition(
    state: State = State.READY, fault: Fault | None = None, *, over: bool = False, stuck: bool = False,
    camera: bool = True, server: bool = True,
) -> DoorCondition:  # fmt: skip
    """A condition, of a door at rest unless told otherwise."""
    return DoorCondition(state, fault, over, stuck, camera, server)


@pytest.mark.parametrize(
    ("state", "pattern"),
    [
        (State.STARTING, lamps.BUSY),
        (State.READY, lamps.IDLE),
        (State.CAPTURING, lamps.BUSY),
        (State.UPLOADING, lamps.BUSY),
        (State.GRANTED, lamps.GRANTED),
        (State.REFUSED, lamps.REFUSED),
        (State.WAITING, lamps.WAIT),
        (State.STOPPED, lamps.IDLE),
    ],
)
def test_each_state_shows_its_own(state: State, pattern: Pattern) -> None:
    assert pattern_for(condition(state)) is pattern


@pytest.mark.parametrize("fault", Fault)
def test_a_failed_press_shows_its_fault(fault: Fault) -> None:
    assert pattern_for(condition(State.FAILED, fault)) is HANDLING[fault].pattern


@pytest.mark.parametrize("state", RESULTS)
def test_a_result_ends_in_time_though_the_button_is_still_held(state: State) -> None:
    assert pattern_for(condition(state, Fault.TOKEN, over=True)) is lamps.IDLE
    assert pattern_for(condition(state, Fault.TOKEN, over=True, stuck=True)) is lamps.STUCK


def test_what_is_nearest_to_a_hand_comes_first() -> None:
    assert pattern_for(condition(server=False)) is lamps.OFFLINE
    assert pattern_for(condition(State.DEGRADED, camera=False, server=False)) is lamps.CAMERA
    assert pattern_for(condition(State.DEGRADED, stuck=True, camera=False, server=False)) is lamps.STUCK


@pytest.mark.parametrize("state", [state for state in State if state is not State.GRANTED])
@pytest.mark.parametrize("fault", [None, *Fault])
def test_only_a_granted_press_is_green(state: State, fault: Fault | None) -> None:
    shown = {
        pattern_for(condition(state, fault, over=over, stuck=stuck, camera=camera, server=server))
        for over in (False, True)
        for stuck in (False, True)
        for camera in (False, True)
        for server in (False, True)
    }

    assert not any(lamps.GREEN & lit for pattern in shown for _, lit in pattern.steps)
