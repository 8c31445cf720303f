"""The server's own description for programs (OpenAPI 3.1), made from the route table and the typed bodies."""

import inspect
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from wsgi_app.access import cookies
from wsgi_app.access.doors import SIGNED
from wsgi_app.access.evidence import HEADER
from wsgi_app.access.roles import Role, Token
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.thresholds import LEAST_RATE, MOST_RATE
from wsgi_app.web.errors import ErrorBody
from wsgi_app.web.presses import (
    AGREEING_HEADER,
    AT_HEADER,
    BOOT_HEADER,
    ID_HEADER,
    MS_HEADER,
)
from wsgi_app.web.refusals import REFUSALS, has_ranges
from wsgi_app.web.rendering import FORMATS
from wsgi_app.web.routing import ID, Multipart, Route

Json = dict[str, Any]

DOCSTRING = re.compile(r"``[A-Z]+ [^`]+``:? *")
TEXT: Json = {"type": "string"}
BINARY: Json = {"type": "string", "format": "binary"}
DAY: Json = {"type": "string", "format": "date"}
COUNT: Json = {"type": "integer", "minimum": 1, "maximum": 2**62 - 1}

# What addresses read out of the query, as the rows of the route table name it.
QUERY: dict[str, tuple[str, Json]] = {
    "accept": (
        "doubts in spite of which to enrol: like_another, unlike_own, or both with a comma",
        {"type": "string"},
    ),
    "rate": ("the wanted false-accept rate", {"type": "number", "minimum": LEAST_RATE, "maximum": MOST_RATE}),
    "next": ("the page to go on to", TEXT),
    "token": ("what is secret in the one-time link", TEXT),
    "limit": ("how many at most", COUNT),
    "q": ("only those with this in their names", TEXT),
    "after": ("the cursor of the page that follows; take it from the Link header", TEXT),
    "before": ("the cursor of the page that follows; take it from the Link header", COUNT),
    "person": ("id of the person whom the visits show, by a correction or by the verdict", TEXT),
    "outcome": ("how the visits ended", {"enum": [str(outcome) for outcome in Outcome]}),
    "device": ("which door the visits came from", TEXT),
    "day": ("of the visits, as the clocks of the house have it", DAY),
    "corrected": ("whether somebody corrected the visits", {"enum": ["yes", "no"]}),
}

# What addresses read out of the headers, likewise.
HEADERS = {
    ID_HEADER: "the id of the press, the same in each retry",
    BOOT_HEADER: "which boot of the device; needed with a token, like those that follow",
    AT_HEADER: "when, by the device's time of day, ISO 8601",
    MS_HEADER: "when, by its monotonic clock",
    HEADER: "which version of what proves an answer the device understands",
    AGREEING_HEADER: "how many photos have to agree before the door opens anything, 1 to 3",
}

SIGN_INS: Json = {
    "password": {"type": "http", "scheme": "basic", "description": "An account's name and password."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookies.NAME,
        "description": "A browser's sign-in; changes bring its X-CSRF-Token too.",
    },
    "door": {"type": "http", "scheme": "bearer", "description": "A door's token, over https."},
    "signed": {
        "type": "http",
        "scheme": SIGNED,
        "description": "A signature made with a door's token, over plain http; with it a Content-Digest.",
    },
}


def describe(routes: tuple[Route, ...], root: str, version: str) -> Json:
    """The whole document.

    Args:
        routes: every address.
        root: the mount, ``""`` or ``/something``.
        version: of the server.
    """
    types = list(dict.fromkeys((*_types(routes), ErrorBody)))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.pattern, {})[route.method.lower()] = _operation(route, by_type)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Porteiro", "version": version, "description": "A self-hosted doorman."},
        "servers": [{"url": root or "/"}],
        "tags": [{"name": noun} for noun in dict.fromkeys(route.noun for route in routes)],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": _refusals(by_type[ErrorBody]),
            "securitySchemes": SIGN_INS,
        },
    }
    read: Json = _as_others_read_it(document)
    return read


def success_of(route: Route) -> int:
    """The status of success."""
    return route.status or (204 if route.gives is None and route.formats == ("json",) else 200)


def takes_forms(route: Route) -> bool:
    """Whether a page's form may post its fields there as well as a program its JSON."""
    return route.method == "POST" and not _is_uploaded(route)


def _is_uploaded(route: Route) -> bool:
    only_photos = isinstance(route.takes, Multipart) and route.body is None
    return only_photos or route.json_only


def _types(routes: Iterable[Route]) -> Iterable[type]:
    for route in routes:
        for body in (route.body, route.gives):
            if body is not None:
                yield body


