"""The device's own parts on trial: button, lamps, camera."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait

from pi_client.commands.options import CLOCK, Hardware
from pi_client.config import CameraSettings
from pi_client.errors import CameraError, CameraWedged, DoorError, HardwareError
from pi_client.lamps import NOTHING, Lamp
from pi_client.photographer import CLOSING_S
from pi_client.ports import Camera, Pins

LAMP_S = 0.4
CAMERA_THREAD = "camera on trial"

# A part's name, what there is to tell, and whether it works.
Finding = tuple[str, str, bool]


class CheckFailed(DoorError):
    """A part does not work; the message says what to do."""


def judged(part: str, trial: Callable[[], str]) -> Finding:
    """What came of a trial, whatever it raised."""
    try:
        return part, trial(), True
    except DoorError as error:
        return part, str(error), False
    except Exception as error:  # noqa: BLE001 - of what the libraries raise there is no list
        return part, f"{type(error).__name__}: {error}", False


def try_hardware(
    hardware: Callable[[], Hardware], settings: CameraSettings, sleep: Callable[[float], None]
) -> Iterator[Finding]:
    """Try each part, the camera last.

    Args:
        hardware: opens it.
        settings: of the camera.
        sleep: waits while a lamp is on.
    """
    try:
        opened = hardware()
    except HardwareError as error:
        yield "pins", str(error), False
        return
    try:
        yield judged("button", lambda: _button(opened.pins))
        yield judged("lamps", lambda: _lamps(opened.pins, sleep))
        yield judged("camera", lambda: _camera(opened.camera, settings))
    finally:
        with contextlib.suppress(Exception):  # pins that cannot even be switched off were told of above
            opened.pins.close()


def camera_hangs() -> bool:
    """Whether a camera on trial has not come back: its threads may keep the process for ever."""
    return any(thread.name == CAMERA_THREAD for thread in threading.enumerate())


def _button(pins: Pins) -> str:
    if pins.button_is_down():
        raise CheckFailed("The button reads as pressed: is it wired between gpio.button and ground?")
    return "not pressed, as it should be"


def _lamps(pins: Pins, sleep: Callable[[float], None]) -> str:
    for lamp in Lamp:
        pins.light(frozenset({lamp}))
        sleep(LAMP_S)
    pins.light(NOTHING)
    return "each was on for a moment: yellow, green, red, then the buzzer if there is one"


def _camera(camera: Camera, settings: CameraSettings) -> str:
    most_s = settings.warmup_s + 2 * settings.capture_timeout_s + CLOSING_S
    trial: Future[str] = Future()
    # In a thread that ends with the process: a camera may hang, and then not even close.
    arguments = (trial, lambda: _photo(camera, settings.frames))
    threading.Thread(target=_run, args=arguments, name=CAMERA_THREAD, daemon=True).start()
    if not wait((trial,), most_s).done:
        raise CameraWedged(
            "The camera does not come back: switch the Pi off, look at the cable, contacts up at both ends, "
            "and switch it on."
        )
    return trial.result()


def _run(trial: Future[str], job: Callable[[], str]) -> None:
    try:
        trial.set_result(job())
    except Exception as error:  # noqa: BLE001 - whoever waits for the result gets it
        trial.set_exception(error)


def _photo(camera: Camera, frames: int) -> str:
    camera.open()
    try:
        began_s = CLOCK.monotonic()
        photos = camera.take(frames)
        took_ms = 1000 * (CLOCK.monotonic() - began_s)
    finally:
        camera.close()
    if not photos:
        raise CameraError("The camera gave no photo.")
    return f"a photo of {len(photos[0]) / 1000:.0f} kB in {took_ms:.0f} ms"
