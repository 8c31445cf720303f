"""How often the live feed does what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rhythm:
    """How often the hub does what, in seconds.

    Attributes:
        frame_s: least time between two frames to everybody, and from an event to its frame: what happens
            together is told together, and the door has its answer before everybody is told.
        look_s: longest time without a look at the events, woken or not.
        check_s: between two looks at who is still signed in.
        states_s: between two looks at how the doors are.
        erase_s: between two looks at whether what was deleted has to leave the disk, or to be kept as
            forgotten beside the backups.
        room_s: between two looks at whether photos can be kept, and whether visits have to go for room.
    """

    frame_s: float = 0.1
    look_s: float = 1.0
    check_s: float = 30.0
    states_s: float = 5.0
    erase_s: float = 5.0
    room_s: float = 60.0


HOUSE_RHYTHM = Rhythm()
