"""The one place that decides between 404, 405, HEAD and OPTIONS."""

import pytest
from webob import Response

from wsgi_app.access.roles import Role
from wsgi_app.base.errors import BadRequest, MethodNotAllowed, NotFound, PathTooLong
from wsgi_app.web.routing import Multipart, Route, Router

AN_ID = "0123456789abcdef0123456789abcdef"


def welcome() -> Response:
    return Response("come in")


def listed() -> Response:
    return Response("everybody")


def shown(person: str) -> Response:
    return Response(person)


def changed(person: str) -> Response:
    return Response(f"{person} anew")


def removed(person: str, face: str) -> Response:
    return Response(f"{face} of {person}")


router = Router(
    (
        Route("POST", "/", welcome, Role.ANYONE),
        Route("GET", "/people", listed, Role.VIEWER),
        Route("POST", "/people", changed, Role.OPERATOR, takes=dict),
        Route("GET", "/people/{person}", shown, Role.VIEWER),
        Route("PATCH", "/people/{person}", changed, Role.OPERATOR),
        Route("DELETE", "/people/{person}/faces/{face}", removed, Role.OPERATOR),
        Route("GET", "/people/archive", listed, Role.OWNER),
        Route("GET", "/greet/{person:text}", shown, Role.ANYONE),
        Route("GET", "/files/{person:path}", shown, Role.ANYONE),
        Route("GET", "/call/{person:optional}/in", shown, Role.ANYONE),
        Route("*", "/any", listed, Role.ANYONE),
        Route("DELETE", "/any", removed, Role.ANYONE),
        Route("GET", "/a.b", listed, Role.ANYONE),
    )
)


def test_a_path_finds_its_endpoint() -> None:
    found = router.find("POST", "/")

    assert (found.name, found.route.endpoint, found.variables) == ("test_routing.welcome", welcome, {})


def test_the_variables_of_a_path_are_named() -> None:
    found = router.find("DELETE", f"/people/{AN_ID}/faces/f1")

    assert (found.route.endpoint, found.variables) == (removed, {"person": AN_ID, "face": "f1"})


def test_head_is_answered_by_get() -> None:
    assert router.find("HEAD", "/people").route.endpoint is listed


@pytest.mark.parametrize(
    "path", ["/nowhere", "/people/", "/people//", "//people", "/People", "/people/a b", "/people/..", "/*"]
)
def test_what_is_not_in_the_table_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        router.find("GET", path)


@pytest.mark.parametrize(
    ("path", "person"),
    [
        ("/greet/Jo\xc3\xa3o da Silva", "João da Silva"),
        ("/greet/..", ".."),
        ("/files/", ""),
        ("/files/a/b//c.txt", "a/b//c.txt"),
        ("/files/\xec\x95\x88\xeb\x85\x95", "안녕"),
        ("/files/two\nlines", "two\nlines"),
        ("/call/Jo\xc3\xa3o/in", "João"),
        ("/call//in", ""),
    ],
)
def test_a_variable_takes_what_its_kind_says_as_utf_8(path: str, person: str) -> None:
    assert router.find("GET", path).variables == {"person": person}


@pytest.mark.parametrize("path", ["/greet/", "/greet/a/b", "/files", "/axb", "/call/in", "/call/a/b/in"])
def test_what_a_variable_cannot_be_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        router.find("GET", path)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PROPFIND", "x"])
def test_a_row_for_any_method_takes_those_that_no_other_row_names(method: str) -> None:
    assert router.find(method, "/any").route.endpoint is listed
    assert router.find("DELETE", "/any").route.endpoint is removed


def test_another_method_is_refused_with_those_that_are_allowed() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        router.find("POST", f"/people/{AN_ID}")

    assert refused.value.headers == {"Allow": "GET, HEAD, OPTIONS, PATCH"}


def test_who_puts_a_photo_is_told_how_it_is_sent() -> None:
    taking = Router((Route("POST", "/", listed, Role.ANYONE, takes=Multipart(("file", "file2"))),))

    with pytest.raises(MethodNotAllowed) as refused:
        taking.find("PUT", "/")
    with pytest.raises(NotFound) as missed:
        taking.find("PUT", "/photo.jpg")

    told = refused.value
    assert (told.key, told.values) == (
        "method_not_allowed:upload",
        {"allowed": "OPTIONS, POST", "field": "file"},
    )
    assert missed.value.key == "not_found:upload"


def test_options_lists_the_same_methods() -> None:
    response = router.find("OPTIONS", "/people").route.endpoint(None)

    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_an_impossible_path_is_refused() -> None:
    with pytest.raises(PathTooLong):
        router.find("GET", "/" + "x" * 1024)
    for path in ("/people/\0", "/caf\xc3\xa9", "/greet/\xff", "/greet/caf\xe9"):
        with pytest.raises(BadRequest):
            router.find("GET", path)


def test_who_may_ask_comes_with_the_endpoint() -> None:
    roles = [router.find(method, "/people").route.role for method in ("GET", "HEAD", "POST", "OPTIONS")]

    assert roles == [Role.VIEWER, Role.VIEWER, Role.OPERATOR, Role.ANYONE]


def test_the_first_row_that_fits_answers() -> None:
    assert router.find("GET", "/people/archive").variables == {"person": "archive"}


@pytest.mark.parametrize("letters", ["a", "Z9_-", "x" * 64])
def test_a_variable_is_one_segment_of_plain_letters(letters: str) -> None:
    assert router.find("GET", f"/people/{letters}").variables == {"person": letters}


@pytest.mark.parametrize("letters", ["x" * 65, "a.b", "a%20b", "a\n", ""])
def test_nothing_else_is_a_variable(letters: str) -> None:
    with pytest.raises(NotFound):
        router.find("GET", f"/people/{letters}")


def test_the_typed_body_of_a_row_is_also_what_may_come_instead_of_photos() -> None:
    takes = (None, dict, Multipart(("photo",)), Multipart(("photo",), instead=dict))

    bodies = [Route("POST", "/", welcome, Role.ANYONE, takes=each).body for each in takes]

    assert bodies == [None, dict, None, dict]
