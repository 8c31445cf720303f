"""A browser changes things only from Porteiro's own pages, under the server's own name; programs may."""

import pytest
from webob import Request

from wsgi_app.base.config import load_config
from wsgi_app.base.errors import BadRequest, Forbidden, Misdirected
from wsgi_app.web.origins import refuse_other_names, refuse_other_sites


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


@pytest.mark.parametrize("port", ["65536", "99999999", "9" * 5000])
@pytest.mark.parametrize("settings", [{}, {"PORTEIRO_SOCKET": "/run/porteiro.sock"}])
def test_a_port_that_no_machine_has_is_refused_wherever_it_is_asked_for(
    settings: dict[str, str], port: str
) -> None:
    asked = Request.blank("/", headers={"Host": f"localhost:{port}"})

    with pytest.raises(BadRequest, match=r"^bad_header:port$"):
        refuse_other_names(asked, load_config(settings))


def test_the_highest_port_is_one() -> None:
    refuse_other_names(Request.blank("/", headers={"Host": "localhost:65535"}), load_config({}))
