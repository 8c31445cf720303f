import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pins import FakePins
from pi_client.simulator.hand import HOLD_S, Hand, later
from pi_client.simulator.stage import PhotoStage, WebcamStage
from tests.pi_client.simulator.staging import photo_folder

NAMES = ("ana-1.jpg", "bruno-1.jpg", "chen-1.jpg")


@pytest.fixture
def stage(tmp_path: Path) -> PhotoStage:
    folder = photo_folder(tmp_path / "photos", *NAMES)
    return PhotoStage(folder, FakeCamera(folder, lambda: 0.0))


def test_a_press_lasts_a_moment_however_often_the_key_repeats(stage: PhotoStage) -> None:
    orders: list[tuple[float, Callable[[], None]]] = []
    device = FakePins()
    hand = Hand(device, stage, threading.Event(), lambda seconds, job: orders.append((seconds, job)))

    hand.press()
    hand.press()
    held = device.button_is_down()
    orders[0][1]()
    released = device.button_is_down()
    hand.press()

    assert (held, released, device.button_is_down()) == (True, False, True)
    assert [seconds for seconds, _ in orders] == [HOLD_S, HOLD_S]


def test_the_photos_go_round(stage: PhotoStage) -> None:
    hand = Hand(FakePins(), stage, threading.Event())
    seen = []
    for turn in (hand.next, hand.next, hand.next, hand.previous):
        turn()
        seen.append(stage.chosen)

    assert seen == [NAMES[1], NAMES[2], NAMES[0], NAMES[2]]


def test_before_a_webcam_there_is_no_next(tmp_path: Path) -> None:
    camera = FakeCamera(photo_folder(tmp_path / "photos", *NAMES), lambda: 0.0)

    Hand(FakePins(), WebcamStage(camera, lambda: 0.0), threading.Event()).next()


def test_quitting_stops_the_simulator(stage: PhotoStage) -> None:
    stop = threading.Event()

    Hand(FakePins(), stage, stop).quit()

    assert stop.is_set()


def test_later_comes() -> None:
    done = threading.Event()

    later(0.001, done.set)

    assert done.wait(10)
