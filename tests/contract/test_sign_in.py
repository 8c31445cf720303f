"""Signing in, in this process and through nginx and uWSGI: cookies, forms, roles, and what others try."""

import contextlib
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest

from tests.accounts import OWNER, PASSWORD, add_account, basic, cookie_in, signed_in
from tests.conftest import BOTH_WAYS, Clock
from tests.forms import post_form
from tests.servers import Answer, InProcessServer, LiveServer, RunningUwsgi, Server, post_json
from wsgi_app.access.evidence import token_key
from wsgi_app.access.identity import BASIC, FORM
from wsgi_app.access.roles import ACCOUNT_ROLES, Role
from wsgi_app.base.logs import set_up_logs
from wsgi_app.routes import ROUTES
from wsgi_app.stores.stores import Stores
from wsgi_app.web.routing import Route

BROWSER = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "pt", "Authorization": ""}
NOT_SIGNED_IN = {"Authorization": ""}


@pytest.fixture
def owned(request: pytest.FixtureRequest, any_house: Server) -> Iterator[Stores]:
    """What ``any_house`` has stored; Olga is its owner."""
    if isinstance(any_house, InProcessServer):
        own: Stores = request.getfixturevalue("stores")
        add_account(own)
        yield own
        return
    chain: tuple[LiveServer, RunningUwsgi] = request.getfixturevalue("live_house")
    with chain[1].stores() as stores:
        yield stores


@pytest.fixture(params=BOTH_WAYS)
def any_house(request: pytest.FixtureRequest) -> Server:
    """A house where everybody has to sign in."""
    if request.param == "live":
        chain: tuple[LiveServer, RunningUwsgi] = request.getfixturevalue("live_house")
        return chain[0]
    closed: InProcessServer = request.getfixturevalue("closed_server")
    return closed


def csrf_on(page: Answer) -> str:
    """What the forms of a page show as theirs."""
    found = re.search(r'data-csrf="([\w-]{43})"', page.body.decode())
    assert found is not None
    return found[1]


# The way in and out


@pytest.mark.usefixtures("owned")
def test_a_browser_is_led_to_the_sign_in_page_and_back(any_house: Server) -> None:
    turned_away = any_house.ask("GET", "/visits?limit=3", headers=BROWSER)
    assert turned_away.status == 303
    assert turned_away.headers["Location"].endswith("/porteiro/sign-in?next=%2Fporteiro%2Fvisits%3Flimit%3D3")

    page = any_house.ask("GET", turned_away.headers["Location"].split("/porteiro", 1)[1], headers=BROWSER)
    assert page.status == 200
    assert b'<input type="hidden" name="next" value="/porteiro/visits?limit=3">' in page.body

    fields = {"name": OWNER, "password": PASSWORD, "next": "/porteiro/visits?limit=3"}
    inside = post_form(any_house, "/sign-in", fields)
    assert inside.status == 303
    assert inside.headers["Location"].endswith("/porteiro/visits?limit=3")

    shown = any_house.ask("GET", "/visits?limit=3", headers={**BROWSER, "Cookie": cookie_in(inside)})
    assert shown.status == 200


@pytest.mark.usefixtures("owned")
def test_the_cookie_is_for_this_server_alone(any_house: Server) -> None:
    answer = post_form(any_house, "/sign-in", {"name": OWNER, "password": PASSWORD})

    ((name, morsel),) = SimpleCookie(answer.headers["Set-Cookie"]).items()

    assert name == "porteiro_session"
    assert {key: text for key, text in morsel.items() if text and key != "expires"} == {
        "path": "/porteiro",
        "max-age": str(14 * 24 * 3600),
        "httponly": True,
        "samesite": "Lax",
    }


def test_over_https_the_cookie_stays_on_https(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores)
    secure = replace(closed_server, environ={"wsgi.url_scheme": "https"})

    answer = post_form(secure, "/sign-in", {"name": OWNER, "password": PASSWORD})

    assert SimpleCookie(answer.headers["Set-Cookie"])["porteiro_session"]["secure"] is True


@pytest.mark.usefixtures("owned")
def test_a_program_may_sign_in_with_json_or_with_each_request(any_house: Server) -> None:
    answer = post_json(any_house, "/sign-in", {"name": OWNER, "password": PASSWORD}, Authorization="")

    assert (answer.status, answer.body) == (204, b"")
    assert (
        any_house.ask("GET", "/people", headers={**NOT_SIGNED_IN, "Cookie": cookie_in(answer)}).status == 200
    )
    assert any_house.ask("GET", "/people", headers=basic()).status == 200


@pytest.mark.usefixtures("owned")
def test_another_applications_odd_cookie_is_in_nobodys_way(any_house: Server) -> None:
    inside = signed_in(any_house)
    odd = {**inside, "Cookie": 'theirs="\\377"; ' + inside["Cookie"]}

    assert any_house.ask("GET", "/people", headers=odd).status == 200


