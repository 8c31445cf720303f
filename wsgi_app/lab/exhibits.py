"""What the lab shows: one literal table, from which its front page and the lines to copy are made."""

from collections.abc import Mapping
from types import MappingProxyType

from wsgi_app.base import counters
from wsgi_app.lab import folder, languages, seen, seen_bodies, sending, turns
from wsgi_app.lab.endpoints import (
    calc,
    echo,
    files,
    form,
    greeting,
    headers,
    hello,
    increase,
    json_body,
    notes,
    raw,
    redirect,
    secure,
    static,
    status,
    stream,
    template,
    ws,
)
from wsgi_app.lab.tries import Exhibit, Need, Try, basic
from wsgi_app.stores import notes as stored_notes
from wsgi_app.web import uploads

JSON: Mapping[str, str] = MappingProxyType({"Content-Type": uploads.JSON})
PLAIN: Mapping[str, str] = MappingProxyType({"Content-Type": "text/plain"})
EVENTS: Mapping[str, str] = MappingProxyType({"Accept": "text/event-stream"})
RIGHT = basic(secure.NAME, secure.PASSWORD)
WRONG = basic(secure.NAME, "let me in")

# What not every installation has.
FOLDER = Need(
    lambda services: services.config.lab_files is not None,
    "No folder is shown here; the setting PORTEIRO_LAB_FILES names one.",
)
ROOMS = Need(
    lambda services: services.worker is not None,
    "This needs uWSGI, of which a process keeps the connections; another server answers here.",
)

