"""What an answer can be: the exhibits of statuses, headers and bodies."""

from collections.abc import Mapping
from types import MappingProxyType

from wsgi_app.lab import course, languages, own_headers, turns
from wsgi_app.lab.endpoints import greeting, headers, hello, redirect, status, stream, template
from wsgi_app.lab.tries import Exhibit, Try

EVENTS: Mapping[str, str] = MappingProxyType({"Accept": "text/event-stream"})

ANSWERS = (
    Exhibit(
        "Plain words",
        "The smallest answers there are: a status, headers and a line of text. Words out of the path come "
        "back in any script.",
        hello,
        (
            Try("one line of text", "/hello"),
            Try("all went well", "/good"),
            Try("words that say no, with a status that says yes", "/bad"),
            Try("the same by POST", "/bad", "POST", body="anything"),
            Try("two variables of a path", "/greet/Hello/world"),
            Try("in any script", "/greet/Ol%C3%A1/Jo%C3%A3o"),
        ),
        more=(course,),
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
        "Every status",
        "An answer with any status that HTTP has, the headers that have to go with it, those that you name "
        "and what it means. An error is JSON for programs and a page for browsers.",
        status,
        (
            Try("made", "/status/201", status=201),
            Try("a status and a header of your own", "/status/201?X-Lesson=WSGI", status=201),
            Try("nothing to say: no body", "/status/204", status=204),
            Try("a teapot", "/status/418", status=418),
            Try("later: with Retry-After", "/status/503", status=503),
            Try("no such status", "/status/999", status=400),
            Try("nothing there, as JSON", "/notfound", status=404),
            Try("nothing there, as a page", "/notfound", headers={"Accept": "text/html"}, status=404),
        ),
        more=(own_headers,),
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
            Try("none named: the two of a course's exercise", "/headers"),
            Try("one header", "/headers?X-Lesson=WSGI"),
            Try("two", "/headers?X-Lesson=WSGI&X-Student=Ana"),
            Try("a line's end in it", "/headers?X-Lesson=WSGI%0D%0ASet-Cookie:%20a=b", status=400),
            Try("a name that browsers act on", "/headers?X-Frame-Options=DENY", status=400),
        ),
        more=(own_headers, course),
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
)
