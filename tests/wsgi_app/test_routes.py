"""The route table, and the one place that decides between 404, 405, HEAD and OPTIONS."""

import pytest

from wsgi_app.endpoints import door, people
from wsgi_app.errors import BadRequest, MethodNotAllowed, NotFound, PathTooLong
from wsgi_app.routes import ROUTES, Router

router = Router()
AN_ID = "0123456789abcdef0123456789abcdef"


def test_a_path_finds_its_endpoint() -> None:
    found = router.find("POST", "/")

    assert (found.name, found.endpoint, found.variables) == ("door.answer", door.answer, {})


def test_the_variables_of_a_path_are_named() -> None:
    found = router.find("DELETE", f"/people/{AN_ID}/faces/f1")

    assert (found.endpoint, found.variables) == (people.remove_face, {"person": AN_ID, "face": "f1"})


def test_head_is_answered_by_get() -> None:
    assert router.find("HEAD", "/people").endpoint is people.index


@pytest.mark.parametrize(
    "path", ["/nowhere", "/people/", "/people//", "//people", "/People", "/people/a b", "/people/..", "/*"]
)
def test_what_is_not_in_the_table_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        router.find("GET", path)


def test_another_method_is_refused_with_those_that_are_allowed() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        router.find("PUT", f"/people/{AN_ID}")

    assert refused.value.headers == {"Allow": "DELETE, GET, HEAD, OPTIONS, PATCH"}


def test_options_lists_the_same_methods() -> None:
    response = router.find("OPTIONS", "/people").endpoint()

    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_an_impossible_path_is_refused() -> None:
    with pytest.raises(PathTooLong):
        router.find("GET", "/" + "x" * 1024)
    for path in ("/people/\0", "/caf\xc3\xa9"):
        with pytest.raises(BadRequest):
            router.find("GET", path)


def test_every_row_has_its_own_place_and_name() -> None:
    assert len({(route.method, route.pattern) for route in ROUTES}) == len(ROUTES)
    assert len({route.name for route in ROUTES}) == len(ROUTES)
