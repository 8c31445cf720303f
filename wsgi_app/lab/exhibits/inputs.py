"""What a request can bring: the exhibits of queries, forms, JSON and paths."""

from wsgi_app.lab import fields, seen, seen_bodies
from wsgi_app.lab.endpoints import add_message, calc, echo, form, json_body, raw, request_object
from wsgi_app.lab.tries import JSON, PLAIN, Exhibit, Try

INPUTS = (
    Exhibit(
        "A mirror",
        "Your request as the application sees it, by any method: what nginx and uWSGI made of its address, "
        "headers and body, and which process answered. Any path below it will do. Cookies and passwords stay "
        "hidden.",
        echo,
        (
            Try("what your browser or curl sends by itself", "/echo?name=Ana&room=hall&room=attic"),
            Try("the same as text", "/echo?format=text"),
            Try("a form", "/echo", "POST", body="name=Jo%C3%A3o&room=hall&room=attic"),
            Try("any path below", "/echo/any/path?name=Ana", "DELETE"),
            Try("JSON", "/echo", "PUT", JSON, '{"name": "João"}'),
            Try("text", "/echo", "PATCH", PLAIN, "Olá!"),
            Try("a method that HTTP has not", "/echo", "BREW"),
            Try("in no format that is known here", "/echo?format=xml", status=406),
        ),
        more=(seen, seen_bodies),
    ),
    Exhibit(
        "The request as an object",
        "The query, what the client calls itself, a form's fields and a key of a JSON body, all out of one "
        "object and on one page; as JSON where Accept asks for it.",
        request_object,
        (
            Try("a query", "/request?language=Python"),
            Try("a key of a JSON body", "/request?key=name", "POST", JSON, '{"name": "Ana"}'),
        ),
        more=(fields,),
    ),
    Exhibit(
        "Fields of a form",
        "A query's fields, or those of a body in the two types that HTML's forms have. Each comes back with "
        "all its values, for a form may name a field more than once. Without any, a page of forms comes.",
        form,
        (
            Try("a page with two forms, unless Accept asks for JSON", "/form"),
            Try("out of the query", "/form?name=Ana&room=hall&room=attic&format=json"),
            Try("out of a body", "/form", "POST", body="name=Jo%C3%A3o&room=hall&room=attic"),
            Try("no form", "/form", "POST", body="hello", status=400),
            Try("of another type", "/form", "POST", JSON, '{"name": "Ana"}', 415),
        ),
        more=(fields,),
    ),
    Exhibit(
        "JSON there and back",
        "A body is read as JSON and written as JSON again, so that you see what of it counts: no spaces, and "
        "of a name that stands in it twice only the last. A query and a form come back as JSON too: a field "
        "that came once as its value, one that came more often as a list.",
        json_body,
        (
            Try("the query as JSON", "/json?name=Ana&room=hall&room=attic"),
            Try("any value", "/json", "POST", JSON, '{ "name": "Ana", "rooms": [1, 2.50], "name": "João" }'),
            Try("by PUT", "/json", "PUT", JSON, "[true]"),
            Try("a form", "/json", "POST", body="name=Ana&room=hall&room=attic"),
            Try("no JSON", "/json", "POST", JSON, "{'name': 'Ana'}", 400),
        ),
        more=(fields,),
    ),
    Exhibit(
        "A path's variable beside a body",
        "An address for programs: the path says which one is meant, and a body of JSON what of it. What came "
        "is sent back with the path's variable in it; nothing is kept.",
        add_message,
        (Try("a message", "/api/add_message/1234", "POST", JSON, '{"message": "Olá!"}'),),
    ),
    Exhibit(
        "Sums",
        "The same sum out of a form, out of JSON and out of a path, and the result as JSON or in a page. "
        "What cannot be worked out gets a 400 with a code that says why.",
        calc,
        (
            Try("the form, unless Accept asks for JSON", "/calc"),
            Try("in the path", "/calc/6/*/7"),
            Try("in the path alone", "/6/*/7"),
            Try("a division: its slash is sent as %2F", "/calc/6/%2F/4"),
            Try("JSON, with numbers or text", "/calc", "POST", JSON, '{"a": 6, "op": "-", "b": "7"}'),
            Try("a form, where + is sent as %2B", "/calc", "POST", body="a=6&op=%2B&b=7"),
            Try("by other names", "/post", "POST", body="input1=6&operator=*&input2=7"),
            Try("in a form + means a space", "/calc", "POST", body="a=6&op=+&b=7", status=400),
            Try("not a whole number", "/calc/6/*/seven", status=400),
            Try("no such operator", "/calc/6/%5E/7", status=400),
            Try("nothing can be divided by zero", "/calc/6/%2F/0", status=400),
        ),
        more=(fields,),
    ),
    Exhibit(
        "WSGI without anything else",
        "The bare interface: a function of environ and start_response, of the standard library alone, that "
        "reads a JSON body and greets. Any WSGI server can run it.",
        raw,
        (
            Try("greets the world", "/raw"),
            Try("greets who is named", "/raw", "POST", JSON, '{"name": "Ana"}'),
            Try("nobody named", "/raw", "POST", JSON, '{"nome": "Ana"}', 400),
            Try("a method that it has not", "/raw", "PUT", JSON, '{"name": "Ana"}', 405),
        ),
    ),
)
