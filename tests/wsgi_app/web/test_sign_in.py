"""What signing in takes of HTTP: a token in its header, and the page that somebody goes on to."""

import pytest
from webob import Request

from wsgi_app.web.sign_in import bearer_token, page_below


@pytest.mark.parametrize("root", ["/porteiro", ""])
@pytest.mark.parametrize(
    "path",
    ["/", "/visits", "/visits/0a1b", "/visits?outcome=unknown&day=2026-01-05", "/openapi.json", "/?a=//b"],
)
def test_a_page_of_this_server_is_gone_on_to(root: str, path: str) -> None:
    assert page_below(at(root), root + path) == root + path


@pytest.mark.parametrize("root", ["/porteiro", ""])
@pytest.mark.parametrize(
    "wanted",
    [
        "",
        "https://evil.example/",
        "https:evil.example",
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "\\\\evil.example/",
        "{root}//evil.example/",
        "{root}/\\evil.example/",
        "{root}/../evil",
        "{root}/./../evil",
        "{root}/%2e%2e/evil",
        "{root}/%2F%2Fevil.example",
        "{root}/@evil.example",
        "{root}/\tevil",
        "{root}/visits?a=\r\nSet-Cookie: x=y",
        "{root}/visits\n",
        " {root}/visits",
        "{root}/é",
        "{root}/" + "x" * 1000,
        "{root}.evil.example/",
        "{root}@evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
    ],
)
def test_anything_else_is_the_mount_itself(root: str, wanted: str) -> None:
    assert page_below(at(root), wanted.format(root=root)) == f"{root}/"


def test_another_application_beside_this_one_is_not_gone_on_to() -> None:
    assert page_below(at("/porteiro"), "/porteiro-evil/x") == "/porteiro/"
    assert page_below(at("/porteiro"), "/other/") == "/porteiro/"


def at(root: str) -> Request:
    request = Request.blank("/")
    request.script_name = root
    return request


TOKEN = "front-door.abc"


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer   {TOKEN} "])
def test_a_token_is_read_out_of_its_header(authorization: str) -> None:
    assert bearer_token(Request.blank("/", headers={"Authorization": authorization})) == TOKEN


@pytest.mark.parametrize(
    "headers", [{}, *({"Authorization": text} for text in ("", "Basic YQ==", TOKEN, "Bearers x"))]
)
def test_another_scheme_brings_no_token(headers: dict[str, str]) -> None:
    assert bearer_token(Request.blank("/", headers=headers)) is None
