"""Who may sign in, as owners see and change it."""

import re

import pytest

from tests.accounts import add_account, basic
from tests.forms import post_form
from tests.servers import Answer, InProcessServer, post_json
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


def described(account: Account, role: str | None = None) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "role": role or account.role,
        "created_at": "2026-01-05T10:00:00Z",
        "links": {"self": f"{ROOT}/accounts/{account.id}"},
    }


def ask(server: InProcessServer, method: str, path: str, **headers: str) -> Answer:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return server.ask(method, path, headers={**basic(), **named})


def change(server: InProcessServer, account: Account, role: object, **headers: str) -> Answer:
    return post_json(server, f"/accounts/{account.id}", {"role": role}, "PATCH", **basic(), **headers)


def test_accounts_are_listed_without_what_is_secret(
    closed_server: InProcessServer, olga: Account, ana: Account
) -> None:
    answer = ask(closed_server, "GET", "/accounts")

    assert answer.json == {"accounts": [described(ana), described(olga)]}


def test_a_long_list_is_given_a_page_at_a_time(
    closed_server: InProcessServer, olga: Account, ana: Account
) -> None:
    first = ask(closed_server, "GET", "/accounts?limit=1")
    (address,) = re.findall(r"<http://localhost/porteiro(.*)>", first.headers["Link"])
    second = ask(closed_server, "GET", address)

    assert first.json == {"accounts": [described(ana)]}
    assert second.json == {"accounts": [described(olga)]}
    assert "Link" not in second.headers


def test_one_account_is_shown_with_its_version(closed_server: InProcessServer, ana: Account) -> None:
    answer = ask(closed_server, "GET", f"/accounts/{ana.id}")

    assert (answer.json, answer.headers["ETag"]) == (described(ana), '"1"')
    assert ask(closed_server, "GET", f"/accounts/{ana.id}", If_None_Match='"1"').status == 304


def test_a_role_is_changed_once_by_whoever_saw_the_newest(
    closed_server: InProcessServer, ana: Account
) -> None:
    changed = change(closed_server, ana, "operator", If_Match='"1"')
    late = change(closed_server, ana, "owner", If_Match='"1"')

    assert (changed.status, changed.json, changed.headers["ETag"]) == (200, described(ana, "operator"), '"2"')
    assert (late.status, late.error) == (412, "precondition_failed")
    assert ask(closed_server, "DELETE", f"/accounts/{ana.id}", If_Match='"1"').status == 412


def test_an_account_is_removed(closed_server: InProcessServer, ana: Account) -> None:
    assert ask(closed_server, "DELETE", f"/accounts/{ana.id}").status == 204
    assert ask(closed_server, "DELETE", f"/accounts/{ana.id}").status == 404
    assert closed_server.ask("GET", "/people", headers=basic("Ana")).status == 401


def test_the_last_owner_stays(closed_server: InProcessServer, olga: Account) -> None:
    for answer in (
        ask(closed_server, "DELETE", f"/accounts/{olga.id}"),
        change(closed_server, olga, "operator"),
    ):
        assert (answer.status, answer.error) == (409, "last_owner")


@pytest.mark.parametrize("role", ["anyone", "OWNER", "", "nobody", 3, None])
def test_a_role_that_there_is_not_is_refused(
    closed_server: InProcessServer, ana: Account, role: object
) -> None:
    assert change(closed_server, ana, role).status == 422


# The page


def test_the_page_shows_every_account_with_what_can_be_done(
    closed_server: InProcessServer, olga: Account, ana: Account
) -> None:
    page = ask(closed_server, "GET", "/accounts", Accept="text/html").body.decode()

    assert re.findall(r'<span class="who">(.*?)</span>', page) == ["Ana", "Olga"]
    assert re.findall(r"<option selected>(.*?)</option>", page) == ["viewer", "owner"]
    assert re.findall(r'data-confirm="(.*?)"', page) == [
        "Remove the account of Ana?",
        "Remove the account of Olga?",
    ]


def test_the_forms_of_the_page_change_roles_and_remove(
    closed_server: InProcessServer, ana: Account, stores: Stores
) -> None:
    path = f"/accounts/{ana.id}"
    answers = [
        post_form(closed_server, path, {"_method": "PATCH", "role": "operator"}, **basic()),
        post_form(closed_server, path, {"_method": "DELETE"}, **basic()),
    ]

    assert [(answer.status, answer.headers["Location"]) for answer in answers] == [
        (303, f"{ROOT}/accounts")
    ] * 2
    assert stores.accounts.named("Ana") is None
