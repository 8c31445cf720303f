"""Every camera keeps the same contract; the Pi's own is started as its settings say, and explains itself."""

import errno
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pi_client.camera import FRAME_GAP_S, PiCamera
from pi_client.config import load_config
from pi_client.errors import CameraError
from pi_client.fakes.camera import CameraFault, FakeCamera
from pi_client.ports import Camera
from tests.pi_client.fake_picamera2 import (
    CAMERA_MODULE_2,
    EXPOSURE_NS,
    FRAME_NS,
    SECOND_NS,
    Hardware,
    Transform,
    chained,
    jpeg_note,
)

PHOTOS = Path(__file__).parent.parent / "photos"
SETTINGS = load_config(None, {}).camera


@dataclass(frozen=True)
class Rig:
    """A camera, and what a test does to it or asks about it."""

    camera: Camera
    now_s: Callable[[], float]
    exposures_s: Callable[[], list[float]]
    break_stream: Callable[[], None]
    take_away: Callable[[], None]
    occupy: Callable[[], None]
    cut_off: Callable[[], None]
    mend: Callable[[], None]


def fake_rig() -> Rig:
    """The fake camera over real photos."""
    camera = FakeCamera(PHOTOS, lambda: 5.0)
    return Rig(
        camera,
        now_s=lambda: 5.0,
        exposures_s=lambda: list(camera.exposures),
        break_stream=lambda: camera.break_by(CameraFault.TIMEOUT),
        take_away=lambda: camera.break_by(CameraFault.ABSENT),
        occupy=lambda: camera.break_by(CameraFault.BUSY),
        cut_off=lambda: camera.break_by(CameraFault.TRUNCATED),
        mend=camera.mend,
    )


def pi_rig(hardware: Hardware) -> Rig:
    """The Pi's camera over the fake picamera2."""

    def mend() -> None:
        hardware.frames_come = hardware.saves_whole = True
        hardware.failures.clear()

    def fail(error: Exception) -> Callable[[], None]:
        return lambda: hardware.failures.update({"__init__": error})

    return Rig(
        PiCamera(SETTINGS, hardware.monotonic_ns),
        now_s=lambda: hardware.now_ns / SECOND_NS,
        exposures_s=lambda: [exposed_ns / SECOND_NS for exposed_ns in hardware.exposures_ns],
        break_stream=lambda: setattr(hardware, "frames_come", False),
        take_away=fail(IndexError("list index out of range")),
        occupy=fail(RuntimeError("Failed to acquire camera: Device or resource busy")),
        cut_off=lambda: setattr(hardware, "saves_whole", False),
        mend=mend,
    )


@pytest.fixture
def hardware(monkeypatch: pytest.MonkeyPatch) -> Hardware:
    return installed(monkeypatch, Hardware())


def installed(monkeypatch: pytest.MonkeyPatch, hardware: Hardware) -> Hardware:
    for name, module in hardware.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return hardware


@pytest.fixture(params=["fake camera", "Pi camera"])
def rig(request: pytest.FixtureRequest, hardware: Hardware) -> Iterator[Rig]:
    made = fake_rig() if request.param == "fake camera" else pi_rig(hardware)
    yield made
    assert hardware.held == 0, "a frame was not given back"


# What every camera does.


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_as_many_whole_jpegs_are_taken_as_are_wanted(rig: Rig, frames: int) -> None:
    rig.camera.open()
    photos = rig.camera.take(frames)
    assert [(photo[:3], photo[-2:]) for photo in photos] == [(b"\xff\xd8\xff", b"\xff\xd9")] * frames


def test_point_15_even_the_first_exposure_starts_after_the_press(rig: Rig) -> None:
    rig.camera.open()
    before = len(rig.exposures_s())
    pressed_at_s = rig.now_s()
    rig.camera.take(3)
    exposures_s = rig.exposures_s()[before:]
    assert len(exposures_s) == 3
    assert min(exposures_s) >= pressed_at_s


def test_the_frames_of_a_press_are_150_ms_apart(rig: Rig) -> None:
    rig.camera.open()
    before = len(rig.exposures_s())
    rig.camera.take(3)
    first, second, third = rig.exposures_s()[before:]
    assert [second - first, third - second] == pytest.approx([0.15, 0.15], abs=FRAME_NS / SECOND_NS)
    assert FRAME_GAP_S == 0.15


def test_photos_can_be_taken_press_after_press(rig: Rig) -> None:
    rig.camera.open()
    assert [len(rig.camera.take(2)) for _ in range(20)] == [2] * 20


@pytest.mark.parametrize("ask", [lambda camera: camera.take(1), lambda camera: camera.probe()])
def test_a_camera_that_is_not_open_says_so(rig: Rig, ask: Callable[[Camera], Any]) -> None:
    with pytest.raises(CameraError, match="not open"):
        ask(rig.camera)


def test_a_probe_is_content_with_a_camera_whose_frames_come(rig: Rig) -> None:
    rig.camera.open()
    rig.camera.probe()


