import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pi_client.config import load_config
from pi_client.fakes.camera import CameraFault, FakeCamera
from pi_client.inbox import CameraLost, CameraOpened, NoPhoto, Photo
from pi_client.photographer import CLOSING_S, Photographer
from tests.pi_client.doors import WaitingInbox

PHOTOS = Path(__file__).parents[1] / "photos"
SETTINGS = replace(load_config(None, {}).camera, probe_s=5.0, capture_timeout_s=0.5, warmup_s=0.0)


class Clock:
    """A clock that stands until it is set."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def camera() -> FakeCamera:
    return FakeCamera(PHOTOS, Clock())


@pytest.fixture
def inbox() -> WaitingInbox:
    return WaitingInbox()


@pytest.fixture
def begin(camera: FakeCamera, inbox: WaitingInbox) -> Iterator[Callable[..., Photographer]]:
    """Start a photographer with the camera; it is stopped at the end."""
    started: list[Photographer] = []

    def begin(clock: Clock | None = None) -> Photographer:
        photographer = Photographer(camera, SETTINGS, inbox, clock or Clock(), most_bytes=900_000)
        photographer.start()
        started.append(photographer)
        return photographer

    yield begin
    camera.mend()
    for photographer in started:
        assert photographer.stop()


def test_an_open_camera_takes_what_is_ordered(
    begin: Callable[..., Photographer], camera: FakeCamera, inbox: WaitingInbox
) -> None:
    camera.choose("ana-1.jpg")
    begin().order("press-1", 3)

    assert inbox.next() == CameraOpened()
    taken = inbox.next()
    assert isinstance(taken, Photo)
    assert taken.jpegs[0] == (PHOTOS / "ana-1.jpg").read_bytes()
    assert (taken.press, len(set(taken.jpegs))) == ("press-1", 3)


def test_a_camera_that_fails_says_why_and_is_opened_anew(
    begin: Callable[..., Photographer], camera: FakeCamera, inbox: WaitingInbox
) -> None:
    photographer = begin()
    opened = inbox.next()
    camera.break_by(CameraFault.TIMEOUT)
    photographer.order("press-1", 1)
    failed, lost = inbox.next(), inbox.next()
    camera.mend()

    assert (opened, failed, lost) == (
        CameraOpened(), NoPhoto("press-1", "No frame came in time."), CameraLost("No frame came in time."),
    )  # fmt: skip
    assert inbox.next() == CameraOpened()


def test_an_absent_camera_is_looked_for_and_a_press_meanwhile_has_no_photo(
    begin: Callable[..., Photographer], camera: FakeCamera, inbox: WaitingInbox
) -> None:
    camera.break_by(CameraFault.ABSENT)
    photographer = begin()
    lost = inbox.next()
    photographer.order("press-1", 1)
    messages = {inbox.next() for _ in range(2)}
    camera.mend()

    assert lost == CameraLost("There is no camera.")
    assert messages == {CameraLost("There is no camera."), NoPhoto("press-1", "There is no camera.")} or (
        NoPhoto("press-1", "the camera is not there") in messages
    )


def test_errors_of_any_kind_are_the_cameras(
    begin: Callable[..., Photographer], camera: FakeCamera, inbox: WaitingInbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(frames: int) -> tuple[bytes, ...]:
        raise MemoryError("no more")

    photographer = begin()
    inbox.next()
    monkeypatch.setattr(camera, "take", fail)
    photographer.order("press-1", 1)

    assert inbox.next() == NoPhoto("press-1", "MemoryError: no more")


def test_point_15_a_camera_that_never_closes_is_wedged(
    begin: Callable[..., Photographer], camera: FakeCamera, inbox: WaitingInbox
) -> None:
    clock = Clock()
    photographer = begin(clock=clock)
    inbox.next()
    camera.break_by(CameraFault.WEDGED)
    photographer.order("press-1", 1)
    failed, lost = inbox.next(), inbox.next()
    before = photographer.is_wedged()
    clock.now_s += CLOSING_S + SETTINGS.capture_timeout_s + 0.1

    assert isinstance(failed, NoPhoto)
    assert isinstance(lost, CameraLost)
    assert (before, photographer.is_wedged()) == (False, True)


def test_idle_threads_end(begin: Callable[..., Photographer], inbox: WaitingInbox) -> None:
    threads = set(threading.enumerate())
    photographer = begin()
    inbox.next()

    assert photographer.stop()
    assert set(threading.enumerate()) <= threads
