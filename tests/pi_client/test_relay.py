import threading
import time

from pi_client.fakes.pins import FakePins
from pi_client.relay import TRIES, Pulse, Relay


def pulses(pins: FakePins) -> list[bool]:
    """The relay's changes."""
    return [moment.relay_closed for moment in pins.history]


def nobody_gives_up() -> None:
    raise AssertionError("the relay gave up")


def test_a_pulse_closes_the_relay_and_opens_it_again() -> None:
    pins = FakePins()
    relay = Relay(pins, Pulse(0.01, 3.0), nobody_gives_up)
    relay.pulse()

    assert relay.wait_until_idle(10)
    assert pulses(pins) == [True, False]
    relay.stop()


def test_point_18_a_pulse_never_exceeds_the_longest_with_the_caller_frozen() -> None:
    pins = FakePins()
    relay = Relay(pins, Pulse(30.0, 0.05), nobody_gives_up)
    relay.pulse()

    assert relay.wait_until_idle(10)  # nobody but the relay's own thread does anything meanwhile
    closed, opened = pins.history
    assert 0.05 <= opened.at_s - closed.at_s < 1.0
    relay.stop()


def test_a_pulse_during_a_pulse_makes_it_no_longer() -> None:
    pins = FakePins()
    relay = Relay(pins, Pulse(0.05, 3.0), nobody_gives_up)
    for _ in range(5):
        relay.pulse()

    assert relay.wait_until_idle(10)
    assert pulses(pins) == [True, False]
    relay.stop()


def test_point_18_stopping_opens_the_relay_at_once_and_for_good() -> None:
    pins, began_s, threads = FakePins(), time.monotonic(), set(threading.enumerate())
    relay = Relay(pins, Pulse(3.0, 3.0), nobody_gives_up)
    relay.pulse()
    relay.stop()
    relay.pulse()

    assert not pins.relay_closed
    assert time.monotonic() - began_s < 2.0
    assert set(threading.enumerate()) <= threads


class StickingPins(FakePins):
    """A relay that does not open for some time."""

    def __init__(self, failures: int):
        super().__init__()
        self.failures = failures

    def set_relay(self, *, closed: bool) -> None:
        if not closed and self.failures:
            self.failures -= 1
            raise OSError("no such line")
        super().set_relay(closed=closed)


def test_point_18_a_relay_that_does_not_open_is_tried_again() -> None:
    pins = StickingPins(failures=TRIES - 1)
    relay = Relay(pins, Pulse(0.001, 3.0), nobody_gives_up)
    relay.pulse()

    assert relay.wait_until_idle(10)
    assert not pins.relay_closed
    relay.stop()


def test_point_18_a_relay_that_never_opens_ends_the_process() -> None:
    pins, given_up = StickingPins(failures=TRIES), threading.Event()
    relay = Relay(pins, Pulse(0.001, 3.0), given_up.set)
    relay.pulse()

    assert given_up.wait(10)
    relay.stop()
    assert not pins.relay_closed
