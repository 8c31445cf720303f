"""A browser changes things only from Porteiro's own pages; programs may; doors are known by their tokens."""

import pytest
from webob import Request

from wsgi_app.auth import (
    Holder,
    needed_holder,
    page_below,
    refuse_other_names,
    refuse_other_sites,
    token_holder,
)
from wsgi_app.config import load_config
from wsgi_app.errors import Forbidden, Misdirected, Unauthorized
from wsgi_app.evidence import token_key
from wsgi_app.stores.house import Stores


def request(method: str, **headers: str) -> Request:
    sent = {name.replace("_", "-"): text for name, text in headers.items()}
    return Request.blank("/people", method=method, headers={"Host": "house.local:8080", **sent})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin", "Origin": "http://house.local:8080"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://house.local:8080"},
        {"Origin": "https://house.local:8080"},
    ],
)
def test_own_pages_and_programs_may_change_things(headers: dict[str, str]) -> None:
    refuse_other_sites(request("POST", **headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://other.local"},
        {"Sec_Fetch_Site": "nonsense"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://house.local"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://[broken"},
    ],
)
def test_other_sites_may_not(headers: dict[str, str]) -> None:
    for method in ("POST", "PATCH", "DELETE", "PUT"):
        with pytest.raises(Forbidden):
            refuse_other_sites(request(method, **headers))


def test_reading_is_not_changing() -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        refuse_other_sites(request(method, Sec_Fetch_Site="cross-site", Origin="http://evil.example"))


LOCAL = load_config({})


@pytest.mark.parametrize("host", ["localhost:8765", "127.0.0.1:8765", "[::1]:8765", "localhost"])
def test_this_machine_is_asked_by_its_own_names(host: str) -> None:
    refuse_other_names(Request.blank("/", headers={"Host": host}), LOCAL)


@pytest.mark.parametrize("host", ["evil.example:8765", "evil.example", "localhost.evil.example:80", ":8765"])
def test_a_name_that_somebody_pointed_to_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Misdirected):
        refuse_other_names(Request.blank("/", headers={"Host": host}), LOCAL)


def test_where_others_reach_the_server_any_name_will_do() -> None:
    request = Request.blank("/", headers={"Host": "house.example"})

    refuse_other_names(request, load_config({"PORTEIRO_SOCKET": "/run/porteiro.sock"}))
    refuse_other_names(request, load_config({"PORTEIRO_HTTP": "0.0.0.0:8765"}))


# Pages to go on to


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


# Tokens

TOKEN = f"front-door.{'a' * 43}"


def bearing(authorization: str) -> Request:
    return Request.blank("/", headers={"Authorization": authorization})


@pytest.mark.parametrize("authorization", [f"Bearer {TOKEN}", f"bearer   {TOKEN} "])
def test_a_device_is_known_by_its_token(stores: Stores, authorization: str) -> None:
    stores.devices.add("front-door", token_key(TOKEN))

    expected = Holder(stores.devices.get("front-door"), token_key(TOKEN))
    assert token_holder(bearing(authorization), stores.devices) == expected
    assert needed_holder(bearing(authorization), stores.devices) == expected
    assert "key" not in repr(expected)


@pytest.mark.parametrize("authorization", ["", "Basic YW5hOnNlY3JldA==", TOKEN, "Bearers " + TOKEN])
def test_no_token_is_nobody(stores: Stores, authorization: str) -> None:
    assert token_holder(bearing(authorization), stores.devices) is None
    assert token_holder(Request.blank("/"), stores.devices) is None
    with pytest.raises(Unauthorized) as refused:
        needed_holder(bearing(authorization), stores.devices)
    assert (refused.value.code, refused.value.headers) == ("token_needed", {"WWW-Authenticate": "Bearer"})


@pytest.mark.parametrize(
    "token", ["", "front-door", f"back-door.{'a' * 43}", f"front-door.{'b' * 43}", TOKEN + "a", f"{TOKEN}\n"]
)
def test_a_token_that_nobody_has_is_refused(stores: Stores, token: str) -> None:
    stores.devices.add("front-door", token_key(TOKEN))

    with pytest.raises(Unauthorized) as refused:
        token_holder(bearing(f"Bearer {token}"), stores.devices)
    assert (refused.value.code, refused.value.headers) == ("bad_token", {"WWW-Authenticate": "Bearer"})


def test_a_revoked_token_is_refused_as_that(stores: Stores) -> None:
    stores.devices.add("front-door", token_key(TOKEN))
    stores.devices.revoke("front-door")

    with pytest.raises(Forbidden) as refused:
        token_holder(bearing(f"Bearer {TOKEN}"), stores.devices)
    assert refused.value.code == "revoked"
