"""A camera that shows pictures of a folder, and fails in every way that a real one does when told to."""

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from pi_client.camera import FRAME_GAP_S
from pi_client.errors import CameraError
from pi_client.fakes.pictures import Pictures
from pi_client.photos import whole_jpeg

KEPT_EXPOSURES = 16


class CameraFault(Enum):
    """How a camera can fail."""

    ABSENT = "absent"  # nothing at the connector
    BUSY = "busy"  # another program has it
    HANG = "hang"  # a photo never comes, until the camera is closed or mended
    WEDGED = "wedged"  # no photos, and closing never ends, until it is mended
    TIMEOUT = "timeout"  # no photos, told at once
    TRUNCATED = "truncated"  # photos that are cut off


MESSAGES = {
    CameraFault.ABSENT: "There is no camera.",
    CameraFault.BUSY: "Another program has the camera.",
    CameraFault.HANG: "The camera hung until it was closed.",
    CameraFault.WEDGED: "No frame came in time.",
    CameraFault.TIMEOUT: "No frame came in time.",
}
NO_OPENING = (CameraFault.ABSENT, CameraFault.BUSY)
NO_FRAMES = (*NO_OPENING, CameraFault.WEDGED, CameraFault.TIMEOUT)


class FakeCamera:
    """Takes the pictures of a folder for photos, in turn or the one that was chosen.

    ``choose``, ``break_by``, ``mend`` and ``close`` may be called from any thread, the rest from one.
    """

    def __init__(self, folder: Path, monotonic: Callable[[], float]):
        """Nothing is opened yet.

        Args:
            folder: of JPEGs.
            monotonic: says when a photo is exposed.

        Raises:
            DoorConfigError: the folder cannot be used; the message says why.
        """
        self._pictures, self._monotonic = Pictures(folder), monotonic
        self._changed = threading.Condition()
        self._chosen: str | None = None
        self._fault: CameraFault | None = None
        self._is_open = False
        self._taken = 0
        self.exposures: deque[float] = deque(maxlen=KEPT_EXPOSURES)

    def choices(self) -> tuple[str, ...]:
        """The names of the pictures."""
        return self._pictures.names

    def choose(self, name: str | None) -> None:
        """Show this picture from now on; ``None`` shows them in turn.

        Raises:
            CameraError: there is no such picture.
        """
        if name is not None and name not in self._pictures.names:
            raise CameraError(f"There is no photo {name!r}.")
        self._chosen = name

    def break_by(self, fault: CameraFault) -> None:
        """Fail like this from now on."""
        with self._changed:
            self._fault = fault
            self._changed.notify_all()

    def mend(self) -> None:
        """Work again; what hangs comes free."""
        with self._changed:
            self._fault = None
            self._changed.notify_all()

    def open(self) -> None:
        """Be ready.

        Raises:
            CameraError: the fault of the moment.
        """
        self.close()
        with self._changed:
            self._refuse(NO_OPENING)
            self._is_open = True

    def take(self, frames: int) -> tuple[bytes, ...]:
        """The picture as so many photos; no time passes between them, and no two are the same bytes.

        Raises:
            CameraError: the fault of the moment, or the picture cannot be read.
        """
        self._wait_for_frames()
        names = self._pictures.names
        photo = self._pictures.read(self._chosen or names[self._taken % len(names)])
        self._taken += 1
        began_s = self._monotonic()
        self.exposures.extend(began_s + index * FRAME_GAP_S for index in range(frames))
        if self._fault is CameraFault.TRUNCATED:
            photo = whole_jpeg(photo[: len(photo) // 2])
        return tuple(_numbered(photo, index) for index in range(frames))

    def probe(self) -> None:
        """See that frames would come.

        Raises:
            CameraError: the fault of the moment.
        """
        self._wait_for_frames()

    def close(self) -> None:
        """Be closed, which frees what hangs; a wedged camera that was open closes only once it is mended."""
        with self._changed:
            was_open, self._is_open = self._is_open, False
            self._changed.notify_all()
            if was_open:
                self._changed.wait_for(lambda: self._fault is not CameraFault.WEDGED)

    def _wait_for_frames(self) -> None:
        with self._changed:
            if not self._is_open:
                raise CameraError("The camera is not open.")
            self._refuse(NO_FRAMES)
            self._changed.wait_for(lambda: self._fault is not CameraFault.HANG or not self._is_open)
            if not self._is_open:
                raise CameraError(MESSAGES[CameraFault.HANG])
            self._refuse(NO_FRAMES)

    def _refuse(self, faults: tuple[CameraFault, ...]) -> None:
        if self._fault in faults and self._fault is not None:
            raise CameraError(MESSAGES[self._fault])


def _numbered(photo: bytes, index: int) -> bytes:
    # No two frames of a real camera are the same, and a server takes two that are for one. The first is as it
    # was, the others have their number in a comment (JPEG's COM segment) behind the mark that begins a JPEG.
    return photo[:2] + b"\xff\xfe\x00\x03" + bytes((index,)) + photo[2:] if index else photo
