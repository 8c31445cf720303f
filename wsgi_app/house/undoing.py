"""Taking back what somebody did by hand, exactly: a naming, a correction, an enrolment, a photo's removal."""

from collections.abc import Sequence
from contextlib import suppress

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.errors import Conflict, NotFound
from wsgi_app.house.enrolment import refuse_returned
from wsgi_app.stores.changes import Change
from wsgi_app.stores.corrections import Correction
from wsgi_app.stores.faces import EnrolledFace
from wsgi_app.stores.stores import Stores


def undo(stores: Stores, embedder: str, change_id: str) -> Change:
    """Make everything that a change changed as it was before, or nothing.

    Args:
        stores: where it is; it is told as taken back by whoever acts.
        embedder: the sha256 of the present network.
        change_id: which change.

    Raises:
        NotFound: it was taken back already, its time is over, or what it tells of is forgotten.
        Conflict: something of it was changed since, what would come back contradicts what was said since, or
            a photo of it could not be enrolled any more.
    """
    try:
        return _undo(stores, embedder, change_id)
    except Conflict as error:
        if error.code == "changed_since" and _is_undone_after_others(stores, embedder, change_id):
            raise Conflict("changed_since:undo_first") from error
        raise


class _Tried(Exception):
    """Ends a transaction of which nothing is to be kept."""


def _is_undone_after_others(stores: Stores, embedder: str, change_id: str) -> bool:
    """Whether a change can be undone once what was done since to the same is, the latest first: by trying."""
    done = False
    try:
        with stores.database.write():
            for follower in stores.changes.followers(change_id):
                with suppress(Conflict, NotFound):
                    _undo(stores, embedder, follower)
            with suppress(Conflict, NotFound):
                _undo(stores, embedder, change_id)
                done = True
            raise _Tried  # noqa: TRY301  # its end is outside
    except _Tried:
        return done


def _undo(stores: Stores, embedder: str, change_id: str) -> Change:
    with stores.database.write():
        taken_back = stores.changes.take_back(change_id)
        corrections = stores.corrections.of(list(taken_back.visits))
        for visit_id in taken_back.visits:
            if _contradictory(corrections.get(visit_id), stores.faces.taken_from([visit_id])):
                raise Conflict("changed_since:said")
        for person_id, face_id in taken_back.faces:
            refuse_returned(stores, embedder, stores.faces.get(person_id, face_id))
    return taken_back.change


def _contradictory(correction: Correction | None, faces: Sequence[EnrolledFace]) -> bool:
    """Whether the faces that are kept of a visit are not what was said of it: no other way leaves it so."""
    learnt = {face.person_id for face in faces if not face.negative}
    barred = {face.person_id for face in faces if face.negative}
    if correction is None or correction.verdict is CorrectionVerdict.IGNORED:
        return bool(learnt & barred)
    return bool(learnt - {correction.person_id}) or correction.person_id in barred
