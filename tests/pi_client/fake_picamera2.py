"""As much of picamera2 0.3.38 and libcamera as the door uses, without a camera, on a time of its own.

``test_picamera2_signatures.py`` holds the methods to the real ones. What they do was read in picamera2's
source: frames lie in a queue before they are asked for, an order that timed out stays in the queue and blocks
``close``, a control that the camera does not have is an error, a wait of 0 gives a job in place of a frame.
"""

import io
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

FRAME_NS = 33_000_000
EXPOSURE_NS = 10_000_000
STALE_FRAMES = 2  # so many frames ago was that exposed which lies in the queue
SECOND_NS = 1_000_000_000

CAMERA_MODULE_3 = ("AfMode", "LensPosition", "ExposureValue", "FrameDurationLimits", "NoiseReductionMode")
CAMERA_MODULE_2 = ("ExposureValue", "FrameDurationLimits", "NoiseReductionMode")


@dataclass(frozen=True)
class Transform:
    """libcamera's: mirrored in either direction."""

    hflip: bool = False
    vflip: bool = False


@dataclass
class Hardware:
    """The camera behind the library, and what was done to it.

    Attributes:
        now_ns: the monotonic clock; waiting for frames moves it.
        frames_come: whether the stream lives.
        failures: by the name of a method, what it raises the next time.
        exposures_ns: when those frames began that were given out.
        held: frames given out and not yet given back.
        orders: waiting in the library's queue for a frame.
        opened: how many cameras were made.
        unblock: while this is clear, ``close`` blocks.
    """

    advertised: tuple[str, ...] = CAMERA_MODULE_3
    sensor: tuple[int, int] = (4608, 2592)
    now_ns: int = 5_000_000_000
    frames_come: bool = True
    saves_whole: bool = True
    can_cancel: bool = True
    failures: dict[str, Exception] = field(default_factory=dict)
    exposures_ns: list[int] = field(default_factory=list)
    held: int = 0
    orders: int = 0
    opened: int = 0
    is_open: bool = False
    configuration: dict[str, Any] = field(default_factory=dict)
    unblock: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.unblock.set()

    def monotonic_ns(self) -> int:
        return self.now_ns

    def fail(self, method: str) -> None:
        if method in self.failures:
            raise self.failures.pop(method)

    def modules(self) -> dict[str, ModuleType]:
        """For ``sys.modules``."""
        picamera2, libcamera = ModuleType("picamera2"), ModuleType("libcamera")
        kind = Picamera2 if self.can_cancel else OldPicamera2
        vars(picamera2)["Picamera2"] = type("Picamera2", (kind,), {"hardware": self})
        vars(libcamera)["Transform"] = Transform
        modes = SimpleNamespace(Manual="manual focus", Continuous="continuous focus")
        vars(libcamera)["controls"] = SimpleNamespace(AfModeEnum=modes)
        return {"picamera2": picamera2, "libcamera": libcamera}


