"""What the device needs of the outside world; ``fakes/`` has one of each, held to the same tests."""

from typing import Protocol

from pi_client.faults import Fault
from pi_client.lamps import Lit
from pi_client.press import ButtonPress, PressAnswer, StatusReport


class Pins(Protocol):
    """Button, lamps, buzzer and relay."""

    def button_is_down(self) -> bool:
        """Whether the button is pressed at this moment."""

    def light(self, lit: Lit) -> None:
        """Switch on what is named and off what is not."""

    def set_relay(self, *, closed: bool) -> None:
        """Switch the relay; safe to call from any thread."""

    def close(self) -> None:
        """Everything off, and the pins given back."""


class Camera(Protocol):
    """Takes photos; used by one thread at a time."""

    def open(self) -> None:
        """Make ready to take photos at once.

        Raises:
            CameraError: there is no camera, or another program has it.
        """

    def take(self, frames: int) -> tuple[bytes, ...]:
        """So many JPEGs, 150 ms apart, of which even the first was exposed after this call began.

        Raises:
            CameraError: no photo, or none in time.
        """

    def probe(self) -> None:
        """See that photos could be taken.

        Raises:
            CameraError: they could not.
        """

    def close(self) -> None:
        """Give the camera back; may block when the camera's software is stuck.

        Raises:
            CameraError: it closed with an error; it counts as closed all the same.
        """


class RemoteServer(Protocol):
    """The server, asked over the network; safe to use from several threads."""

    def ask(self, press: ButtonPress, photos: tuple[bytes, ...]) -> PressAnswer:
        """Who is it? Gives an answer in any case, at the press's deadline at the latest where that can be."""

    def is_reachable(self) -> bool:
        """Whether the server says that it is well; also keeps the connection open."""

    def report(self, report: StatusReport) -> Fault | None:
        """Tell the server how the device is; why it was not heard, ``None`` where it was."""
