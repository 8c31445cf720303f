"""Where a house's time of day and its ids come from."""

import uuid
from datetime import UTC, datetime


def utc_now() -> datetime:
    """The time of day, aware."""
    return datetime.now(UTC)


def random_id() -> str:
    """32 hex digits that nobody can guess."""
    return uuid.uuid4().hex