class CompletedRequest:
    """A frame; its buffer is the camera's, and wanted back."""

    def __init__(self, hardware: Hardware, quality: int, exposed_ns: int) -> None:
        self._hardware, self._quality, self._exposed_ns = hardware, quality, exposed_ns
        hardware.held += 1

    def get_metadata(self) -> dict[str, Any]:
        self._hardware.fail("get_metadata")
        return {"SensorTimestamp": self._exposed_ns + EXPOSURE_NS, "ExposureTime": EXPOSURE_NS // 1000}

    def save(self, name: str, file_output: Any, format: Any = None, exif_data: Any = None) -> None:  # noqa: A002
        self._hardware.fail("save")
        assert (name, format, exif_data) == ("main", "jpeg", None)
        assert isinstance(file_output, io.BytesIO)
        whole = b"\xff\xd8\xff\xfe" + jpeg_note(self._exposed_ns, self._quality) + b"\xff\xd9"
        file_output.write(whole if self._hardware.saves_whole else whole[:-2])

    def release(self) -> None:
        assert self._hardware.held > 0, "released more often than given out"
        self._hardware.held -= 1


def jpeg_note(exposed_ns: int, quality: int) -> bytes:
    """What stands in a fake photo."""
    return f"exposed at {exposed_ns}, quality {quality}".encode()


class Picamera2:
    """The camera; a subclass has the ``hardware``."""

    hardware: Hardware

    def __init__(
        self, camera_num: int = 0, verbose_console: Any = None, tuning: Any = None, allocator: Any = None
    ) -> None:
        self.hardware.fail("__init__")
        if self.hardware.is_open:
            raise chained(
                RuntimeError("Camera __init__ sequence did not complete."),
                RuntimeError("Failed to acquire camera: Device or resource busy"),
            )
        self.hardware.is_open = True
        self.hardware.opened += 1
        self.options: dict[str, Any] = {}
        self.sensor_resolution = self.hardware.sensor
        self._started = False

    @property
    def camera_controls(self) -> dict[str, Any]:
        return dict.fromkeys(self.hardware.advertised, (0, 1, None))

    def create_video_configuration(  # noqa: PLR0913, PLR0917 - the real one's
        self,
        main: Any = {},  # noqa: B006
        lores: Any = None,
        raw: Any = {},  # noqa: B006
        transform: Any = Transform(),
        colour_space: Any = None,
        buffer_count: Any = 6,
        controls: Any = {},  # noqa: B006
        display: Any = "main",
        encode: Any = "main",
        queue: Any = True,
        sensor: Any = {},  # noqa: B006
        use_case: Any = "video",
    ) -> dict[str, Any]:
        given = {"main": main, "raw": raw, "transform": transform}
        return {**given, "buffer_count": buffer_count, "controls": controls}

    def configure(self, camera_config: Any = None) -> None:
        self.hardware.fail("configure")
        assert not self._started, "a running camera is configured"
        for name in camera_config["controls"]:
            if name not in self.hardware.advertised:
                raise RuntimeError(f"Control {name} is not advertised by libcamera")
        self.hardware.configuration = camera_config

    def start(self, config: Any = None, show_preview: Any = False) -> None:
        self.hardware.fail("start")
        self._started = True

    def capture_request(self, wait: Any = None, signal_function: Any = None, flush: Any = None) -> Any:
        self.hardware.fail("capture_request")
        assert self._started, "nothing was started"
        assert wait is not None, "waits forever when no frame comes"
        assert wait > 0, "gives a job, not a frame"
        hardware = self.hardware
        exposed_ns = self._next_exposure(hardware.now_ns if flush is True else flush)
        ready_ns = exposed_ns + EXPOSURE_NS + FRAME_NS
        if not hardware.frames_come or ready_ns > hardware.now_ns + wait * SECOND_NS:
            hardware.now_ns += math.ceil(wait * SECOND_NS)
            hardware.orders += 1
            raise TimeoutError
        hardware.now_ns = max(hardware.now_ns, ready_ns)
        hardware.exposures_ns.append(exposed_ns)
        return CompletedRequest(hardware, self.options.get("quality", 90), exposed_ns)

    def _next_exposure(self, not_before_ns: int | None) -> int:
        stale_ns = (self.hardware.now_ns // FRAME_NS - STALE_FRAMES) * FRAME_NS
        if not not_before_ns or stale_ns >= not_before_ns:
            return stale_ns
        return math.ceil(not_before_ns / FRAME_NS) * FRAME_NS

    def cancel_all_and_flush(self) -> None:
        self.hardware.orders = 0

    def close(self) -> None:
        assert not self.hardware.orders, "waits forever for the orders before it"
        self.hardware.unblock.wait()
        self.hardware.is_open = self._started = False
        self.hardware.fail("close")


class OldPicamera2(Picamera2):
    """A version that cannot cancel what timed out; here its ``close`` gets by nevertheless."""

    @property
    def cancel_all_and_flush(self) -> Callable[[], None]:
        raise AttributeError("cancel_all_and_flush")

    def close(self) -> None:
        self.hardware.orders = 0
        super().close()


def chained(outer: Exception, inner: Exception) -> Exception:
    """An error with its cause."""
    outer.__cause__ = inner
    return outer
