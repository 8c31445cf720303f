"""Telling the log the same seldom: what fails with every request is not told with every request."""

import time
from collections.abc import Callable

AGAIN_S = 60.0  # after which the same is told again


class Seldom:
    """Says whether something is to be told now.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._told: dict[str, float] = {}

    def is_due(self, what: str) -> bool:
        """Whether something was not told of late; by this it is."""
        now = self._clock()
        if now - self._told.get(what, -AGAIN_S) < AGAIN_S:
            return False
        self._told[what] = now
        return True

    def end(self) -> bool:
        """Whether anything was told since the last end: all is well again."""
        was_told = bool(self._told)
        self._told.clear()
        return was_told
