"""Taking back what somebody did by hand, exactly: a naming, a correction, an enrolment, a photo's removal."""

from wsgi_app.house.enrolment import refuse_returned
from wsgi_app.stores.changes import Change
from wsgi_app.stores.stores import Stores


def undo(stores: Stores, embedder: str, change_id: str) -> Change:
    """Make everything that a change changed as it was before, or nothing.

    Args:
        stores: where it is; it is told as taken back by whoever acts.
        embedder: the sha256 of the present network.
        change_id: which change.

    Raises:
        NotFound: it was taken back already, its time is over, or what it tells of is forgotten.
        Conflict: something of it was changed since, or a photo of it could not be enrolled any more.
    """
    with stores.database.write():
        taken_back = stores.changes.take_back(change_id)
        for person_id, face_id in taken_back.faces:
            refuse_returned(stores, embedder, stores.faces.get(person_id, face_id))
    return taken_back.change
