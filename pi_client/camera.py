"""The Raspberry Pi's camera by picamera2: one running video configuration, never switched.

picamera2 and libcamera are imported only when the camera is opened, and only here.
"""

import contextlib
import importlib
import io
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from pi_client.config import CameraSettings
from pi_client.errors import CameraError
from pi_client.photos import whole_jpeg

FRAME_GAP_S = 0.15
SECOND_NS = 1_000_000_000
LONGEST_CHAIN = 5  # of causes that a message names

CABLE = "Look at the cable, contacts up at both ends; `rpicam-hello --list-cameras` must name the camera."
INSTALL = (
    "Install it: sudo apt install python3-picamera2; a virtual environment must be made with "
    "--system-site-packages. On a laptop add --sim."
)

# What the library's errors hold, in lower case -> what to do. The first that fits is told, else ``CABLE``.
HINTS = (
    ("no module named", INSTALL),
    ("dtype size changed", "A numpy of pip hides that of apt: pip uninstall numpy."),
    ("resource busy", "Another program has the camera: `sudo fuser -v /dev/media*` names it."),
    ("cannot allocate memory", "Lower camera.buffer_count or camera.size, or give Linux more CMA memory."),
    ("permission denied", "The user must be in the group video: sudo usermod -aG video USER."),
)

log = logging.getLogger("porteiro.door")


class PiCamera:
    """A camera at the Pi's own connector."""

    def __init__(self, settings: CameraSettings, monotonic_ns: Callable[[], int] = time.monotonic_ns):
        """Nothing is opened yet.

        Args:
            settings: how photos are taken.
            monotonic_ns: must be the clock that libcamera stamps its frames by.
        """
        self._settings, self._monotonic_ns = settings, monotonic_ns
        self._camera: Any = None

    def open(self) -> None:
        """Start the camera and wait until exposure and colours have settled.

        Raises:
            CameraError: there is no camera, or another program has it; the message says what to do.
        """
        self.close()
        with _library_errors_told():
            libcamera = importlib.import_module("libcamera")
            self._camera = camera = importlib.import_module("picamera2").Picamera2()
            camera.configure(_configuration(camera, libcamera, self._settings))
            camera.options["quality"] = self._settings.quality
            camera.start()
            self._look(after_s=self._settings.warmup_s)

    def take(self, frames: int) -> tuple[bytes, ...]:
        """So many JPEGs, 150 ms apart, all exposed after this call began.

        Raises:
            CameraError: they did not come within ``capture_timeout_s``.
        """
        began_ns = self._monotonic_ns()
        end_ns = began_ns + _ns(self._settings.capture_timeout_s)
        with _library_errors_told():
            return tuple(self._photo(began_ns + index * _ns(FRAME_GAP_S), end_ns) for index in range(frames))

    def probe(self) -> None:
        """See that frames still come.

        Raises:
            CameraError: none came within ``capture_timeout_s``.
        """
        with _library_errors_told():
            self._look(after_s=0.0)

    def close(self) -> None:
        """Give the camera back; may block when the camera's software is stuck.

        Raises:
            CameraError: the library could not; nothing more can be done with this camera object, and the next
                ``open`` makes a new one.
        """
        camera, self._camera = self._camera, None
        if camera is not None:
            with _library_errors_told():
                camera.close()

    def _look(self, after_s: float) -> None:
        # A frame already waiting would prove nothing about a stream that has died since.
        not_before_ns = self._monotonic_ns() + _ns(after_s)
        with self._frame(not_before_ns, not_before_ns + _ns(self._settings.capture_timeout_s)) as request:
            request.get_metadata()

    def _photo(self, not_before_ns: int, end_ns: int) -> bytes:
        encoded = io.BytesIO()
        with self._frame(not_before_ns, end_ns) as request:
            request.save("main", encoded, format="jpeg")
        return whole_jpeg(encoded.getvalue())

    @contextlib.contextmanager
    def _frame(self, not_before_ns: int, end_ns: int) -> Iterator[Any]:
        # A number as ``flush`` drops every frame whose exposure began before it; True would stand for now.
        camera = self._camera
        if camera is None:
            raise CameraError("The camera is not open.")
        wait_s = (end_ns - self._monotonic_ns()) / SECOND_NS
        if wait_s <= 0:  # which the library would take for "do not wait", and give no frame
            raise TimeoutError
        try:
            request = camera.capture_request(wait=wait_s, flush=not_before_ns)
        except TimeoutError:
            # The order would stay in the library's queue and block close(). Older versions cannot help it.
            if hasattr(camera, "cancel_all_and_flush"):
                camera.cancel_all_and_flush()
            raise
        try:
            yield request
        finally:
            request.release()


def _configuration(camera: Any, libcamera: Any, settings: CameraSettings) -> Any:
    upside_down = settings.rotation == 180  # noqa: PLR2004 - degrees
    return camera.create_video_configuration(
        main={"format": "YUV420", "size": settings.size},
        raw=_whole_view(camera.sensor_resolution, settings.size),
        transform=libcamera.Transform(hflip=upside_down, vflip=upside_down),
        buffer_count=settings.buffer_count,
        controls=_controls(settings, camera.camera_controls, libcamera.controls.AfModeEnum),
    )


def _whole_view(sensor: tuple[int, int], size: tuple[int, int]) -> dict[str, Any]:
    """Ask for the sensor's mode of half its width and height, if that is enough for the photos.

    It joins four pixels into one, sees better in the dark, and has the sensor's whole view; left alone,
    picamera2 chooses the mode nearest to the photo's size, which on a Camera Module 3 cuts a third off.
    """
    half = (sensor[0] // 2, sensor[1] // 2)
    return {"size": half} if half[0] >= size[0] and half[1] >= size[1] else {}


def _controls(settings: CameraSettings, advertised: Any, af_modes: Any) -> dict[str, Any]:
    """The controls that the camera has: setting any other is an error, such as focus where there is none.

    No control is called the longest exposure. libcamera (control_ids_core.yaml, FrameDurationLimits): "The
    maximum frame duration provides the absolute limit to the exposure time computed by the AE algorithm and
    it overrides any exposure mode setting." An exposure shorter than 1/fps makes for more frames, then.
    """
    longest_us = settings.max_exposure_ms * 1000
    controls = {
        "FrameDurationLimits": (min(1_000_000 // settings.fps, longest_us), longest_us),
        "ExposureValue": settings.ev,
    }
    if settings.af == "manual":
        controls |= {"AfMode": af_modes.Manual, "LensPosition": settings.lens_position}
    if settings.af == "continuous":
        controls["AfMode"] = af_modes.Continuous
    missing = controls.keys() - set(advertised)
    if missing:
        log.info("this camera has no %s", ", ".join(sorted(missing)))
    return {name: value for name, value in controls.items() if name not in missing}


def _ns(seconds: float) -> int:
    return round(seconds * SECOND_NS)


@contextlib.contextmanager
def _library_errors_told() -> Iterator[None]:
    """Make a ``CameraError`` of whatever the libraries raise: of their errors there is no list."""
    try:
        yield
    except CameraError:
        raise
    except Exception as error:
        raise CameraError(_explained(error)) from error


def _explained(error: BaseException) -> str:
    # The library's outermost message says only that something failed; the reason is further in.
    chain: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < LONGEST_CHAIN:
        chain.append(f"{type(cause).__name__}: {cause}".rstrip(": ."))
        cause = cause.__cause__ or cause.__context__
    text = ", from ".join(chain)
    hint = next((hint for part, hint in HINTS if part in text.lower()), CABLE)
    return f"{text}. {hint}"
