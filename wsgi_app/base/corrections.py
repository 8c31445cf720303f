"""What a person can say of a visit, beside the door's own verdict."""

from enum import StrEnum


class CorrectionVerdict(StrEnum):
    """What a person says of a visit; ``PERSON`` and ``NOBODY`` settle who it was."""

    PERSON = "person"
    """Somebody who is known."""
    NOBODY = "nobody"
    """Somebody who is not."""
    IGNORED = "ignored"
    """It needs no answer: the door's verdict stands."""
