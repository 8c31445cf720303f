"""What is to be done soon after events of some kinds, again and again until it is done."""

from collections.abc import Callable, Collection

from wsgi_app.stores.events import EventStore


class Chore:
    """Does something whenever some actions were told since the last time, until that is done.

    Each call tries once. The first one always tries: nobody knows what was told before.

    Args:
        events: in which that is told.
        actions: after which there is something to do.
        act: does it; gives whether nothing is left to do.
    """

    def __init__(self, events: EventStore, actions: Collection[str], act: Callable[[], bool]):
        self._events, self._actions, self._act = events, actions, act
        self._last, self._is_due = 0, True

    def __call__(self) -> bool:
        """Do it if that is due; whether nothing is left to do.

        Raises:
            Unavailable: the database does not answer.
        """
        last = self._events.last()
        if not self._is_due:
            self._is_due = self._events.has_any(self._actions, self._last)
        self._last = last
        if self._is_due:
            self._is_due = not self._act()
        return not self._is_due