def _operation(route: Route, schemas: dict[type, Json]) -> Json:
    summary, description = words_of(route)
    operation: Json = {
        "operationId": route.name,
        "tags": [route.noun],
        "summary": summary,
        "description": description,
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
        "security": _security(route),
        "x-role": route.role.word,
    }
    if route.takes is not None:
        operation["requestBody"] = {"required": True, "content": _taken(route, schemas)}
    return operation


def words_of(route: Route) -> tuple[str, str]:
    """What an address does: in one line, and what else is to be said of it; out of its docstring."""
    words = DOCSTRING.sub("", inspect.getdoc(route.endpoint) or "", count=1).replace("``", "`")
    first, _, rest = words.partition("\n\n")
    summary = " ".join(first.split()).strip(". ") or f"{route.method} {route.pattern}"
    return summary[:1].upper() + summary[1:], rest


def _security(route: Route) -> list[Json]:
    if route.token is not None:
        return [{"door": []}, {"signed": []}, *([] if route.token is Token.DOOR else [{}])]
    return [] if route.role is Role.ANYONE else [{"password": []}, {"cookie": []}]


def _parameters(route: Route) -> list[Json]:
    variable = {"type": "string", "pattern": f"^{ID}$"}
    parameters = [
        _parameter("path", name, f"id of the {name}", variable)
        for name in re.findall(r"{(\w+)}", route.pattern)
    ]
    cursor = ("limit", route.paged) if route.paged else ()
    parameters += [_parameter("query", name, *QUERY[name]) for name in (*cursor, *route.query)]
    if len(route.formats) > 1:
        words = {"type": "string", "enum": list(route.formats)}
        parameters.append(_parameter("query", "format", "decides, whatever Accept says", words))
    parameters += [_parameter("header", name, HEADERS[name], TEXT) for name in route.headers]
    if route.versioned:
        parameters.append(_parameter("header", "If-Match", "only if its ETag is still this one", TEXT))
    return parameters


def _parameter(place: str, name: str, description: str, schema: Json) -> Json:
    needed = place == "path"
    return {"name": name, "in": place, "required": needed, "description": description, "schema": schema}


def _taken(route: Route, schemas: dict[type, Json]) -> Json:
    content: Json = {}
    if isinstance(route.takes, Multipart):
        parts = dict.fromkeys(route.takes.parts, BINARY)
        needed = list(route.takes.parts[: route.takes.needed])
        content["multipart/form-data"] = {
            "schema": {"type": "object", "properties": parts, "required": needed}
        }
        content.update((kind, {"schema": BINARY}) for kind in route.takes.alone)
    if route.body is not None:
        content["application/json"] = body = {"schema": schemas[route.body]}
        if takes_forms(route):
            content["application/x-www-form-urlencoded"] = body
    return content


def _responses(route: Route, schemas: dict[type, Json]) -> Json:
    content = _content(route, schemas)
    responses = _successes(route, content)
    for refused, applies, _ in REFUSALS:
        if refused in route.also:
            responses[str(refused)] = {"description": "Done, with another end.", "content": content}
        elif applies(route):
            responses[str(refused)] = {"$ref": f"#/components/responses/{refused}"}
    return responses


def _successes(route: Route, content: Json) -> Json:
    status = success_of(route)
    done: Json = {"description": "Done."}
    if status != HTTPStatus.NO_CONTENT:
        done["content"] = content | ({"text/html": {"schema": TEXT}} if takes_forms(route) else {})
    if status == HTTPStatus.CREATED:
        done["headers"] = {"Location": {"schema": TEXT, "description": "Where it is from now on."}}
    further = {
        "206": ("The range that was asked for.", has_ranges(route)),
        "304": ("The client has what is there.", route.method == "GET"),
        "303": ("The page to look at now is another one.", takes_forms(route) or "html" in route.formats),
    }
    others = {code: {"description": words} for code, (words, happens) in further.items() if happens}
    return {str(status): done, **others}


def _refusals(schema: Json) -> Json:
    content = {"application/json": {"schema": schema}, "text/html": {"schema": TEXT}}
    return {str(refused): {"description": words, "content": content} for refused, _, words in REFUSALS}


def _content(route: Route, schemas: dict[type, Json]) -> Json:
    json = {} if route.gives is None else schemas[route.gives]
    return {FORMATS[word]: {"schema": json if word == "json" else TEXT} for word in route.formats}


def _as_others_read_it(value: Any) -> Any:
    # Python's anchors of a whole text are \A and \Z, JSON Schema's are ^ and $.
    if isinstance(value, dict):
        return {key: _as_others_read_it(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_others_read_it(inner) for inner in value]
    if isinstance(value, str) and value.startswith(r"\A") and value.endswith(r"\Z"):
        return f"^{value[2:-2]}$"
    return value