@pytest.mark.usefixtures("owned")
def test_whoever_signs_out_is_out(any_house: Server) -> None:
    inside = signed_in(any_house)
    csrf = csrf_on(any_house.ask("GET", "/people", headers={**inside, "Accept": "text/html"}))

    answer = post_form(any_house, "/sign-out", {"csrf": csrf}, **inside)

    assert answer.status == 303
    assert answer.headers["Location"].endswith("/porteiro/sign-in")
    assert SimpleCookie(answer.headers["Set-Cookie"])["porteiro_session"]["max-age"] == "0"
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert any_house.ask("GET", "/people", headers=inside).status == 401


def test_a_wrong_password_is_told_on_the_page(any_house: Server, owned: Stores) -> None:
    name = f"Nina {len(owned.accounts.page(1000))}"
    add_account(owned, name, "viewer")

    answer = post_form(
        any_house,
        "/sign-in",
        {"name": name, "password": "<b>wrong", "next": "/porteiro/people"},
        Authorization="",
    )
    signed_in(any_house, name)  # which counts the attempts anew

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, FORM)
    assert "Set-Cookie" not in answer.headers
    page = answer.body.decode()
    assert "The name or the password is wrong." in page
    assert f'value="{name}"' in page
    assert 'value="/porteiro/people"' in page
    assert "wrong" not in page.replace("password is wrong", "")


# Who is turned away


def test_a_program_that_is_turned_away_is_told_how_to_come_back(any_house: Server) -> None:
    answer = any_house.ask("GET", "/people", headers=NOT_SIGNED_IN)

    assert (answer.status, answer.error) == (401, "sign_in_needed")
    assert answer.headers["WWW-Authenticate"] == BASIC


def test_a_script_of_a_page_is_turned_away_without_a_window_of_the_browsers_own(any_house: Server) -> None:
    headers = {"Accept": "application/json", "Accept-Language": "pt", **NOT_SIGNED_IN}
    answer = any_house.ask("GET", "/people", headers=headers)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, FORM)


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "porteiro_session=",
        "porteiro_session=x",
        "porteiro_session=" + "A" * 43 + "." + "A" * 43,
        'porteiro_session="\\377\\000"',
        "porteiro_session=\xff\xfe",
        "porteiro_session=" + "A" * 5000,
        "; ".join(["porteiro_session=A"] * 200),
        "=;;=;,\x7f",
        "porteiro_session",
    ],
)
def test_forged_cookies_are_nobodys(any_house: Server, cookie: str) -> None:
    answer = any_house.ask("GET", "/people", headers={**NOT_SIGNED_IN, "Cookie": cookie})

    assert (answer.status, answer.error) == (401, "sign_in_needed")


def test_an_old_cookie_leads_a_browser_to_the_sign_in_page(
    closed_server: InProcessServer, stores: Stores, clock: Clock
) -> None:
    add_account(stores)
    inside = signed_in(closed_server)

    clock.advance(14 * 24 * 3600)

    assert closed_server.ask("GET", "/", headers={**BROWSER, **inside}).status == 303


def test_five_failures_from_one_address_are_enough(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores)
    wrong = {"name": OWNER, "password": "wrong"}
    first = [post_form(closed_server, "/sign-in", wrong).status for _ in range(5)]

    form = post_form(closed_server, "/sign-in", {"name": OWNER, "password": PASSWORD})
    program = closed_server.ask("GET", "/people", headers=basic())

    assert first == [401] * 5
    assert (form.status, form.headers["Retry-After"]) == (429, "900")
    assert b"Too many sign-ins failed; try again in 15 minutes." in form.body
    assert (program.status, program.error, program.headers["Retry-After"]) == (429, "too_many", "900")
    assert replace(closed_server, client="192.0.2.8").ask("GET", "/people", headers=basic()).status == 200


def test_failures_over_one_ipv6_network_are_one_address(
    closed_server: InProcessServer, stores: Stores
) -> None:
    add_account(stores)
    for host in range(5):
        there = replace(closed_server, client=f"2001:db8:1:2::{host}")
        assert there.ask("GET", "/people", headers=basic(password="wrong")).status == 401

    neighbour = replace(closed_server, client="2001:db8:1:2:ffff::1")
    stranger = replace(closed_server, client="2001:db8:1:3::1")

    assert neighbour.ask("GET", "/people", headers=basic()).status == 429
    assert stranger.ask("GET", "/people", headers=basic()).status == 200


# Changes from pages


