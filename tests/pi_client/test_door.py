import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pi_client import lamps
from pi_client.door import AT_ONCE_S, PING_S
from pi_client.errors import CameraWedged
from pi_client.faults import HANDLING, Fault
from pi_client.inbox import CameraLost, CameraOpened, Message, NoPhoto, ServerSeen
from pi_client.lamps import GREEN, NOTHING, RED, YELLOW
from pi_client.machine import State
from pi_client.notify import Notifier
from pi_client.press import PressResult
from tests.pi_client.doors import JPEG, TURN_S, Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage().ready()
    yield stage
    stage.relay.stop()


def test_point_5_a_known_visitor_sees_green_and_the_door_opens(stage: Stage) -> None:
    stage.answer(stage.asking())

    assert stage.door.state is State.GRANTED
    assert stage.pins.lit >= GREEN
    assert stage.relay.pulses == 1
    assert stage.messenger.asked[0][1] == (JPEG,)


def test_point_5_yellow_within_50_ms_of_the_press_and_off_after_the_answer(stage: Stage) -> None:
    stage.pins.press()

    assert stage.turn_until(lambda: stage.pins.lit == YELLOW) <= 0.05
    press = stage.photographer.orders[-1]
    stage.photo(press)
    stage.answer(press, PressResult.REFUSED)
    assert YELLOW.isdisjoint(stage.pins.lit)
    assert stage.pins.lit >= RED


def test_a_refused_visitor_sees_red_and_the_door_stays_shut(stage: Stage) -> None:
    stage.answer(stage.asking(), PressResult.REFUSED)

    assert (stage.door.pattern, stage.relay.pulses) == (lamps.REFUSED, 0)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_shows_its_pattern_for_the_results_time(stage: Stage, fault: Fault) -> None:
    stage.answer(stage.asking(), PressResult.FAILED, fault=fault)
    shown = stage.door.pattern
    stage.turn(stage.config.leds.result_s + 2 * TURN_S)

    assert (shown, stage.door.pattern) == (HANDLING[fault].pattern, lamps.IDLE)
    assert (stage.door.state, stage.relay.pulses) == (State.READY, 0)


def test_point_7_an_answer_after_the_deadline_never_opens(stage: Stage) -> None:
    press = stage.asking()
    stage.now_s = stage.messenger.asked[-1][0].deadline_s
    stage.answer(press)

    assert (stage.door.state, stage.relay.pulses) == (State.FAILED, 0)
    assert stage.door.pattern is HANDLING[Fault.TOO_LATE].pattern


def test_point_7_an_answer_at_the_last_moment_counts(stage: Stage) -> None:
    press = stage.asking()
    stage.now_s = stage.messenger.asked[-1][0].deadline_s - 2 * TURN_S
    stage.answer(press)

    assert (stage.door.state, stage.relay.pulses) == (State.GRANTED, 1)


def test_point_7_an_answer_to_the_press_before_changes_nothing(stage: Stage) -> None:
    first = stage.asking()
    stage.answer(first, PressResult.FAILED, fault=Fault.TOO_LATE)
    stage.turn(AT_ONCE_S)
    stage.asking()
    stage.answer(first)

    assert (stage.door.state, stage.relay.pulses) == (State.UPLOADING, 0)


# Waiting, after many refusals in a row


def test_a_door_shows_its_refusal_and_then_that_it_waits_and_takes_no_press_until_it_is_over(
    stage: Stage,
) -> None:
    stage.answer(stage.asking(), PressResult.REFUSED, wait_s=8.0)
    refused_s = stage.now_s
    stage.turn(AT_ONCE_S)
    stage.tap()  # of one who does not wait, while it is still red
    shown = [stage.door.pattern]
    stage.turn_until(lambda: stage.door.state is State.WAITING, 3.1)
    shown.append(stage.door.pattern)
    stage.tap()
    stage.turn_until(lambda: stage.door.state is State.READY, 8.1)

    assert shown == [lamps.REFUSED, lamps.WAIT]
    assert stage.now_s - refused_s == pytest.approx(8.0, abs=3 * TURN_S)
    assert (len(stage.photographer.orders), stage.door.counts.ignored) == (1, 2)
    stage.answer(stage.asking())
    assert (stage.door.state, stage.relay.pulses) == (State.GRANTED, 1)


def test_a_press_that_the_server_did_not_look_at_waits_at_once(stage: Stage) -> None:
    stage.answer(stage.asking(), PressResult.TOO_SOON, wait_s=2.0)

    assert (stage.door.state, stage.door.pattern, stage.relay.pulses) == (State.WAITING, lamps.WAIT, 0)
    assert stage.turn_until(lambda: stage.door.state is State.READY, 3.0) == pytest.approx(2.0, abs=0.02)


def test_a_short_wait_is_over_with_the_result(stage: Stage) -> None:
    stage.answer(stage.asking(), PressResult.REFUSED, wait_s=2.0)
    stage.turn(stage.config.leds.result_s + 2 * TURN_S)

    assert stage.door.state is State.READY


