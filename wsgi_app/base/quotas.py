"""What one door may send in a day: a door that sends without end cannot fill the disk."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from wsgi_app.base.doors import DoorId, DoorKind
from wsgi_app.base.outcomes import Outcome

NOT_PROVEN = "address"  # all doors without a token count as one: anybody can have many addresses
FOR_LET_IN = 0.1  # of the quota: what sends without end is mostly refused


class Keeps(Enum):
    """Whose photos are kept."""

    ALL = "all"
    LET_IN = "let in"
    NONE = "none"

    def keeps(self, outcome: Outcome) -> bool:
        """Whether the photo of a press that ended so is."""
        return self is Keeps.ALL or (self is Keeps.LET_IN and outcome is Outcome.KNOWN)


@dataclass(frozen=True)
class DaySent:
    """What a door sent on a day.

    Attributes:
        visits: presses that were judged and kept.
        photo_bytes: of the photos that were kept.
        unkept: visits whose photo was not kept.
    """

    visits: int = 0
    photo_bytes: int = 0
    unkept: int = 0


@dataclass(frozen=True)
class DoorDay:
    """A day of the house at a door, or at all doors without a token.

    Attributes:
        door: as ``quota_name`` gives it.
        on: the day.
    """

    door: str
    on: date


@dataclass(frozen=True)
class QuotaRule:
    """How much of one door is kept in a day.

    Attributes:
        photo_bytes: of photos; 0 for all.
        visits: after which no press is judged any more that day.
    """

    photo_bytes: int
    visits: int

    def keeps(self, sent: DaySent, size: int) -> Keeps:
        """Whose photo of so many bytes is kept after what was sent before."""
        after = sent.photo_bytes + size
        if not self.photo_bytes or after <= (1 - FOR_LET_IN) * self.photo_bytes:
            return Keeps.ALL
        return Keeps.LET_IN if after <= self.photo_bytes else Keeps.NONE


def quota_name(door: DoorId) -> str:
    """Under which name a door's days are counted."""
    return str(door) if door.kind is DoorKind.DEVICE else NOT_PROVEN
