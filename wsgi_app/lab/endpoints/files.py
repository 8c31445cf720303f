"""A folder made browsable: listings, content types, ranges; an index.html is a file like any other."""

from urllib.parse import quote

from webob import Response

from wsgi_app.base.errors import NotFound
from wsgi_app.lab.folder import FolderEntry, Listing, look_up
from wsgi_app.lab.sending import CONTENT_TYPES, file_answer
from wsgi_app.lab.services import LabCall
from wsgi_app.web.rendering import json_answer, negotiated, text_answer

# Whatever lies in the folder comes from the same place as the house's own pages: a page or picture of it may
# load pictures and styles, but run nothing, ask nobody and send no form. Scripts are only to be read, by
# the house's pages too.
SANDBOX = (
    "sandbox; default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'"
)
TYPES = {**CONTENT_TYPES, ".js": "text/plain", ".mjs": "text/plain"}


def to_folder(call: LabCall) -> Response:
    """``GET /files``: the way to the folder, whose address ends with a slash."""
    return _redirect(call, "")


def show(call: LabCall, path: str) -> Response:
    """``GET /files/{path}``: a file, a folder's listing, or for ``.zzz`` an answer without any file."""
    if path.endswith(".zzz"):
        return _made_up(call, path)
    place = call.services.config.lab_files
    if place is None:
        raise NotFound("no_folder")
    entry = look_up(place, path)
    if isinstance(entry, Listing):
        return _listing(call, entry) if path == "" or path.endswith("/") else _redirect(call, f"{path}/")
    response = file_answer(call.request, entry, TYPES)
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _made_up(call: LabCall, path: str) -> Response:
    today = call.services.now().astimezone(call.services.config.timezone)
    day = today.timetuple().tm_yday
    return text_answer(f"You requested /files/{path} on day {day} of {today.year}\n")


def _listing(call: LabCall, listing: Listing) -> Response:
    makers = {
        "json": lambda: json_answer(listing),
        "html": lambda: call.page("files.html", listing=listing),
        "text": lambda: text_answer("".join(_line(entry) for entry in listing.entries)),
    }
    return negotiated(call.request, makers)


def _line(entry: FolderEntry) -> str:
    size = "-" if entry.size is None else entry.size
    slash = "/" if entry.kind == "folder" else ""
    return f"{entry.changed:%Y-%m-%d %H:%M} {size:>12} {entry.name}{slash}\n"


def _redirect(call: LabCall, path: str) -> Response:
    """308 to a path of which every name is known to be there, with all that means something quoted."""
    place = f"{call.request.script_name}/files/{quote(path)}"
    return text_answer(f"{place}\n", 308, {"Location": place})
