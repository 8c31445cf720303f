"""Sees to it that what was deleted leaves the disk too, soon after."""

from wsgi_app.stores.stores import Stores

# What is told of an act after which something must not be found on the disk any more.
ACTIONS = (
    "changed",
    "forgotten",
    "removed",
    "face_removed",
    "corrected",
    "ignored",
    "correction_removed",
    "undone",
)


class Eraser:
    """Wipes the database whenever something was deleted since the last time, until that is done.

    Each call tries once, and keeps others for no longer than a moment. The first one always tries: nobody
    knows what was deleted before.
    """

    def __init__(self, stores: Stores):
        self._stores = stores
        self._last, self._is_due = 0, True

    def __call__(self) -> bool:
        """Wipe if that is due; whether nothing is left to be wiped.

        Raises:
            Unavailable: the database does not answer.
        """
        last = self._stores.events.last()
        if not self._is_due:
            self._is_due = self._stores.events.has_any(ACTIONS, self._last)
        self._last = last
        if self._is_due:
            self._is_due = not self._stores.database.wipe()
        return not self._is_due
