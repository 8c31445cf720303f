"""Why a purge waits until an owner approves it: the words that the database, the wire and the pages have."""

from enum import StrEnum


class HoldReason(StrEnum):
    """What of a purge makes one doubt the clock, or the settings."""

    CLOCK_JUMPED = "clock_jumped"
    """The time of day moved otherwise than time has passed."""
    ALL_OLD = "all_old"
    """Even the newest visit is too old, by a clock that nothing bears out."""
    MOST_VISITS = "most_visits"
    """More than half of all visits would go."""