def test_a_door_that_waits_and_loses_its_camera_is_blind_afterwards(stage: Stage) -> None:
    stage.answer(stage.asking(), PressResult.TOO_SOON, wait_s=2.0)
    stage.inbox.put(CameraLost("gone"))
    stage.turn(2.1)

    assert (stage.door.state, stage.door.pattern) == (State.DEGRADED, lamps.CAMERA)


def test_as_many_photos_are_taken_as_the_door_and_the_server_ask_for(stage: Stage) -> None:
    for photos in (1, 3, 0, 2):  # 0 where an answer says nothing of it
        stage.answer(stage.asking(), PressResult.REFUSED, photos=photos)
        stage.turn(AT_ONCE_S)
    stage.tap()

    assert stage.photographer.frames == [2, 2, 3, 3, 2]  # its relay alone takes two
    assert stage.messenger.asked[0][0].agreeing == 2


steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.sampled_from([TURN_S, 0.03, 0.2, 1.1, 3.1, 4.5, 9.7, 10.1])),
        st.tuples(st.sampled_from(["down", "up"]), st.just(0.03)),
        st.tuples(
            st.sampled_from(["photo", "granted", "refused", "too_soon", "fault", "no photo"]),
            st.integers(0, 2),
        ),
        st.tuples(st.sampled_from(["camera lost", "camera opened", "server lost"]), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=300, deadline=None)
@given(steps)
def test_point_7_green_and_relay_only_for_a_timely_answer_to_the_press_that_waits(
    course: list[tuple[str, float]],
) -> None:
    stage = Stage().ready()
    try:
        expected = 0
        for what, number in course:
            ids = stage.photographer.orders or ["none"]
            named = ids[-1 - min(int(number), len(ids) - 1)]
            waiting = stage.messenger.asked[-1][0] if stage.door.state is State.UPLOADING else None
            in_time = waiting is not None and stage.now_s + TURN_S <= waiting.deadline_s
            if what == "granted" and in_time and waiting is not None and waiting.id == named:
                expected += 1
            happen(stage, what, number, named)
            assert stage.relay.pulses == expected
            assert lamps.GREEN.isdisjoint(stage.pins.lit) or stage.door.state is State.GRANTED
    finally:
        stage.relay.stop()


def happen(stage: Stage, what: str, number: float, press: str) -> None:
    """Let one thing happen to a door."""
    match what:
        case "wait":
            stage.turn(number)
        case "down":
            stage.pins.press()
            stage.turn(number)
        case "up":
            stage.pins.release()
            stage.turn(number)
        case "photo":
            stage.photo(press)
        case "granted" | "refused" | "too_soon":
            stage.answer(press, PressResult(what), wait_s=0.0 if what == "granted" else 5.0)
        case "fault":
            stage.answer(press, PressResult.FAILED, fault=Fault.SERVER_ERROR)
        case _:
            messages: dict[str, Message] = {
                "no photo": NoPhoto(press, "none"),
                "camera lost": CameraLost("gone"),
                "camera opened": CameraOpened(),
                "server lost": ServerSeen(reachable=False),
            }
            stage.inbox.put(messages[what])
            stage.turn()


def test_a_photo_that_does_not_come_fails_in_time(stage: Stage) -> None:
    stage.tap()
    stage.turn(stage.config.camera.capture_timeout_s + TURN_S)

    assert (stage.door.state, stage.door.pattern) == (State.FAILED, lamps.CAMERA)


def test_a_photo_that_comes_too_late_is_sent_nowhere(stage: Stage) -> None:
    stage.tap()
    stage.turn(stage.config.camera.capture_timeout_s + TURN_S)
    stage.photo("press-1")

    assert stage.messenger.asked == []


def test_without_a_camera_a_press_fails_at_once_and_the_device_is_still_ready_for_its_return() -> None:
    stage = Stage()
    stage.inbox.put(CameraLost("no cable"))
    stage.turn(0.1)
    before = stage.door.state
    stage.tap()
    failed = stage.door.state
    stage.turn(stage.config.leds.result_s + TURN_S)
    after = stage.door.state
    stage.inbox.put(CameraOpened())
    stage.turn()

    assert (before, failed, after, stage.door.state) == (
        State.DEGRADED, State.FAILED, State.DEGRADED, State.READY,
    )  # fmt: skip
    assert stage.photographer.orders == []


def test_pressing_again_is_ignored_and_counted_until_a_second_after_a_refusal(stage: Stage) -> None:
    press = stage.asking()
    stage.tap()
    stage.answer(press, PressResult.REFUSED)
    stage.tap()
    stage.turn(AT_ONCE_S)
    stage.tap()

    assert (stage.door.counts.presses, stage.door.counts.ignored) == (2, 2)
    assert stage.photographer.orders == ["press-1", "press-2"]


