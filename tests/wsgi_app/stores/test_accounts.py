"""Who may sign in: there is always an owner, once there was one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.accounts import add_account
from wsgi_app.base.errors import Conflict, NotFound, PreconditionFailed
from wsgi_app.stores.accounts import Account
from wsgi_app.stores.events import AT_THE_MACHINE
from wsgi_app.stores.stores import Stores

TEN_O_CLOCK = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def anyhow(_: Account) -> bool:
    return True


def told(stores: Stores) -> list[tuple[str, str, str | None, dict[str, str]]]:
    return [(event.action, event.subject, event.by, event.details) for event in stores.events.after(0, 100)]


def test_somebody_who_follows_a_link_has_an_account_with_its_role(stores: Stores) -> None:
    stores.invitations.invite(b"key", "operator")

    account = stores.accounts.accept(b"key", "Ana", "hash")

    assert account == Account(account.id, "Ana", "operator", "hash", 1, TEN_O_CLOCK)
    assert stores.accounts.get(account.id) == account
    assert stores.accounts.page(10) == [account]
    assert "hash=" not in repr(account)
    assert told(stores) == [
        ("invited", "", AT_THE_MACHINE, {"role": "operator"}),
        ("joined", account.id, "Ana", {"role": "operator"}),
    ]


@pytest.mark.parametrize("name", ["Zoë", "zoë", "ZOË", " Zoe\u0308 "])
def test_an_account_is_found_however_its_name_is_spelt(stores: Stores, name: str) -> None:
    account = add_account(stores, "Zoë")

    assert stores.accounts.named(name) == account
    with pytest.raises(Conflict) as refused:
        add_account(stores, name)
    assert refused.value.code == "name_taken"


def test_a_link_can_still_be_used_after_a_name_that_is_taken(stores: Stores) -> None:
    add_account(stores, "Ana")
    stores.invitations.invite(b"key", "viewer")
    with pytest.raises(Conflict):
        stores.accounts.accept(b"key", "ana", "hash")

    assert stores.accounts.accept(b"key", "Bruno", "hash").role == "viewer"


def test_accounts_are_listed_by_name_a_page_at_a_time(stores: Stores) -> None:
    for name in ("chen", "Bruno", "ana"):
        add_account(stores, name)

    assert [account.name for account in stores.accounts.page(2)] == ["ana", "Bruno"]
    assert [account.name for account in stores.accounts.page(2, "Bruno")] == ["chen"]


def test_names_are_given_for_those_that_are_there(stores: Stores) -> None:
    ana = add_account(stores, "Ana")

    assert stores.accounts.names([ana.id, "nobody"]) == {ana.id: "Ana"}


def test_a_role_is_changed_by_somebody(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")

    changed = stores.accounts.acting("Olga").change_role(ana.id, "operator", lambda seen: seen == ana)

    assert changed == replace(ana, role="operator", revision=2)
    assert told(stores)[-1] == ("role_changed", ana.id, "Olga", {"before": "viewer", "role": "operator"})


def test_a_removed_account_is_gone(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")

    stores.accounts.acting("Olga").remove(ana.id, anyhow)

    assert stores.accounts.named("Ana") is None
    assert told(stores)[-1] == ("removed", ana.id, "Olga", {"role": "viewer"})


def test_the_last_owner_stays(stores: Stores) -> None:
    olga = add_account(stores, "Olga", "owner")
    add_account(stores, "Ana", "operator")
    before = told(stores)

    for change in (
        lambda: stores.accounts.remove(olga.id, anyhow),
        lambda: stores.accounts.change_role(olga.id, "operator", anyhow),
    ):
        with pytest.raises(Conflict) as refused:
            change()
        assert refused.value.code == "last_owner"
    assert stores.accounts.change_role(olga.id, "owner", anyhow).role == "owner"
    assert told(stores)[: len(before)] == before


def test_one_of_two_owners_may_go(stores: Stores) -> None:
    olga, ana = add_account(stores, "Olga", "owner"), add_account(stores, "Ana", "owner")

    stores.accounts.remove(olga.id, anyhow)

    assert stores.accounts.page(10) == [ana]


def test_a_change_of_what_somebody_else_changed_is_refused(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    stores.accounts.change_role(ana.id, "operator", anyhow)

    with pytest.raises(PreconditionFailed):
        stores.accounts.change_role(ana.id, "owner", lambda seen: seen.revision == ana.revision)
    with pytest.raises(PreconditionFailed):
        stores.accounts.remove(ana.id, lambda seen: seen.revision == ana.revision)
    assert stores.accounts.get(ana.id).role == "operator"


def test_an_account_that_is_not_there_is_not_found(stores: Stores) -> None:
    for look in (
        lambda: stores.accounts.get("nobody"),
        lambda: stores.accounts.remove("nobody", anyhow),
        lambda: stores.accounts.change_role("nobody", "owner", anyhow),
        lambda: stores.invitations.let_back_in(b"key", "nobody"),
    ):
        with pytest.raises(NotFound):
            look()
