"""Sees to it that what was deleted leaves the disk too, soon after."""

from wsgi_app.house.chores import Chore
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


class Eraser(Chore):
    """Wipes the database whenever something was deleted; no call keeps others for longer than a moment."""

    def __init__(self, stores: Stores):
        super().__init__(stores.events, ACTIONS, stores.database.wipe)