@pytest.mark.usefixtures("owned")
def test_a_change_needs_a_page_of_the_same_sign_in(any_house: Server) -> None:
    here, elsewhere = signed_in(any_house), signed_in(any_house)
    own, other = (
        csrf_on(any_house.ask("GET", "/people", headers={**inside, "Accept": "text/html"}))
        for inside in (here, elsewhere)
    )

    def answer(csrf: dict[str, str]) -> Answer:
        return post_json(any_house, "/invitations", {"role": "viewer"}, **here, **csrf)

    assert [answer(csrf).error for csrf in ({}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": other})] == [
        "csrf"
    ] * 3
    assert answer({"X_CSRF_Token": own}).status == 201
    assert post_form(any_house, "/invitations", {"role": "viewer", "csrf": other}, **here).status == 403
    assert post_form(any_house, "/invitations", {"role": "viewer", "csrf": own}, **here).status == 201


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/welcome", "/invitations"])
def test_another_sites_page_changes_nothing(any_house: Server, path: str) -> None:
    inside = signed_in(any_house)

    for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
        answer = post_form(any_house, path, {"name": OWNER, "password": PASSWORD}, **inside, **headers)
        assert answer.status == 403
        assert "Set-Cookie" not in answer.headers
    assert any_house.ask("GET", "/people", headers=inside).status == 200


# Bad input


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"name": OWNER}, 422),
        ({"name": "x" * 10_000, "password": PASSWORD}, 422),
        ({"name": OWNER, "password": "x" * 10_000}, 422),
        ({"name": OWNER, "password": PASSWORD, "role": "owner"}, 422),
        ({"name": "x" * 70_000, "password": PASSWORD}, 413),
    ],
)
def test_what_is_no_name_and_password_is_refused(
    any_house: Server, fields: dict[str, str], status: int
) -> None:
    assert post_form(any_house, "/sign-in", fields, Authorization="").status == status
    assert post_json(any_house, "/sign-in", fields, Authorization="").status == status


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/porteiro//evil.example", "/x"]
)
def test_nobody_is_led_to_another_server(any_house: Server, wanted: str) -> None:
    fields = {"name": OWNER, "password": PASSWORD, "next": wanted}
    answer = post_form(any_house, "/sign-in", fields, Authorization="")

    assert answer.status == 303
    assert re.fullmatch(r"http://(localhost|127\.0\.0\.1:\d+)/porteiro/", answer.headers["Location"])


def test_a_locked_database_is_503_for_a_while(
    closed_server: InProcessServer, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(stores)
    inside = signed_in(closed_server)
    monkeypatch.setattr("wsgi_app.stores.database.SQLITE_PRAGMAS", ("busy_timeout = 0",))
    stores.database.close()  # so that the next connection waits for nobody
    with contextlib.closing(sqlite3.connect(str(stores.database.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = [
            post_form(closed_server, "/sign-in", {"name": OWNER, "password": PASSWORD}),
            closed_server.ask("GET", "/people", headers=basic()),
        ]
        assert closed_server.ask("GET", "/people", headers=inside).status == 200

    assert [(answer.status, "Retry-After" in answer.headers) for answer in answers] == [(503, True)] * 2
    assert closed_server.ask("GET", "/people", headers=basic()).status == 200


def test_nothing_that_proves_who_somebody_is_gets_into_the_log(
    closed_server: InProcessServer, stores: Stores
) -> None:
    add_account(stores, password="my-own-password")
    stores.invitations.invite(token_key("my-own-token"), "viewer")
    log = io.StringIO()
    set_up_logs("debug", log)

    inside = signed_in(closed_server, password="my-own-password")
    closed_server.ask("GET", "/people", headers=inside)
    closed_server.ask("GET", "/people", headers=basic(password="my-own-password"))
    closed_server.ask("GET", "/people", headers=basic(password="my-own-guess"))
    closed_server.ask("GET", "/welcome?token=my-own-token")
    post_form(closed_server, "/sign-in", {"name": "my-own-password", "password": "my-own-guess"})
    post_form(closed_server, "/sign-in?password=my-own-password", {"name": "my-own-password" * 100})

    assert log.getvalue().count("event=request") == 7
    for secret in ("my-own", inside["Cookie"], basic(password="my-own-password")["Authorization"]):
        assert secret not in log.getvalue()


# Every address

A_BODY = b'{"of": "no address"}'


def sample(route: Route) -> str:
    """A path that the route matches."""
    return re.sub(r"\{\w+\}", "0" * 32, route.pattern)


@pytest.mark.parametrize("role", [Role.ANYONE, *ACCOUNT_ROLES], ids=lambda role: role.word)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_each_address_answers_whom_the_table_lets_in(
    closed_server: InProcessServer, stores: Stores, route: Route, role: Role
) -> None:
    headers = {"Content-Type": "application/json"}
    if role is not Role.ANYONE:
        add_account(stores, "Ana", role.word)
        headers |= basic("Ana")

    answer = closed_server.ask(route.method, sample(route), A_BODY, headers)

    refused = (answer.status, answer.error) if answer.status in (401, 403) else None
    if role >= route.role:
        assert refused not in [(401, "sign_in_needed"), (403, "role")]
        assert answer.status < 500
    elif role is Role.ANYONE:
        assert refused == (401, "sign_in_needed")
    else:
        assert refused == (403, "role")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.pattern}")
def test_whoever_is_turned_away_learns_nothing(closed_server: InProcessServer, route: Route) -> None:
    if route.role is Role.ANYONE:
        assert route.method != "GET" or route.pattern in PUBLIC_PAGES
        return
    body = closed_server.ask(route.method, sample(route), A_BODY, {"Content-Type": "application/json"}).body
    assert json.loads(body) == {"error": {"code": "sign_in_needed", "message": "Sign in first."}}


# Pages that anyone may read: none of them shows a face or a name.
PUBLIC_PAGES = {"/sign-in", "/welcome", "/health/live", "/health/ready", "/metrics", "/openapi.json"}
