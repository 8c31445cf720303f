"""What any pins do: the simulator's, and a Raspberry Pi's with either of its libraries."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from pi_client.fakes.pins import MOST_MOMENTS, FakePins, Moment
from pi_client.lamps import BUZZER, GREEN, NOTHING, RED, YELLOW, Lamp
from tests.pi_client.fake_lgpio.rigs import RIGS, Rig

EVERYTHING = frozenset(Lamp)
SUBSETS = [frozenset(lamps) for count in range(5) for lamps in itertools.combinations(Lamp, count)]

# What is lit, whether the relay is closed, and whether the button is down.
IN_USE = {
    "idle": (NOTHING, False, False),
    "busy": (YELLOW, False, False),
    "button down": (YELLOW, False, True),
    "door open": (GREEN | BUZZER, True, False),
    "refused": (RED, False, False),
    "all at once": (EVERYTHING, True, True),
}


@pytest.fixture(params=RIGS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with RIGS[request.param]() as rig:
        yield rig


def test_at_first_everything_is_off_and_the_button_up(rig: Rig) -> None:
    assert (rig.lit(), rig.relay_is_closed(), rig.pins.button_is_down()) == (NOTHING, False, False)


def test_point_2_the_button_is_down_while_it_is_pressed(rig: Rig) -> None:
    rig.press()
    held = [rig.pins.button_is_down(), rig.pins.button_is_down()]
    rig.release()

    assert (held, rig.pins.button_is_down()) == ([True, True], False)


def test_point_2_what_is_named_is_lit_and_nothing_else_from_whatever_was_lit_before(rig: Rig) -> None:
    for before, lit in itertools.product(SUBSETS, SUBSETS):
        rig.pins.light(before)
        rig.pins.light(lit)

        assert rig.lit() == lit


def test_point_2_the_relay_does_as_it_is_told_and_leaves_the_lamps(rig: Rig) -> None:
    rig.pins.light(GREEN)
    seen = []
    for closed in (True, True, False, False, True):
        rig.pins.set_relay(closed=closed)
        seen.append(rig.relay_is_closed())

    assert (seen, rig.lit()) == ([True, True, False, False, True], GREEN)


def test_the_lamps_leave_the_relay(rig: Rig) -> None:
    rig.pins.set_relay(closed=True)
    for lit in SUBSETS:
        rig.pins.light(lit)

    assert rig.relay_is_closed()


def test_relay_and_lamps_are_switched_by_several_threads_at_once(rig: Rig) -> None:
    begin = threading.Barrier(4)

    def switch(job: Callable[[int], None]) -> None:
        begin.wait(5)
        for turn in range(200):
            job(turn)

    jobs: tuple[Callable[[int], None], ...] = (
        lambda turn: rig.pins.light(SUBSETS[turn % len(SUBSETS)]),
        lambda turn: rig.pins.set_relay(closed=turn % 2 == 0),
        lambda turn: rig.pins.set_relay(closed=turn % 2 == 0),
        lambda turn: rig.pins.close() if turn == 150 else None,
    )
    with ThreadPoolExecutor(len(jobs)) as threads:
        done = list(threads.map(switch, jobs, timeout=10))  # raises what a thread has raised

    assert (len(done), rig.lit(), rig.relay_is_closed()) == (4, NOTHING, False)


@pytest.mark.parametrize("in_use", IN_USE)
def test_point_18_closing_in_any_state_opens_the_relay_and_darkens_the_lamps(rig: Rig, in_use: str) -> None:
    lit, relay_closed, button_down = IN_USE[in_use]
    rig.pins.light(lit)
    rig.pins.set_relay(closed=relay_closed)
    if button_down:
        rig.press()
    before = (rig.lit(), rig.relay_is_closed(), rig.pins.button_is_down())

    rig.pins.close()

    assert before == IN_USE[in_use]
    assert (rig.lit(), rig.relay_is_closed(), rig.pins.button_is_down()) == (NOTHING, False, False)


def test_point_18_closing_again_changes_nothing(rig: Rig) -> None:
    rig.pins.light(RED)
    for _ in range(3):
        rig.pins.close()

    assert (rig.lit(), rig.relay_is_closed()) == (NOTHING, False)


def test_point_18_nothing_can_be_switched_on_once_the_pins_are_closed(rig: Rig) -> None:
    rig.pins.close()

    rig.pins.light(EVERYTHING)
    rig.pins.set_relay(closed=True)
    rig.press()
    seen = (rig.lit(), rig.relay_is_closed(), rig.pins.button_is_down())
    rig.pins.set_relay(closed=False)

    assert (seen, rig.relay_is_closed()) == ((NOTHING, False, False), False)


@pytest.mark.parametrize("order", list(itertools.permutations(("relay", "lamps", "pins"))))
def test_point_18_the_ways_to_switch_off_come_in_any_order(rig: Rig, order: tuple[str, ...]) -> None:
    rig.pins.light(EVERYTHING)
    rig.pins.set_relay(closed=True)
    ways = {
        "relay": lambda: rig.pins.set_relay(closed=False),
        "lamps": lambda: rig.pins.light(NOTHING),
        "pins": rig.pins.close,
    }

    for name in order:
        ways[name]()

    assert (rig.lit(), rig.relay_is_closed()) == (NOTHING, False)


def test_fake_pins_remember_each_change_and_when_it_came() -> None:
    seconds = iter([1.0, 2.0, 3.5, 9.0])
    pins = FakePins(lambda: next(seconds))

    for lit in (NOTHING, YELLOW, YELLOW, GREEN):
        pins.light(lit)
    pins.set_relay(closed=True)
    pins.close()

    assert pins.closed
    assert pins.history == (
        Moment(1.0, YELLOW, relay_closed=False),
        Moment(2.0, GREEN, relay_closed=False),
        Moment(3.5, GREEN, relay_closed=True),
        Moment(9.0, NOTHING, relay_closed=False),
    )


def test_fake_pins_do_not_remember_more_and_more() -> None:
    turns = itertools.count()
    pins = FakePins(lambda: float(next(turns)))

    for _ in range(MOST_MOMENTS):
        pins.light(RED)
        pins.light(NOTHING)

    assert [moment.at_s for moment in pins.history] == list(range(MOST_MOMENTS, 2 * MOST_MOMENTS))
