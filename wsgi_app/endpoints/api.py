"""What programs may ask: a description for them, and the same for people to read."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from webob import Response

from wsgi_app import __version__
from wsgi_app.web.call import Call
from wsgi_app.web.openapi import describe
from wsgi_app.web.rendering import FORMATS, resource_answer

Json = dict[str, Any]

# How JSON's kinds read on the page, and an example of each.
KINDS: dict[str, tuple[str, Any]] = {
    "string": ("text", "..."),
    "number": ("number", 0.5),
    "integer": ("whole number", 1),
    "boolean": ("yes or no", True),
    "null": ("nothing", None),
    "object": ("object", {}),
    "array": ("list", []),
}
NOTHING: Json = {}
VARIABLE = re.compile(r"{(\w+)}")
REFERENCE = re.compile(r"#/components/schemas/(\w+)")
WORDS = {name: word for word, name in FORMATS.items()}
TOLD_ONCE = frozenset(
    ("format", "If-Match", "limit", "after", "before")
)  # at the top of the page, for all addresses
DEEPEST_EXAMPLE = 3  # bodies in bodies

# How an address is asked, by the ways in which it lets somebody in.
WHO = {"door": "-H 'Authorization: Bearer TOKEN' ", "password": "-u NAME "}

described = lru_cache(maxsize=4)(describe)  # made once in each process: the routes and the mount stay


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body, as the page shows it."""

    name: str
    kind: str
    needed: bool
    about: str


@dataclass(frozen=True)
class Shown:
    """One method of an address, as the page shows it.

    Attributes:
        name: of the endpoint.
        method: in capitals.
        path: below the mount.
        who: may ask.
        about: what it does.
        sends: what may or has to come with it, but for a body that has a name.
        takes: the name of the body that has to come with it, ``""`` without one.
        gives: the name of its answer's body, ``""`` without one.
        formats: in which it answers.
        curl: a line that asks it.
    """

    name: str
    method: str
    path: str
    who: str
    about: str
    sends: list[Field]
    takes: str
    gives: str
    formats: list[str]
    curl: str


def document(call: Call) -> Response:
    """``GET /openapi.json``: what this server can be asked, for programs (OpenAPI 3.1)."""
    return resource_answer(_document(call))


def show(call: Call) -> Response:
    """``GET /api``: what this server can be asked, for people to read."""
    nouns: dict[str, list[Shown]] = {}
    schemas = Schemas(_document(call), call.request.application_url)
    for path, methods in schemas.document["paths"].items():
        for method, operation in methods.items():
            shown = schemas.shown(method.upper(), path, operation)
            nouns.setdefault(operation["tags"][0], []).append(shown)
    asked = [one for operations in nouns.values() for one in operations]
    taken = {one.takes for one in asked} - {""}
    given = {one.gives for one in asked} - {""}
    return call.page(
        "api.html",
        here="/api",
        nouns=nouns,
        taken=taken,
        bodies=schemas.bodies(taken | given),
        release=__version__,
    )


def _document(call: Call) -> Json:
    return described(call.routes, call.request.script_name, __version__)


class Schemas:
    """The description, read for the page."""

    def __init__(self, document: Json, address: str):
        self.document, self._address = document, address

    def shown(self, method: str, path: str, operation: Json) -> Shown:
        """One method of an address."""
        sends = [
            Field(one["name"], self.kind(one["schema"]), one["required"], one["description"])
            for one in operation["parameters"]
            if one["in"] != "path" and one["name"] not in TOLD_ONCE
        ]
        taken, body = _body_of(operation)
        given: Json = next(iter(operation["responses"].values()))
        formats: Json = given.get("content", {})
        return Shown(
            name=operation["operationId"],
            method=method,
            path=path,
            who=_who(operation),
            about=operation["summary"],
            sends=sends + ([] if _name_of(body) else self.fields(body)),
            takes=_name_of(body),
            gives=formats.get(FORMATS["json"], NOTHING)
            .get("schema", NOTHING)
            .get("$ref", "")
            .rpartition("/")[2],
            formats=[WORDS.get(name, name) for name in formats],
            curl=self._curl(f"{method} {path}", operation["security"], taken, body),
        )

    def fields(self, schema: Json) -> list[Field]:
        """The fields of a body."""
        found = self._resolved(schema)
        needed = found.get("required", ())
        return [
            Field(name, self.kind(inner), name in needed, inner.get("description", ""))
            for name, inner in found.get("properties", {}).items()
        ]

    def bodies(self, names: Iterable[str]) -> dict[str, list[Field]]:
        """The fields of some bodies, and of those in them, by name."""
        waiting, found = list(names), dict[str, list[Field]]()
        while waiting:
            name = waiting.pop()
            schema: Json = self.document["components"]["schemas"][name]
            if name not in found and "enum" not in schema:
                found[name] = self.fields(schema)
                waiting += REFERENCE.findall(json.dumps(schema))
        return dict(sorted(found.items()))

    def kind(self, schema: Json) -> str:
        """What a value is, in a few words."""
        if "anyOf" in schema:
            return " or ".join(self.kind(arm) for arm in schema["anyOf"])
        if "$ref" in schema:
            inner = self._resolved(schema)
            return self.kind(inner) if "enum" in inner else str(schema["$ref"].rpartition("/")[2])
        if "enum" in schema:
            return ", ".join(map(str, schema["enum"]))
        if schema.get("type") == "array":
            return f"list of {self.kind(schema.get('items') or {})}"
        if "format" in schema or "contentEncoding" in schema:
            return str(schema.get("format") or schema["contentEncoding"]).replace("date-time", "time")
        return KINDS.get(schema.get("type", ""), ("anything", None))[0]

    def example(self, schema: Json, depth: int = DEEPEST_EXAMPLE) -> Any:
        """A small value of that shape, with what is needed alone."""
        found = self._resolved(schema)
        if "anyOf" in found:
            return self.example(found["anyOf"][0], depth)
        if "enum" in found:
            return found["enum"][0]
        if "properties" in found and depth:
            fields, needed = found["properties"], found.get("required") or list(found["properties"])[:1]
            return {name: self.example(fields[name], depth - 1) for name in needed}
        return KINDS.get(found.get("type", ""), ("", {}))[1]

    def _resolved(self, schema: Json) -> Json:
        if "$ref" not in schema:
            return schema
        resolved: Json = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return resolved

    def _curl(self, asked: str, security: list[Json], taken: str, body: Json) -> str:
        method, _, path = asked.partition(" ")
        line = "curl " + "".join(WHO.get(way, "") for ways in security for way in ways)
        if method != ("POST" if taken else "GET"):
            line += f"-X {method} "
        if taken == "multipart/form-data":
            line += "".join(f"-F {part}=@photo.jpg " for part in body["required"])
        elif taken:
            line += f"-H 'Content-Type: {taken}' -d '{json.dumps(self.example(body))}' "
        return line + self._address + VARIABLE.sub(lambda variable: variable[1].upper(), path)


def _name_of(schema: Json) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name


def _body_of(operation: Json) -> tuple[str, Json]:
    contents: Json = operation.get("requestBody", NOTHING).get("content", NOTHING)
    return next(((name, content["schema"]) for name, content in contents.items()), ("", NOTHING))


def _who(operation: Json) -> str:
    if any("door" in way for way in operation["security"]):
        return "doors"
    role: str = operation["x-role"]
    return "everybody who signs in" if role == "viewer" else role
