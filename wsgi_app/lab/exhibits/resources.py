"""What lies behind an address: the exhibits of counters, passwords, files, notes and rooms."""

from wsgi_app.base import counters
from wsgi_app.lab import folder, sending
from wsgi_app.lab.endpoints import cors, files, increase, notes, secure, static, ws
from wsgi_app.lab.tries import JSON, Exhibit, Need, Try, basic
from wsgi_app.stores import notes as stored_notes

RIGHT = basic(secure.NAME, secure.PASSWORD)
WRONG = basic(secure.NAME, "let me in")
ELSEWHERE = {"Origin": "https://example.org"}
MAY_I_PUT = {**ELSEWHERE, "Access-Control-Request-Method": "PUT"}

# What not every installation has.
FOLDER = Need(
    lambda services: services.config.lab_files is not None,
    "No folder is shown here; the setting PORTEIRO_LAB_FILES names one.",
)
ROOMS = Need(
    lambda services: services.worker is not None,
    "This needs uWSGI, of which a process keeps the connections; another server answers here.",
)

RESOURCES = (
    Exhibit(
        "Counting up",
        "A counter in memory that all of uWSGI's processes share, and one in a variable, of which each "
        "process has its own. Each answer names its process: watch the second counter jump.",
        increase,
        (
            Try("one more for the whole server", "/increase", "POST"),
            Try("one more for the process that answers", "/increase?where=process", "POST"),
            Try("a GET counts as well, which a GET should not", "/increase"),
            Try("no such place to count", "/increase?where=nowhere", status=400),
        ),
        more=(counters,),
    ),
    Exhibit(
        "A password",
        "Basic auth: without a name and a password, 401 and WWW-Authenticate ask for them, and after a few "
        f"wrong ones in a row 429 asks to wait. {secure.HINT}",
        secure,
        (
            Try("without a password", "/secure", status=401),
            Try("with a wrong one", "/secure", headers=WRONG, status=401),
            Try("with the right one", "/secure", headers=RIGHT),
        ),
    ),
    Exhibit(
        "Other sites' scripts",
        "A browser keeps an answer from the script of another site, unless that allows it (CORS), and asks "
        "first, with OPTIONS, before it sends more than a form could. Programs heed none of this. One "
        "address here allows it, and nothing of the house.",
        cors,
        (
            Try("an answer for the scripts of any site", "/cors/open", headers=ELSEWHERE),
            Try("the question before a PUT: it may be sent", "/cors/open", "OPTIONS", MAY_I_PUT, status=204),
            Try("an answer that the browser keeps from them", "/cors/closed", headers=ELSEWHERE),
            Try(
                "the question here: no word of other sites", "/cors/closed", "OPTIONS", MAY_I_PUT, status=204
            ),
        ),
    ),
    Exhibit(
        "A folder",
        "The folder that PORTEIRO_LAB_FILES names: listings, and files whole or in ranges. Nothing outside "
        "it is ever sent, no dotfile. Its pages load its pictures and styles; nothing in it may run in "
        "the browser. A path that ends with .zzz is answered without any file.",
        files,
        (
            Try(
                "the way to the folder, where 'Try it' goes at once and curl does not",
                "/files",
                status=308,
                needs=FOLDER,
            ),
            Try("what is in it, as JSON", "/files/", needs=FOLDER),
            Try("as a page", "/files/", headers={"Accept": "text/html"}, needs=FOLDER),
            Try("as text", "/files/?format=text", needs=FOLDER),
            Try("no file at all, and an answer", "/files/any/where/today.zzz"),
            Try("a dotfile: as if it were not there", "/files/.env", status=404, needs=FOLDER),
            Try("a way out", "/files/..%2F..%2Fetc/passwd", status=404, needs=FOLDER),
        ),
        more=(folder, sending),
    ),
    Exhibit(
        "The pages' own files",
        "The styles, scripts and pictures that these pages load. uWSGI sends them before the application is "
        "asked; under another server the lab sends them itself, like the files of the folder.",
        static,
        (
            Try("a picture", "/static/icon.svg"),
            Try("a style", "/static/lab.css"),
            Try("no such file", "/static/nothing.css", status=404),
        ),
        more=(folder, sending),
    ),
    Exhibit(
        "Notes",
        "A tiny REST resource: one address for all notes and one for each, and the statuses that say what "
        "became of a request. A client in Python goes through all of it.",
        notes,
        (
            Try("every note, with its address", "/notes"),
            Try("one of them", "/notes/welcome"),
            Try("a new one, and Location says where", "/notes", "POST", JSON, '{"text": "Olá!"}', 201),
            Try("a note that may only be read", "/notes/welcome", "PUT", JSON, '{"text": "Mine!"}', 403),
            Try("it stays, too", "/notes/welcome", "DELETE", status=403),
            Try("no such note", "/notes/nowhere", status=404),
            Try("a method that is not there: Allow names those that are", "/notes", "PATCH", status=405),
            Try("JSON of another shape", "/notes", "POST", JSON, '{"words": "Olá!"}', 422),
        ),
        more=(stored_notes,),
        client=("python", "-m", "wsgi_app.lab.client"),
    ),
    Exhibit(
        "WebSockets",
        "A connection that stays open: two echoes, and a room in which everybody hears everybody. A WSGI "
        "callable cannot keep one; uWSGI's mule does, beside the workers.",
        ws,
        (
            Try("the page of the rooms", "/ws", headers={"Accept": "text/html"}, needs=ROOMS),
            Try("what a program is told that opens no WebSocket", "/ws", status=426, needs=ROOMS),
        ),
    ),
)
