"""What people may do, from nothing to everything."""

from enum import IntEnum, StrEnum


class Role(IntEnum):
    """Who somebody is here; each may do what those before may."""

    ANYONE = 0
    """Anyone who reaches the server; doors show their tokens to the addresses made for them."""
    VIEWER = 1
    """Sees people and visits."""
    OPERATOR = 2
    """Enrols, corrects, and talks to the others who are there."""
    OWNER = 3
    """Also says who may sign in and which doors may ask, and reads the audit log."""

    @property
    def word(self) -> str:
        """The role as it is written, such as ``owner``."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Role":
        """The role of a word; raises ``KeyError`` for another."""
        return cls[word.upper()]


class Token(StrEnum):
    """Which token an address asks for in place of a sign-in."""

    DOOR = "door"
    """A door's own; none else will do."""
    DOOR_IF_ASKED = "door_if_asked"
    """A door's own, or none where the settings let doors ask without one."""


ACCOUNT_ROLES = (Role.VIEWER, Role.OPERATOR, Role.OWNER)  # what an account can have
