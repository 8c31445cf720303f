"""One-time links, as owners make, see and take them back."""

import re

import pytest

from tests.accounts import add_account, basic
from tests.forms import post_form
from tests.servers import InProcessServer, post_json
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.stores import Stores

ROOT = "http://localhost/porteiro"


@pytest.fixture(autouse=True)
def olga(stores: Stores) -> Account:
    """An owner."""
    return add_account(stores, "Olga", "owner")


@pytest.fixture
def ana(stores: Stores) -> Account:
    return add_account(stores, "Ana", "viewer")


def described(invitation_id: str, role: str, account_id: str | None = None) -> dict[str, object]:
    return {
        "id": invitation_id,
        "role": role,
        "account": account_id,
        "expires_at": "2026-01-06T10:00:00Z",
        "links": {"self": f"{ROOT}/invitations/{invitation_id}"},
    }


def test_a_link_for_a_new_account_is_told_once(closed_server: InProcessServer, stores: Stores) -> None:
    answer = post_json(closed_server, "/invitations", {"role": "operator"}, **basic())

    link = answer.json["link"]
    assert (answer.status, answer.headers["Location"], answer.headers["Cache-Control"]) == (
        201,
        link,
        "no-store",
    )
    (kept,) = stores.invitations.open()
    assert answer.json == {"link": link, **described(kept.id, "operator")}
    assert re.fullmatch(rf"{ROOT}/welcome\?token=[\w-]{{43}}", link)
    assert closed_server.ask("GET", link.removeprefix(ROOT)).status == 200
    (made,) = stores.events.done_by_somebody(1)
    assert (made.action, made.by, made.details) == ("invited", "Olga", {"role": "operator"})


def test_a_link_for_a_new_password_is_for_that_account(closed_server: InProcessServer, ana: Account) -> None:
    answer = post_json(closed_server, "/invitations", {"account": ana.id}, **basic())

    assert (answer.status, answer.json["role"]) == (201, "viewer")
    page = closed_server.ask("GET", answer.json["link"].removeprefix(ROOT)).body
    assert b"A new password for Ana" in page
    assert post_json(closed_server, "/invitations", {"account": "0" * 32}, **basic()).status == 404


@pytest.mark.parametrize("role", ["anyone", "OWNER", "", "nobody", 3, None])
def test_a_link_for_a_role_that_there_is_not_is_refused(closed_server: InProcessServer, role: object) -> None:
    assert post_json(closed_server, "/invitations", {"role": role}, **basic()).status == 422


def test_open_links_are_listed_without_what_is_secret_and_taken_back(
    closed_server: InProcessServer, ana: Account
) -> None:
    first = post_json(closed_server, "/invitations", {"role": "owner"}, **basic()).json
    second = post_json(closed_server, "/invitations", {"account": ana.id}, **basic()).json
    listed = closed_server.ask("GET", "/invitations", headers=basic()).json["invitations"]
    path = first["links"]["self"].removeprefix(ROOT)

    removed = [closed_server.ask("DELETE", path, headers=basic()).status for _ in range(2)]

    assert sorted(listed, key=lambda link: link["role"]) == [
        described(first["id"], "owner"),
        described(second["id"], "viewer", ana.id),
    ]
    assert removed == [204, 404]
    left = closed_server.ask("GET", "/invitations", headers=basic()).json
    assert left == {"invitations": [described(second["id"], "viewer", ana.id)]}
    assert closed_server.ask("GET", first["link"].removeprefix(ROOT)).error == "link_gone"


def test_only_owners_see_links_and_take_them_back(closed_server: InProcessServer, stores: Stores) -> None:
    add_account(stores, "Otto", "operator")
    made = stores.invitations.invite(b"key", "owner")

    answers = [
        closed_server.ask("GET", "/invitations", headers=basic("Otto")),
        closed_server.ask("DELETE", f"/invitations/{made.id}", headers=basic("Otto")),
    ]

    assert [answer.status for answer in answers] == [403, 403]
    assert stores.invitations.open() == [made]


# The page


def test_the_page_shows_a_link_this_once(closed_server: InProcessServer) -> None:
    answer = post_form(closed_server, "/invitations", {"role": "viewer"}, **basic())

    assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
    (link,) = re.findall(rf">({ROOT}/welcome\?token=[\w-]+)<", answer.body.decode())
    assert closed_server.ask("GET", link.removeprefix(ROOT)).status == 200
    later = closed_server.ask("GET", "/accounts", headers={**basic(), "Accept": "text/html"})
    assert b"welcome?token" not in later.body


def test_the_page_shows_open_links_and_takes_them_back(
    closed_server: InProcessServer, ana: Account, stores: Stores
) -> None:
    made = [stores.invitations.let_back_in(b"key", ana.id), stores.invitations.invite(b"other", "operator")]

    page = closed_server.ask("GET", "/accounts", headers={**basic(), "Accept": "text/html"}).body.decode()
    answers = [
        post_form(closed_server, f"/invitations/{each.id}", {"_method": "DELETE"}, **basic()) for each in made
    ]

    assert sorted(re.findall(r'data-confirm="(Take back .*?)"', page)) == [
        "Take back the link for a new operator?",
        "Take back the link for a new password of Ana?",
    ]
    assert [(answer.status, answer.headers["Location"]) for answer in answers] == [
        (303, f"{ROOT}/accounts")
    ] * 2
    assert stores.invitations.open() == []