def test_point_15_without_frames_photo_and_probe_fail_and_a_camera_opened_anew_works(rig: Rig) -> None:
    rig.camera.open()
    rig.break_stream()
    with pytest.raises(CameraError):
        rig.camera.take(1)
    with pytest.raises(CameraError):
        rig.camera.probe()
    rig.camera.close()
    rig.mend()
    rig.camera.open()
    assert len(rig.camera.take(1)) == 1


@pytest.mark.parametrize("fault", ["take_away", "occupy"])
def test_an_open_that_failed_can_be_repeated(rig: Rig, fault: str) -> None:
    getattr(rig, fault)()
    with pytest.raises(CameraError):
        rig.camera.open()
    rig.mend()
    rig.camera.open()
    assert len(rig.camera.take(1)) == 1


def test_a_photo_that_is_cut_off_is_no_photo(rig: Rig) -> None:
    rig.camera.open()
    rig.cut_off()
    with pytest.raises(CameraError, match="cut off"):
        rig.camera.take(1)


def test_closing_twice_or_before_opening_does_no_harm(rig: Rig) -> None:
    rig.camera.close()
    rig.camera.open()
    rig.camera.close()
    rig.camera.close()
    with pytest.raises(CameraError, match="not open"):
        rig.camera.take(1)


def test_an_open_camera_can_be_opened_again(rig: Rig) -> None:
    rig.camera.open()
    rig.camera.open()
    assert len(rig.camera.take(1)) == 1


# What the Pi's camera does.


def opened(hardware: Hardware, **changes: Any) -> PiCamera:
    camera = PiCamera(replace(SETTINGS, **changes), hardware.monotonic_ns)
    camera.open()
    return camera


def controls(hardware: Hardware, **changes: Any) -> Any:
    opened(hardware, **changes)
    return hardware.configuration["controls"]


def test_one_video_configuration_runs_as_the_settings_say(hardware: Hardware) -> None:
    opened(hardware)
    assert hardware.configuration == {
        "main": {"format": "YUV420", "size": (1536, 864)},
        "raw": {"size": (2304, 1296)},
        "transform": Transform(hflip=False, vflip=False),
        "buffer_count": 4,
        "controls": {
            "FrameDurationLimits": (33_000, 33_000),
            "ExposureValue": 0.0,
            "AfMode": "manual focus",
            "LensPosition": 1.25,
        },
    }


def test_a_camera_mounted_upside_down_turns_its_picture(hardware: Hardware) -> None:
    opened(hardware, rotation=180)
    assert hardware.configuration["transform"] == Transform(hflip=True, vflip=True)


@pytest.mark.parametrize(
    ("af", "expected"),
    [
        ("manual", {"AfMode": "manual focus", "LensPosition": 1.25}),
        ("continuous", {"AfMode": "continuous focus"}),
        ("none", {}),
    ],
)
def test_focus_is_as_the_settings_say(hardware: Hardware, af: str, expected: dict[str, Any]) -> None:
    found = controls(hardware, af=af)
    assert {name: found[name] for name in found if name in ("AfMode", "LensPosition")} == expected


@pytest.mark.parametrize(
    ("fps", "max_exposure_ms", "expected"),
    [
        (30, 33, (33_000, 33_000)),
        (30, 100, (33_333, 100_000)),  # in the dark there are fewer frames
        (30, 10, (10_000, 10_000)),  # so short an exposure there is only with more frames
        (10, 100, (100_000, 100_000)),
    ],
)
def test_the_longest_frame_bounds_the_exposure(
    hardware: Hardware, fps: int, max_exposure_ms: int, expected: tuple[int, int]
) -> None:
    assert controls(hardware, fps=fps, max_exposure_ms=max_exposure_ms)["FrameDurationLimits"] == expected


def test_a_camera_without_autofocus_is_not_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    hardware = installed(monkeypatch, Hardware(advertised=CAMERA_MODULE_2))
    assert controls(hardware) == {"FrameDurationLimits": (33_000, 33_000), "ExposureValue": 0.0}


def test_a_sensor_whose_half_is_too_small_for_the_photo_chooses_its_mode_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hardware = installed(monkeypatch, Hardware(sensor=(2592, 1944)))
    opened(hardware)
    assert hardware.configuration["raw"] == {}


def test_opening_waits_until_exposure_has_settled(hardware: Hardware) -> None:
    began_ns = hardware.now_ns
    opened(hardware, warmup_s=2.0)
    assert hardware.exposures_ns[0] >= began_ns + 2 * SECOND_NS


def test_photos_have_the_quality_of_the_settings(hardware: Hardware) -> None:
    (photo,) = opened(hardware, quality=71).take(1)
    assert jpeg_note(hardware.exposures_ns[-1], 71) in photo


@pytest.mark.parametrize("frames", [1, 3])
def test_point_15_a_photo_that_hangs_ends_by_the_timeout_with_a_hint(hardware: Hardware, frames: int) -> None:
    camera = opened(hardware)
    hardware.frames_come = False
    began_ns = hardware.now_ns
    with pytest.raises(CameraError, match="cable") as caught:
        camera.take(frames)
    assert str(caught.value).startswith("TimeoutError. ")
    assert hardware.now_ns - began_ns == SETTINGS.capture_timeout_s * SECOND_NS
    assert hardware.orders == 0


