"""Following a one-time link."""

import pytest

from tests.accounts import PASSWORD, add_account, basic, cookie_in
from tests.forms import post_form
from tests.servers import InProcessServer, post_json
from wsgi_app.access.evidence import token_key
from wsgi_app.house.house import House
from wsgi_app.stores.stores import Stores

TOKEN = "t" * 43
NEW = {"token": TOKEN, "name": "Ana", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def link(stores: Stores) -> str:
    """The way to the page of a link for an operator."""
    stores.invitations.invite(token_key(TOKEN), "operator")
    return f"/welcome?token={TOKEN}"


def test_a_link_leads_to_an_account_and_inside(
    closed_server: InProcessServer, link: str, stores: Stores
) -> None:
    page = closed_server.ask("GET", link).body.decode()
    assert "You become an operator" in page
    assert f'name="token" value="{TOKEN}"' in page

    answer = post_form(closed_server, "/welcome", NEW)

    assert (answer.status, answer.headers["Location"]) == (303, "http://localhost/porteiro/")
    inside = closed_server.ask("GET", "/people", headers={"Cookie": cookie_in(answer), "Accept": "text/html"})
    assert b"Ana, operator" in inside.body
    assert [(account.name, account.role) for account in stores.accounts.page(10)] == [("Ana", "operator")]
    assert closed_server.ask("GET", link).status == 404
    assert post_form(closed_server, "/welcome", {**NEW, "name": "Eve"}).status == 404


@pytest.mark.usefixtures("link")
def test_a_program_may_follow_a_link(closed_server: InProcessServer, stores: Stores) -> None:
    answer = post_json(closed_server, "/welcome", {"token": TOKEN, "name": "Ana", "password": PASSWORD})

    (ana,) = stores.accounts.page(10)
    address = f"http://localhost/porteiro/accounts/{ana.id}"
    assert (answer.status, answer.headers["Location"], answer.headers["ETag"]) == (201, address, '"1"')
    assert answer.json == {
        "id": ana.id,
        "name": "Ana",
        "role": "operator",
        "created_at": "2026-01-05T10:00:00Z",
        "links": {"self": address},
    }
    assert closed_server.ask("GET", "/people", headers=basic("Ana")).status == 200


def test_what_is_kept_of_a_password_is_a_hash(house: House, server: InProcessServer, link: str) -> None:
    post_form(server, "/welcome", NEW)

    (ana,) = house.stores.accounts.page(10)

    assert ana.password_hash.startswith("$argon2id$")
    assert house.passwords.fits(PASSWORD, ana.password_hash)


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        ({"password": "too short", "again": "too short"}, 422, "A password has from 10 to 1,000 letters."),
        ({"again": "something else"}, 422, "The two passwords differ; type the same twice."),
        ({"name": ""}, 422, "This cannot be a name: a name needs at least one letter."),
        ({"name": "x" * 81}, 422, "This cannot be a name: a name has at most 80 characters."),
        ({"name": "a\0b"}, 422, "This cannot be a name: a name holds no control characters."),
        ({"name": "a:b"}, 422, "This cannot be a name: programs could not sign in with a : in it."),
        *(
            ({"name": name}, 422, f"Nobody can be called {name} here; choose another name.")
            for name in ("command line", "This machine", "NOBODY", "n\u200dobody", "\uff4eobody")
        ),
        ({"name": "O\u200dLGA"}, 409, "Somebody here has that name already; choose another."),
        ({"name": "OLGA"}, 409, "Somebody here has that name already; choose another."),
    ],
)
def test_what_cannot_be_is_told_on_the_page_and_the_link_stays_good(
    closed_server: InProcessServer, stores: Stores, change: dict[str, str], status: int, why: str
) -> None:
    add_account(stores, "Olga")

    answer = post_form(closed_server, "/welcome", {**NEW, **change})

    assert (answer.status, "Set-Cookie" in answer.headers) == (status, False)
    assert why in answer.body.decode()
    assert PASSWORD not in answer.body.decode()
    program = post_json(closed_server, "/welcome", {**NEW, **change})
    assert (program.status, program.json["error"]["message"]) == (status, why)
    assert post_form(closed_server, "/welcome", NEW).status == 303


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize(
    "change",
    [{"name": "x" * 10_000}, {"password": "x" * 10_000}, {"token": "x" * 10_000}, {"role": "owner"}],
    ids=lambda change: next(iter(change)),
)
def test_a_body_of_another_shape_is_refused(closed_server: InProcessServer, change: dict[str, str]) -> None:
    for send in (post_form, post_json):
        assert send(closed_server, "/welcome", {**NEW, **change}).status == 422


@pytest.mark.parametrize("token", ["", "x", TOKEN, "%00", "%C3%A9", "x" * 900])
def test_a_link_that_nobody_was_given_is_not_found(closed_server: InProcessServer, token: str) -> None:
    answer = closed_server.ask("GET", f"/welcome?token={token}")

    assert (answer.status, answer.error) == (404, "link_gone")
    assert post_form(closed_server, "/welcome", {**NEW, "token": token}).status == 404


def test_a_link_for_a_new_password_ends_every_sign_in(closed_server: InProcessServer, stores: Stores) -> None:
    ana = add_account(stores, "Ana", "viewer")
    before = cookie_in(post_form(closed_server, "/sign-in", {"name": "Ana", "password": PASSWORD}))
    stores.invitations.let_back_in(token_key(TOKEN), ana.id)
    assert b"A new password for Ana" in closed_server.ask("GET", f"/welcome?token={TOKEN}").body

    answer = post_form(
        closed_server,
        "/welcome",
        {"token": TOKEN, "password": "another password", "again": "another password"},
    )

    assert answer.status == 303
    statuses = [
        closed_server.ask("GET", "/people", headers=headers).status
        for headers in (
            {"Cookie": before},
            {"Cookie": cookie_in(answer)},
            basic("Ana", PASSWORD),
            basic("Ana", "another password"),
        )
    ]
    assert statuses == [401, 200, 401, 200]
