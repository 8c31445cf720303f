"""Every error that the door device raises on purpose, as one tree.

::

    DoorError
    ├── DoorConfigError   exit 78  a setting is missing or wrong; the message names its key
    ├── HardwareError     exit 78  the pins cannot be used; the message names the command that mends it
    ├── CameraError       no photo this time; the camera is opened anew
    ├── CameraWedged      exit 70  the camera does not even close: only a new process helps
    └── NoReply, OutOfTime, AnswerTooLong   within ``uploader``: it makes faults of them
"""

# Of sysexits.h: systemd starts the device anew after 70, and not after 78, which a person has to mend.
EXIT_SOFTWARE, EXIT_CONFIG = 70, 78


class DoorError(Exception):
    """The root: catching it catches everything that the device raises on purpose."""

    exit_status = EXIT_SOFTWARE


class DoorConfigError(DoorError):
    """A setting cannot be used; the message names its key."""

    exit_status = EXIT_CONFIG


class HardwareError(DoorError):
    """The pins cannot be used; the message names the command that mends it."""

    exit_status = EXIT_CONFIG


class CameraError(DoorError):
    """No photo this time; the message says why and what to look at."""


class CameraWedged(DoorError):
    """The camera neither answers nor closes."""
