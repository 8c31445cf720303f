"""Taking back what somebody did by hand."""

from webob import Response

from wsgi_app.base.deeds import Deed
from wsgi_app.house.undoing import undo
from wsgi_app.stores.changes import Change
from wsgi_app.web.call import Call
from wsgi_app.web.links import Links
from wsgi_app.web.rendering import changed
from wsgi_app.web.undoing import UNDONE, with_query

# Where a page's form goes on to that undid something of each kind.
PAGES = {
    Deed.NAMED: lambda links, _: links.unknown,
    Deed.BARRED: lambda links, _: links.unknown,
    Deed.IGNORED: lambda links, _: links.unknown,
    Deed.CORRECTED: Links.visit,
    Deed.CORRECTION_REMOVED: Links.visit,
    Deed.ENROLLED: Links.person,
    Deed.FACE_REMOVED: Links.person,
    Deed.FACE_CONFIRMED: Links.person,
}


def take_back(call: Call, change: str) -> Response:
    """``POST /undo/{change}``: makes all as it was before a change, for 15 minutes after it.

    It is refused where something of it was changed since. Nothing undoes this in turn.
    """
    taken_back: Change = undo(call.stores, call.house.embedder, change)
    back = PAGES[taken_back.deed](call.links, taken_back.subject)
    return changed(call.request, with_query(back, UNDONE, taken_back.deed))
