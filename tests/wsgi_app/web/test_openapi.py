"""The server's own description for programs: every address is in it, nothing else, and others can read it."""

import json
import re
from typing import Annotated, Any

import msgspec
import pytest
import schemathesis
from webob import Response

from wsgi_app.access.roles import Role, Token
from wsgi_app.routes import ROUTES
from wsgi_app.web.openapi import HEADERS, QUERY, describe
from wsgi_app.web.routing import Multipart, Route

WHOLE = describe(ROUTES, "/porteiro", "1.2.3")
OPERATIONS = [
    (path, method, one) for path, methods in WHOLE["paths"].items() for method, one in methods.items()
]


class Wish(msgspec.Struct):
    """What is sent."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{1,9}\Z", description="what it is called")]


class Thing(msgspec.Struct):
    """What is given."""

    id: str
    size: int | None


def make(_call: object) -> Response:
    """``POST /things``: ``{"name"}`` to a new thing.

    Nothing else happens.
    """
    return Response()


def show(_call: object, thing: str) -> Response:
    """``GET /things/{thing}``: one thing."""
    return Response(thing)


THINGS = (
    Route("POST", "/things", make, Role.OPERATOR, takes=Wish, gives=Thing, status=201),
    Route("GET", "/things/{thing}", show, Role.VIEWER, gives=Thing, formats=("json", "html"), query=("q",)),
)


def test_every_address_is_described_and_nothing_else() -> None:
    described = {(method.upper(), path) for path, method, _ in OPERATIONS}

    assert described == {(route.method, route.pattern) for route in ROUTES}
    assert len(OPERATIONS) == len(ROUTES)
    assert len({one["operationId"] for *_, one in OPERATIONS}) == len(ROUTES)


def test_others_can_read_it() -> None:
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(WHOLE)))

    schema.validate()

    assert {(path, method) for path in schema for method in schema[path]} == {
        (path, method) for path, method, _ in OPERATIONS
    }


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(WHOLE)))

    assert "components/schemas/ErrorBody" in references
    for reference in references:
        found: Any = WHOLE
        for step in reference.split("/"):
            found = found[step]


def test_patterns_are_written_as_json_schema_has_them() -> None:
    patterns = re.findall(r'"pattern": "([^"]+)"', json.dumps(WHOLE))

    assert patterns
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in patterns)
    assert r"\\A" not in json.dumps(WHOLE)


def test_each_says_what_it_does_who_may_ask_and_what_comes_back() -> None:
    for path, method, one in OPERATIONS:
        assert one["summary"], (method, path)
        assert "``" not in one["summary"]
        assert one["x-role"] in {role.word for role in Role}
        statuses = list(one["responses"])
        assert {"400", "421", "503"} <= set(statuses)
        assert "500" not in statuses
        assert ("requestBody" in one) <= (method in {"post", "put", "patch"})
        wanted = re.findall(r"{(\w+)}", path)
        assert [one["name"] for one in one["parameters"] if one["in"] == "path"] == wanted


def test_every_role_shows_in_the_way_to_sign_in() -> None:
    for route in ROUTES:
        security = WHOLE["paths"][route.pattern][route.method.lower()]["security"]
        if route.token is not None:
            assert security == [{"door": []}, {"signed": []}, *([] if route.token is Token.DOOR else [{}])]
        else:
            assert (security == []) is (route.role is Role.ANYONE)


def test_what_rows_read_of_query_and_headers_is_described_and_nothing_else() -> None:
    cursors = {"limit", *(str(route.paged) for route in ROUTES if route.paged)}

    assert set(QUERY) == {key for route in ROUTES for key in route.query} | cursors
    assert set(HEADERS) == {name for route in ROUTES for name in route.headers}


def test_a_list_says_with_which_cursor_it_goes_on() -> None:
    route = Route("GET", "/things", make, Role.VIEWER, gives=Thing, paged="before")
    listed = describe((route,), "", "1")["paths"]["/things"]["get"]

    assert [one["name"] for one in listed["parameters"]] == ["limit", "before"]


def test_a_change_that_if_match_guards_says_so() -> None:
    guarded, free = (
        describe((Route("PUT", "/things", make, Role.OPERATOR, versioned=versioned),), "", "1")
        for versioned in (True, False)
    )

    assert [one["name"] for one in guarded["paths"]["/things"]["put"]["parameters"]] == ["If-Match"]
    assert free["paths"]["/things"]["put"]["parameters"] == []


def test_json_alone_is_described_where_no_form_may_post() -> None:
    route = Route("POST", "/things", make, Role.ANYONE, takes=Wish, json_only=True)
    made = describe((route,), "", "1")["paths"]["/things"]["post"]

    assert list(made["requestBody"]["content"]) == ["application/json"]
    assert "303" not in made["responses"]


def test_a_body_is_described_as_json_and_as_a_form() -> None:
    document = describe(THINGS, "", "1")
    made = document["paths"]["/things"]["post"]

    assert document["servers"] == [{"url": "/"}]
    assert {key: made[key] for key in ("operationId", "summary", "description", "x-role", "requestBody")} == {
        "operationId": "test_openapi.make",
        "summary": '`{"name"}` to a new thing',
        "description": "Nothing else happens.",
        "x-role": "operator",
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"$ref": "#/components/schemas/Wish"}}
                for kind in ("application/json", "application/x-www-form-urlencoded")
            },
        },
    }
    assert made["responses"]["201"] == {
        "description": "Done.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
            "text/html": {"schema": {"type": "string"}},
        },
        "headers": {"Location": {"schema": {"type": "string"}, "description": "Where it is from now on."}},
    }
    assert document["components"]["schemas"]["Wish"]["properties"]["name"] == {
        "type": "string",
        "pattern": "^[a-z]{1,9}$",
        "description": "what it is called",
    }


def test_the_refusals_that_can_happen_are_named() -> None:
    document = describe(THINGS, "", "1")
    made, shown = document["paths"]["/things"]["post"], document["paths"]["/things/{thing}"]["get"]

    assert sorted(made["responses"]) == [
        *("201", "303", "400", "401", "403", "404", "409", "411", "413", "415", "421", "422", "429", "503")
    ]
    assert sorted(shown["responses"]) == [
        *("200", "303", "304", "400", "401", "403", "404", "406", "414", "421", "429", "503")
    ]
    assert shown["responses"]["404"] == {"$ref": "#/components/responses/404"}
    assert document["components"]["responses"]["404"]["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/ErrorBody"}
    }


def test_parameters_are_those_of_the_path_the_query_and_the_format() -> None:
    shown = describe(THINGS, "", "1")["paths"]["/things/{thing}"]["get"]

    assert [(one["in"], one["name"], one["required"]) for one in shown["parameters"]] == [
        ("path", "thing", True),
        ("query", "q", False),
        ("query", "format", False),
    ]
    assert shown["parameters"][2]["schema"] == {"type": "string", "enum": ["json", "html"]}


def test_photos_are_parts_of_a_form() -> None:
    route = Route(
        "POST", "/things", make, Role.ANYONE, takes=Multipart(("a", "b", "c"), needed=2), gives=Thing
    )

    taken = describe((route,), "", "1")["paths"]["/things"]["post"]["requestBody"]["content"]

    assert taken == {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {part: {"type": "string", "format": "binary"} for part in ("a", "b", "c")},
                "required": ["a", "b"],
            }
        }
    }


def test_a_typed_body_may_come_instead_of_photos() -> None:
    route = Route("POST", "/things", make, Role.OPERATOR, takes=Multipart(("a",), instead=Thing), gives=Thing)

    taken = describe((route,), "", "1")["paths"]["/things"]["post"]["requestBody"]["content"]

    typed = {"schema": {"$ref": "#/components/schemas/Thing"}}
    assert list(taken) == ["multipart/form-data", "application/json", "application/x-www-form-urlencoded"]
    assert (taken["application/json"], taken["application/x-www-form-urlencoded"]) == (typed, typed)


@pytest.mark.parametrize(
    ("method", "gives", "formats", "status", "success"),
    [
        ("GET", Thing, ("json",), None, "200"),
        ("GET", None, ("html",), None, "200"),
        ("GET", None, ("png",), None, "200"),
        ("DELETE", None, ("json",), None, "204"),
        ("POST", Thing, ("json",), 202, "202"),
    ],
)
def test_success_is_what_the_row_says_or_follows_from_what_is_given(
    method: str, gives: type | None, formats: tuple[str, ...], status: int | None, success: str
) -> None:
    route = Route(method, "/things", make, Role.VIEWER, gives=gives, formats=formats, status=status)

    responses = describe((route,), "", "1")["paths"]["/things"][method.lower()]["responses"]

    assert next(iter(responses)) == success
    assert ("content" in responses[success]) is (success != "204")


def test_a_verdict_on_a_stranger_is_no_error() -> None:
    responses = WHOLE["paths"]["/"]["post"]["responses"]

    assert responses["404"]["content"] == responses["200"]["content"]