EXHIBITS = (
    Exhibit(
        "Plain words",
        "The smallest answers there are: a status, a header and a line of text. Words out of the path come "
        "back in any script.",
        hello,
        (
            Try("one line of text", "/hello"),
            Try("all went well", "/good"),
            Try("the request was wrong", "/bad", status=400),
            Try("the same by POST", "/bad", "POST", body="anything", status=400),
            Try("two variables of a path", "/greet/Hello/world"),
            Try("in any script", "/greet/Ol%C3%A1/Jo%C3%A3o"),
        ),
    ),
    Exhibit(
        "A greeting in your language",
        "A header of the client's own says who is greeted, and a language is chosen: the query's, else the "
        "first known one that Accept-Language asks for. Vary tells caches when the header chose it.",
        greeting,
        (
            Try("in the browser's own language", "/greeting"),
            Try("in Korean, to somebody", "/greeting?lang=ko", headers={"X-Student": "Ana"}),
            Try("zh-CN takes zh", "/greeting", headers={"Accept-Language": "zh-CN, en;q=0.5"}),
            Try("the query goes before the header", "/greeting?lang=pt", headers={"Accept-Language": "fr"}),
            Try("a language that is not known here", "/greeting?lang=xx", status=400),
        ),
        more=(languages,),
    ),
    Exhibit(
        "A mirror",
        "Your request as the application sees it, by any method: what nginx and uWSGI made of its address, "
        "headers and body, and which process answered. Cookies and passwords stay hidden.",
        echo,
        (
            Try("what your browser or curl sends by itself", "/echo?name=Ana&room=hall&room=attic"),
            Try("the same as text", "/echo?format=text"),
            Try("a form", "/echo", "POST", body="name=Jo%C3%A3o&room=hall&room=attic"),
            Try("JSON", "/echo", "PUT", JSON, '{"name": "João"}'),
            Try("text", "/echo", "PATCH", PLAIN, "Olá!"),
            Try("what says it is JSON, and is not", "/echo", "POST", JSON, '{"name": '),
            Try("a method that HTTP has not", "/echo", "BREW"),
            Try("in no format that is known here", "/echo?format=xml", status=406),
        ),
        more=(seen, seen_bodies),
    ),
    Exhibit(
        "Every status",
        "An answer with any status that HTTP has, the headers that have to go with it, and what it means. An "
        "error is JSON for programs and a page for browsers.",
        status,
        (
            Try("made", "/status/201", status=201),
            Try("nothing to say: no body", "/status/204", status=204),
            Try("a teapot", "/status/418", status=418),
            Try("later: with Retry-After", "/status/503", status=503),
            Try("no such status", "/status/999", status=400),
            Try("nothing there, as JSON", "/notfound", status=404),
            Try("nothing there, as a page", "/notfound", headers={"Accept": "text/html"}, status=404),
        ),
    ),
    Exhibit(
        "The way on",
        "A status of 3xx and a Location. curl shows it; a browser goes there at once, and so does 'Try it', "
        "which shows the answer there. The target is only ever below the lab, else any site could borrow "
        "this one's good name.",
        redirect,
        (
            Try("for ever", "/redirect", status=301),
            Try("for now", "/redirect?to=/greeting%3Flang%3Dko&status=302", status=302),
            Try("the same method again", "/redirect?status=307", status=307),
            Try("to another site", "/redirect?to=https://example.org/", status=400),
            Try("to another site, less plainly", "/redirect?to=//example.org/", status=400),
        ),
    ),
    Exhibit(
        "Headers of your choice",
        "Headers that the query names come back with the answer. Names that a server, a proxy or a browser "
        "acts on are refused, and so is a line's end, which would start a header of its own.",
        headers,
        (
            Try("one header", "/headers?X-Lesson=WSGI"),
            Try("two", "/headers?X-Lesson=WSGI&X-Student=Ana"),
            Try("a line's end in it", "/headers?X-Lesson=WSGI%0D%0ASet-Cookie:%20a=b", status=400),
            Try("a name that browsers act on", "/headers?X-Frame-Options=DENY", status=400),
        ),
    ),
    Exhibit(
        "Line by line",
        "The lines of the answer are sent one by one as they are made; curl -N shows them as they come. With "
        "X-Accel-Buffering nginx passes each on at once. It keeps a worker busy: one at a time, then a rest.",
        stream,
        (
            Try("five lines", "/stream", in_pieces=True),
            Try("as Server-Sent Events", "/stream?lines=3", headers=EVENTS, in_pieces=True),
            Try("too many", "/stream?lines=11", status=400),
        ),
        more=(turns,),
    ),
    Exhibit(
        "Fields of a form",
        "A query's fields, or those of a body in the two types that HTML's forms have. Each comes back with "
        "all its values, for a form may name a field more than once.",
        form,
        (
            Try("out of the query", "/form?name=Ana&room=hall&room=attic&format=json"),
            Try("out of a body", "/form", "POST", body="name=Jo%C3%A3o&room=hall&room=attic"),
            Try("by PUT", "/form", "PUT", body="name=Ana"),
            Try("no form", "/form", "POST", body="hello", status=400),
            Try("of another type", "/form", "POST", JSON, '{"name": "Ana"}', 415),
        ),
    ),
    Exhibit(
        "JSON there and back",
        "A body is read as JSON and written as JSON again, so that you see what of it counts: no spaces, and "
        "of a name that stands in it twice only the last.",
        json_body,
        (
            Try("the query as JSON", "/json?name=Ana&room=hall&room=attic"),
            Try("any value", "/json", "POST", JSON, '{ "name": "Ana", "rooms": [1, 2.50], "name": "João" }'),
            Try("by PUT", "/json", "PUT", JSON, "[true]"),
            Try("no JSON", "/json", "POST", JSON, "{'name': 'Ana'}", 400),
            Try("nested too deeply", "/json", "POST", JSON, "[" * 40 + "]" * 40, 400),
            Try("not declared as JSON", "/json", "POST", PLAIN, "[true]", 415),
        ),
    ),
    Exhibit(
        "A page from a template",
        "Jinja fills words into a page and leaves parts of it out; markup in what is filled in comes out as "
        "text. The page stands beside its own template, in English, Portuguese and Korean.",
        template,
        (
            Try("nobody in particular", "/template?lang=en"),
            Try("somebody, in Portuguese", "/template?lang=pt&name=Ana"),
            Try("in Korean", "/template?lang=ko&name=Ana"),
            Try("markup is escaped", "/template?lang=en&name=%3Cb%3EAna%3C/b%3E"),
            Try("a language that this page has not", "/template?lang=fr", status=400),
        ),
        more=(languages,),
    ),
    Exhibit(
        "Sums",
        "The same sum out of a form, out of JSON and out of a path, and the result as JSON or in a page. "
        "What cannot be worked out gets a 400 with a code that says why.",
        calc,
        (
            Try("how to ask; for a browser, the form", "/calc"),
            Try("in the path", "/calc/6/*/7"),
            Try("a division: its slash is sent as %2F", "/calc/6/%2F/4"),
            Try("JSON, with numbers or text", "/calc", "POST", JSON, '{"a": 6, "op": "-", "b": "7"}'),
            Try("a form, where + is sent as %2B", "/calc", "POST", body="a=6&op=%2B&b=7"),
            Try("in a form + means a space", "/calc", "POST", body="a=6&op=+&b=7", status=400),
            Try("an operand is missing", "/calc", "POST", body="a=6&op=*", status=400),
            Try("not a whole number", "/calc/6/*/seven", status=400),
            Try("too many digits", "/calc/1234567890123456/*/7", status=400),
            Try("no such operator", "/calc/6/%5E/7", status=400),
            Try("nothing can be divided by zero", "/calc/6/%2F/0", status=400),
        ),
    ),
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
        "WSGI without anything else",
        "The bare interface: a function of environ and start_response, of the standard library alone, that "
        "reads a JSON body and greets. Any WSGI server can run it.",
        raw,
        (
            Try("greets the world", "/raw"),
            Try("greets who is named", "/raw", "POST", JSON, '{"name": "Ana"}'),
            Try("no JSON", "/raw", "POST", JSON, '{"name": ', 400),
            Try("nobody named", "/raw", "POST", JSON, '{"nome": "Ana"}', 400),
            Try("a method that it has not", "/raw", "PUT", JSON, '{"name": "Ana"}', 405),
        ),
    ),
    Exhibit(
        "A folder",
        "The folder that PORTEIRO_LAB_FILES names: listings, and files whole or in ranges. Nothing outside "
        "it is ever sent, no dotfile, and nothing in it may run in the browser. A path that ends with .zzz "
        "is answered without any file.",
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
            Try("no JSON", "/notes", "POST", JSON, '{"text": ', 400),
            Try("not declared as JSON", "/notes", "POST", PLAIN, "Olá!", 415),
            Try("JSON of another shape", "/notes", "POST", JSON, '{"words": "Olá!"}', 422),
        ),
        more=(stored_notes,),
        client=("python", "-m", "wsgi_app.lab.client"),
    ),
    Exhibit(
        "WebSockets",
        "A connection that stays open: an echo, and a room in which everybody hears everybody. A WSGI "
        "callable cannot keep one; uWSGI's mule does, beside the workers.",
        ws,
        (
            Try("the page of the rooms", "/ws", headers={"Accept": "text/html"}, needs=ROOMS),
            Try("what a program is told that opens no WebSocket", "/ws", status=426, needs=ROOMS),
        ),
    ),
)