def test_a_held_button_keeps_the_result_but_not_the_light(stage: Stage) -> None:
    stage.pins.press()
    stage.turn(0.1)
    stage.photo("press-1")
    stage.answer("press-1")
    stage.turn(stage.config.leds.result_s + TURN_S)
    held = (stage.door.state, stage.door.pattern)
    stage.turn(stage.config.gpio.stuck_s)
    stuck = (stage.door.state, stage.door.pattern)
    stage.pins.release()
    stage.turn(0.1)

    assert (held, stuck) == ((State.GRANTED, lamps.IDLE), (State.GRANTED, lamps.STUCK))
    assert (stage.door.state, stage.door.pattern) == (State.READY, lamps.IDLE)


def test_a_server_that_is_not_reached_is_shown_while_nothing_else_is(stage: Stage) -> None:
    stage.inbox.put(ServerSeen(reachable=False))
    stage.turn()
    offline = stage.door.pattern
    stage.inbox.put(ServerSeen(reachable=True))
    stage.turn()

    assert (offline, stage.door.pattern) == (lamps.OFFLINE, lamps.IDLE)


def test_point_17_a_look_at_the_server_that_hangs_is_shown_as_no_server(stage: Stage) -> None:
    stage.messenger.hung = True
    stage.turn()

    assert stage.door.pattern is lamps.OFFLINE


def listener(tmp_path: Path) -> tuple[Notifier, socket.socket]:
    """A notifier, and the socket on which systemd would hear it."""
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    ear.bind(str(tmp_path / "notify"))
    ear.setblocking(False)
    return Notifier({"NOTIFY_SOCKET": str(tmp_path / "notify")}), ear


def heard(ear: socket.socket) -> list[bytes]:
    """All that was said so far."""
    lines = []
    while True:
        try:
            lines.append(ear.recv(100))
        except BlockingIOError:
            return lines


@pytest.mark.parametrize("message", [CameraOpened(), CameraLost("no cable")])
def test_point_17_ready_is_told_with_a_camera_and_without(
    tmp_path: Path, message: CameraOpened | CameraLost
) -> None:
    notifier, ear = listener(tmp_path)
    with ear:
        stage = Stage(notifier)
        stage.turn()
        before = heard(ear)
        stage.inbox.put(message)
        stage.turn()

        status = b"STATUS=ready" if message == CameraOpened() else b"STATUS=degraded"
        assert (before[:1], heard(ear)[:2]) == ([b"WATCHDOG=1"], [status, b"READY=1"])


def test_point_17_pings_come_steadily_and_none_once_a_worker_stalls(tmp_path: Path) -> None:
    notifier, ear = listener(tmp_path)
    with ear:
        stage = Stage(notifier).ready()
        heard(ear)
        stage.turn(6 * PING_S)
        steady = heard(ear)
        stage.photographer.wedged = True
        with pytest.raises(CameraWedged):
            stage.turn()

        assert (len(steady), set(steady), heard(ear)) == (6, {b"WATCHDOG=1"}, [])


def run_until(stage: Stage, stop: threading.Event) -> threading.Thread:
    """Run the real loop in a thread of its own."""
    thread = threading.Thread(target=stage.door.run, args=(stop,))
    thread.start()
    return thread


def closed(stage: Stage) -> bool:
    """Whether everything was let go of."""
    return (
        stage.pins.closed and stage.pins.lit == NOTHING and not stage.pins.relay_closed
        and stage.photographer.stopped and stage.messenger.stopped
    )  # fmt: skip


def test_point_18_stopping_lets_go_of_everything() -> None:
    stage, stop = Stage(), threading.Event()
    thread = run_until(stage, stop)
    stop.set()
    thread.join(10)

    assert (thread.is_alive(), closed(stage), stage.door.state) == (False, True, State.STOPPED)


@pytest.mark.parametrize(
    "state", ["starting", "ready", "degraded", "capturing", "uploading", "granted", "refused", "failed"]
)
def test_point_18_a_crash_in_any_state_lets_go_of_everything(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage()
    if state != "starting":
        stage.ready()
    if state == "degraded":
        stage.inbox.put(CameraLost("gone"))
        stage.turn()
    if state == "capturing":
        stage.tap()
    if state in ("uploading", "granted", "refused", "failed"):
        press = stage.asking()
    if state in ("granted", "refused", "failed"):
        fault = Fault.TOKEN if state == "failed" else None
        stage.answer(press, PressResult(state), fault=fault)
    before = stage.door.state.value
    monkeypatch.setattr(stage.pins, "button_is_down", lambda: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        stage.door.run(threading.Event())
    assert (before, closed(stage)) == (state, True)


def test_point_18_what_fails_while_closing_keeps_nothing_else_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage.pins, "light", lambda lit: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        stage.door.run(threading.Event())
    assert (stage.pins.closed, stage.pins.relay_closed, stage.photographer.stopped) == (True, False, True)
