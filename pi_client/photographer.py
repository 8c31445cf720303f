"""The thread that has the camera: opens it, anew after a fault, takes photos, looks at it in idle times."""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pi_client.config import CameraSettings
from pi_client.errors import CameraError
from pi_client.inbox import CameraLost, CameraOpened, MessageQueue, NoPhoto, Photo
from pi_client.photos import fit
from pi_client.ports import Camera

LONGEST_WAIT_S = 30.0
CLOSING_S = 5.0  # a camera that does not close in this time never will

log = logging.getLogger("porteiro.door")

Given = TypeVar("Given")


@dataclass(frozen=True)
class Order:
    """Photos for a press; without one, the end."""

    press: str | None
    frames: int = 0


class Photographer:
    """Has the camera for itself; the loop orders photos and reads the inbox."""

    def __init__(
        self,
        camera: Camera,
        settings: CameraSettings,
        inbox: MessageQueue,
        monotonic: Callable[[], float],
        *,
        most_bytes: int,
    ):
        """Nothing is opened yet.

        Args:
            camera: used by this thread alone.
            settings: how long anything may take.
            inbox: of the loop.
            monotonic: the clock that stands against a camera which does not come back.
            most_bytes: of all photos for a press together.
        """
        self._camera, self._settings, self._inbox, self._monotonic = camera, settings, inbox, monotonic
        self._most_bytes = most_bytes
        self._orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._must_end_at: float | None = None
        self._failures = 0
        self._is_open = False
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        """Open the camera and wait for orders."""
        self._thread.start()

    def order(self, press: str, frames: int) -> None:
        """Take so many photos for a press; they, or why there are none, come into the inbox."""
        self._orders.put(Order(press, frames))

    def is_wedged(self) -> bool:
        """Whether the camera has not come back from what must have ended long ago."""
        must_end_at = self._must_end_at
        return must_end_at is not None and self._monotonic() > must_end_at

    def stop(self) -> bool:
        """Close the camera; whether it did close."""
        self._orders.put(Order(None))
        if self._thread.is_alive():
            self._thread.join(self._settings.capture_timeout_s + CLOSING_S)
        return not self._thread.is_alive()

    def _run(self) -> None:
        order = Order("")
        while order.press is not None:
            if not self._is_open:
                self._open()
            try:
                order = self._orders.get(timeout=self._patience_s())
            except queue.Empty:
                self._look()
                continue
            if order.press is not None:
                self._take(order.press, order.frames)
        self._close()

    def _patience_s(self) -> float:
        if self._is_open:
            return self._settings.probe_s
        return float(min(2 ** max(0, self._failures - 1), LONGEST_WAIT_S))

    def _open(self) -> None:
        try:
            self._guarded(self._camera.open, self._settings.warmup_s + self._settings.capture_timeout_s)
        except CameraError as error:
            self._lose(error)
        else:
            self._is_open, self._failures = True, 0
            self._inbox.put(CameraOpened())

    def _look(self) -> None:
        if not self._is_open:
            return
        try:
            self._guarded(self._camera.probe, self._settings.capture_timeout_s)
        except CameraError as error:
            self._lose(error)

    def _take(self, press: str, frames: int) -> None:
        if not self._is_open:
            self._inbox.put(NoPhoto(press, "the camera is not there"))
            return
        try:
            jpegs = self._guarded(
                lambda: fit(self._camera.take(frames), self._most_bytes),
                self._settings.capture_timeout_s,
            )
        except CameraError as error:
            self._inbox.put(NoPhoto(press, str(error)))
            self._lose(error)
        else:
            self._inbox.put(Photo(press, jpegs))

    def _lose(self, error: CameraError) -> None:
        self._failures += 1
        self._is_open = False
        self._inbox.put(CameraLost(str(error)))
        self._close()

    def _close(self) -> None:
        try:
            self._guarded(self._camera.close, 0.0)
        except CameraError as error:
            log.warning("the camera closed with an error: %s", error)

    def _guarded(self, job: Callable[[], Given], usual_s: float) -> Given:
        self._must_end_at = self._monotonic() + usual_s + CLOSING_S
        try:
            return job()
        except CameraError:
            raise
        except Exception as error:  # a library's own errors are of many kinds: none may end this thread
            raise CameraError(f"{type(error).__name__}: {error}") from error
        finally:
            self._must_end_at = None
