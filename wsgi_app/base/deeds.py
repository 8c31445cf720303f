"""What somebody does by hand and can take back for a while."""

from enum import StrEnum


class Deed(StrEnum):
    """One kind of it."""

    NAMED = "named"
    """Said who it was, of faces that nobody knew."""
    BARRED = "barred"
    """Said who it was not."""
    IGNORED = "ignored"
    """Left visits out of the inbox."""
    CORRECTED = "corrected"
    """Said something of a visit."""
    CORRECTION_REMOVED = "correction_removed"
    """Took back what was said of a visit."""
    ENROLLED = "enrolled"
    """Gave somebody a photo to be known by."""
    FACE_REMOVED = "face_removed"
    """Took such a photo away, or one that is not theirs."""
    FACE_CONFIRMED = "face_confirmed"
    """Said that a photo is theirs that is unlike their others."""
