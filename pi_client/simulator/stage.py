"""What is before the simulated camera: photos of a folder to choose from, or a webcam's picture."""

import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from pi_client.errors import CameraError
from pi_client.fakes.camera import FakeCamera
from pi_client.fakes.pictures import Pictures
from pi_client.photos import fit
from pi_client.ports import Camera

THUMBNAIL_BYTES = 60_000
KEPT_THUMBNAILS = 64
FRESH_S = 0.25  # a webcam's picture is shown for so long, however many look


class Stage(Protocol):
    """What is before the camera; used from many threads."""

    @property
    def is_live(self) -> bool:
        """Whether the picture changes by itself."""

    @property
    def chosen(self) -> str:
        """The name of the photo before the camera; ``""`` where there is nothing to choose."""

    def choices(self) -> tuple[str, ...]:
        """The names of all photos."""

    def choose(self, name: str) -> None:
        """Put this photo before the camera.

        Raises:
            CameraError: there is no such photo.
        """

    def picture(self) -> bytes:
        """What the camera sees now, as a JPEG.

        Raises:
            CameraError: nothing.
        """

    def thumbnail(self, name: str) -> bytes:
        """One of the photos, as a JPEG for a page with many.

        Raises:
            CameraError: it cannot be read.
        """


class PhotoStage:
    """Photos of a folder, one of which is always before the camera."""

    def __init__(self, folder: Path, camera: FakeCamera):
        """The first photo is put before the camera.

        Args:
            folder: the camera's.
            camera: is told which photo it sees.

        Raises:
            DoorConfigError: the folder cannot be used.
        """
        self.is_live = False
        self._pictures, self._camera = Pictures(folder), camera
        self._one_at_a_time = threading.Lock()  # a large photo fills much memory while it is made smaller
        self._small = lru_cache(KEPT_THUMBNAILS)(self._made_small)
        self.chosen = ""
        self.choose(self.choices()[0])

    def choices(self) -> tuple[str, ...]:
        """The names of all photos."""
        return self._pictures.names

    def choose(self, name: str) -> None:
        """Put this photo before the camera.

        Raises:
            CameraError: there is no such photo.
        """
        self._camera.choose(name)
        self.chosen = name

    def picture(self) -> bytes:
        """The chosen photo.

        Raises:
            CameraError: it cannot be read any more.
        """
        return self._pictures.read(self.chosen)

    def thumbnail(self, name: str) -> bytes:
        """One of the photos, made smaller where it is large.

        Raises:
            CameraError: there is no such photo, or it cannot be read.
        """
        if name not in self.choices():
            raise CameraError(f"There is no photo {name!r}.")
        with self._one_at_a_time:
            return self._small(name)

    def _made_small(self, name: str) -> bytes:
        photo = self._pictures.read(name)
        try:
            return fit((photo,), THUMBNAIL_BYTES)[0]
        except CameraError:  # without Pillow, or no picture after all: the browser may still show it
            return photo


class WebcamStage:
    """A webcam that the door and the page look through in turn; itself the door's camera."""

    def __init__(self, camera: Camera, monotonic: Callable[[], float]):
        """Nothing is opened yet: the door does that.

        Args:
            camera: used by one thread at a time.
            monotonic: says when a picture is no longer fresh.
        """
        self.is_live, self.chosen = True, ""
        self._camera, self._monotonic = camera, monotonic
        self._turn = threading.Lock()
        self._picture, self._fresh_until_s = b"", 0.0

    def choices(self) -> tuple[str, ...]:
        """None: who is there is there."""
        return ()

    def choose(self, name: str) -> None:
        """Not here.

        Raises:
            CameraError: always.
        """
        raise CameraError(f"There is no photo {name!r}: this is a webcam.")

    def thumbnail(self, name: str) -> bytes:
        """None.

        Raises:
            CameraError: always.
        """
        raise CameraError(f"There is no photo {name!r}: this is a webcam.")

    def picture(self) -> bytes:
        """What the webcam sees now.

        Raises:
            CameraError: it is not open, or gives no frames.
        """
        with self._turn:
            if self._monotonic() >= self._fresh_until_s:
                self._picture = self._camera.take(1)[0]
                self._fresh_until_s = self._monotonic() + FRESH_S
            return self._picture

    def open(self) -> None:
        """Start the webcam.

        Raises:
            CameraError: there is none, or another program has it.
        """
        with self._turn:
            self._camera.open()

    def take(self, frames: int) -> tuple[bytes, ...]:
        """So many JPEGs, for the door.

        Raises:
            CameraError: they did not come in time.
        """
        with self._turn:
            return self._camera.take(frames)

    def probe(self) -> None:
        """See that a frame comes.

        Raises:
            CameraError: none came.
        """
        with self._turn:
            self._camera.probe()

    def close(self) -> None:
        """Give the webcam back."""
        with self._turn:
            self._camera.close()
            self._fresh_until_s = 0.0
