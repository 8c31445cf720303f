"""A laptop's webcam in place of the Pi's, by OpenCV."""

import importlib
import time
from collections.abc import Callable
from typing import Any

from pi_client.camera import FRAME_GAP_S
from pi_client.config import CameraSettings
from pi_client.errors import CameraError
from pi_client.photos import whole_jpeg

WAITING_FRAMES = 5  # so many may lie in the driver's queue, exposed before they are asked for


class WebcamCamera:
    """The first webcam of this computer."""

    def __init__(
        self, settings: CameraSettings, monotonic: Callable[[], float] = time.monotonic, device: int = 0
    ):
        """Nothing is opened yet.

        Args:
            settings: of which size, quality and time limit count here.
            monotonic: says when a frame comes.
            device: OpenCV's number of the webcam.
        """
        self._settings, self._monotonic, self._device = settings, monotonic, device
        self._cv2: Any = None
        self._capture: Any = None

    def open(self) -> None:
        """Start the webcam.

        Raises:
            CameraError: there is none, another program has it, or OpenCV is missing.
        """
        self.close()
        try:
            self._cv2 = cv2 = importlib.import_module("cv2")
        except ImportError as error:
            raise CameraError("A webcam needs OpenCV: pip install opencv-python.") from error
        self._capture = cv2.VideoCapture(self._device)
        if not self._capture.isOpened():
            self.close()
            raise CameraError("There is no webcam, or another program has it; without one: --photos FOLDER.")
        width, height = self._settings.size
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        self.probe()

    def take(self, frames: int) -> tuple[bytes, ...]:
        """So many JPEGs, 150 ms apart, exposed after this call began.

        Raises:
            CameraError: they did not come within ``capture_timeout_s``.
        """
        end_s = self._monotonic() + self._settings.capture_timeout_s
        for _ in range(WAITING_FRAMES):
            self._grab(end_s)
        began_s = self._monotonic()
        photos = []
        for index in range(frames):
            while self._monotonic() < began_s + index * FRAME_GAP_S:
                self._grab(end_s)
            self._grab(end_s)
            photos.append(self._encoded())
        return tuple(photos)

    def probe(self) -> None:
        """See that a frame comes.

        Raises:
            CameraError: none came.
        """
        self._grab(self._monotonic() + self._settings.capture_timeout_s)

    def close(self) -> None:
        """Give the webcam back."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _grab(self, end_s: float) -> None:
        # It waits for the next frame by itself.
        if self._capture is None:
            raise CameraError("The webcam is not open.")
        if not self._capture.grab():
            raise CameraError("The webcam gives no frames: is it still connected?")
        if self._monotonic() > end_s:
            raise CameraError("The webcam's frames did not come in time.")

    def _encoded(self) -> bytes:
        cv2 = self._cv2
        got, picture = self._capture.retrieve()
        if not got:
            raise CameraError("The webcam gave a frame that cannot be read.")
        made, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, self._settings.quality])
        if not made:
            raise CameraError("The webcam's frame cannot be made a JPEG.")
        return whole_jpeg(encoded.tobytes())
