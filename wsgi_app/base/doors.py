"""Doors: what a visit has for one, and how those with a token are."""

import re
from dataclasses import dataclass
from enum import StrEnum

DOOR_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")  # of one with a token


class DoorKind(StrEnum):
    """How a door is told apart."""

    DEVICE = "device"
    """By the name that its token has."""
    ADDRESS = "address"
    """By the address that it asks from: nothing proves it."""


@dataclass(frozen=True)
class DoorId:
    """Which door a visit came from.

    Attributes:
        kind: how it is told apart.
        name: what it is called.
    """

    kind: DoorKind
    name: str

    def __str__(self) -> str:
        """As clients see it: ``device:front``, ``address:192.0.2.7``."""
        return f"{self.kind}:{self.name}"

    @classmethod
    def of(cls, text: str) -> "DoorId":
        """The door that clients call so; a text without a kind is an address."""
        for kind in DoorKind:
            name = text.removeprefix(f"{kind}:")
            if name not in (text, ""):
                return cls(kind, name)
        return cls(DoorKind.ADDRESS, text)


class DoorState(StrEnum):
    """How a door with a token is, by its last heartbeat."""

    HERE = "here"
    LATE = "late"
    LOST = "lost"
    NEVER = "never"
