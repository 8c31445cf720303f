"""The lab's route table: method, path pattern below its mount, endpoint; anybody may ask."""

from wsgi_app.access.roles import Role
from wsgi_app.lab.endpoints import (
    add_message,
    calc,
    cors,
    echo,
    files,
    form,
    greeting,
    headers,
    hello,
    increase,
    index,
    json_body,
    notes,
    raw,
    redirect,
    request_object,
    secure,
    static,
    status,
    stream,
    template,
    ws,
)
from wsgi_app.web.routing import ANY_METHOD, Endpoint, Route

TABLE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/", index.show),
    ("GET", "/source/{name}", index.source),
    ("GET", "/hello", hello.hello),
    ("GET", "/good", hello.good),
    ("GET", "/bad", hello.bad),
    ("POST", "/bad", hello.bad),
    ("GET", "/greet/{greeting:text}/{name:text}", hello.greet),
    ("GET", "/greeting", greeting.greeting),
    (ANY_METHOD, "/echo", echo.echo),
    (ANY_METHOD, "/echo/{path:path}", echo.echo),
    ("GET", "/request", request_object.show),
    ("POST", "/request", request_object.show),
    ("PUT", "/request", request_object.show),
    ("GET", "/status/{code:text}", status.show),
    ("GET", "/notfound", status.not_found),
    ("GET", "/redirect", redirect.redirect),
    ("GET", "/headers", headers.headers),
    ("GET", "/stream", stream.stream),
    ("GET", "/form", form.show),
    ("POST", "/form", form.take),
    ("PUT", "/form", form.take),
    ("GET", "/json", json_body.show),
    ("POST", "/json", json_body.take),
    ("PUT", "/json", json_body.take),
    ("POST", "/api/add_message/{uuid:text}", add_message.add_message),
    ("PUT", "/api/add_message/{uuid:text}", add_message.add_message),
    ("GET", "/template", template.template),
    ("GET", "/calc", calc.show),
    ("POST", "/calc", calc.post),
    ("GET", "/post", calc.show),
    ("POST", "/post", calc.post),
    ("GET", "/calc/{a:optional}/{op:text}/{b:optional}", calc.get),  # it says what is missing
    ("GET", "/calc/{a:optional}///{b:optional}", calc.get),  # a division: servers decode its %2F
    ("GET", "/increase", increase.increase),
    ("POST", "/increase", increase.increase),
    ("GET", "/secure", secure.secure),
    (ANY_METHOD, "/raw", raw.raw),
    ("GET", "/files", files.to_folder),
    ("GET", "/files/{path:path}", files.show),
    ("GET", "/static/{path:path}", static.show),
    ("GET", "/notes", notes.index),
    ("POST", "/notes", notes.create),
    ("GET", "/notes/{note}", notes.show),
    ("PUT", "/notes/{note}", notes.replace),
    ("DELETE", "/notes/{note}", notes.remove),
    ("GET", "/ws", ws.show),
    ("GET", "/cors/closed", cors.closed),
    ("OPTIONS", "/cors/open", cors.preflight),
    # Last, for they are of the widest shape: a sum that begins with its first number.
    ("GET", "/{a:number}/{op:text}/{b:optional}", calc.get),
    ("GET", "/{a:number}///{b:optional}", calc.get),
)

# What the pages of other sites may send through somebody's browser, too: it changes nothing.
FROM_ANY_SITE: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/cors/open", cors.opened),
    ("POST", "/cors/open", cors.opened),
    ("PUT", "/cors/open", cors.opened),
)

ROUTES = (
    *(Route(method, pattern, endpoint, Role.ANYONE) for method, pattern, endpoint in TABLE),
    *(Route(*row, Role.ANYONE, from_any_site=True) for row in FROM_ANY_SITE),
)