def test_the_time_limit_holds_for_all_frames_together(hardware: Hardware) -> None:
    camera = opened(hardware, capture_timeout_s=0.2)
    began_ns = hardware.now_ns
    with pytest.raises(CameraError, match="TimeoutError"):
        camera.take(3)
    assert hardware.now_ns - began_ns == pytest.approx(0.2 * SECOND_NS)


def test_a_frame_for_which_no_time_is_left_is_not_asked_for(hardware: Hardware) -> None:
    frame_s = FRAME_NS / SECOND_NS
    hardware.now_ns = 100 * FRAME_NS  # so that the first frame of the press begins with it
    camera = opened(hardware, warmup_s=60 * frame_s, capture_timeout_s=frame_s + EXPOSURE_NS / SECOND_NS)
    hardware.now_ns = 200 * FRAME_NS
    with pytest.raises(CameraError, match="TimeoutError"):
        camera.take(3)
    assert hardware.exposures_ns[-1] == 200 * FRAME_NS


def test_a_version_that_cannot_cancel_fails_and_opens_anew_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hardware = installed(monkeypatch, Hardware(can_cancel=False))
    camera = opened(hardware)
    hardware.frames_come = False
    with pytest.raises(CameraError, match="TimeoutError"):
        camera.take(1)
    hardware.frames_come = True
    camera.open()
    assert len(camera.take(1)) == 1


def test_a_probe_is_not_content_with_a_frame_from_before_the_stream_died(hardware: Hardware) -> None:
    camera = opened(hardware)
    asked_at_ns = hardware.now_ns
    camera.probe()
    assert hardware.exposures_ns[-1] >= asked_at_ns


@pytest.mark.parametrize("method", ["configure", "start", "capture_request", "get_metadata"])
def test_whatever_fails_on_opening_the_next_opening_works(hardware: Hardware, method: str) -> None:
    hardware.failures[method] = RuntimeError("something odd")
    camera = PiCamera(SETTINGS, hardware.monotonic_ns)
    with pytest.raises(CameraError, match="RuntimeError: something odd"):
        camera.open()
    camera.open()
    assert len(camera.take(1)) == 1
    assert (hardware.opened, hardware.held) == (2, 0)


def test_a_frame_that_cannot_be_saved_is_given_back(hardware: Hardware) -> None:
    camera = opened(hardware)
    hardware.failures["save"] = OSError(errno.ENOMEM, "Cannot allocate memory")
    with pytest.raises(CameraError, match=r"camera\.buffer_count"):
        camera.take(1)
    assert hardware.held == 0


def test_a_camera_that_closes_with_an_error_is_made_anew(hardware: Hardware) -> None:
    camera = opened(hardware)
    hardware.failures["close"] = RuntimeError("Closing failed")
    with pytest.raises(CameraError, match="Closing failed"):
        camera.close()
    camera.close()
    camera.open()
    assert len(camera.take(1)) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (IndexError("list index out of range"), "IndexError: list index out of range. Look at the cable"),
        (
            RuntimeError("No camera number 0 found"),
            "RuntimeError: No camera number 0 found. Look at the cable",
        ),
        (
            chained(RuntimeError("Camera __init__ sequence did not complete."), RuntimeError("Init failed")),
            "RuntimeError: Camera __init__ sequence did not complete, from RuntimeError: Init failed. "
            "Look at the cable",
        ),
        (
            chained(
                RuntimeError("Camera __init__ sequence did not complete."),
                RuntimeError("Failed to acquire camera: Device or resource busy"),
            ),
            "RuntimeError: Camera __init__ sequence did not complete, from RuntimeError: Failed to acquire "
            "camera: Device or resource busy. Another program has the camera",
        ),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Lower camera.buffer_count"),
        (PermissionError(errno.EACCES, "Permission denied"), "group video"),
        (ValueError("numpy.dtype size changed, may indicate binary incompatibility"), "uninstall numpy"),
    ],
)
def test_the_error_says_what_to_do(hardware: Hardware, error: Exception, message: str) -> None:
    hardware.failures["__init__"] = error
    with pytest.raises(CameraError) as caught:
        opened(hardware)
    assert message in str(caught.value)


@pytest.mark.parametrize("missing", ["picamera2", "libcamera"])
def test_without_the_libraries_the_error_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, hardware: Hardware, missing: str
) -> None:
    class Nowhere:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == missing:
                raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.delitem(sys.modules, missing)
    monkeypatch.setattr(sys, "meta_path", [Nowhere(), *sys.meta_path])
    with pytest.raises(CameraError, match=r"sudo apt install python3-picamera2.*--sim"):
        opened(hardware)


def test_a_chain_of_causes_without_end_makes_a_short_message(hardware: Hardware) -> None:
    first, second = RuntimeError("first"), RuntimeError("second")
    first.__cause__, second.__cause__ = second, first
    hardware.failures["__init__"] = first
    with pytest.raises(CameraError) as caught:
        opened(hardware)
    assert str(caught.value).count("first") == 3
