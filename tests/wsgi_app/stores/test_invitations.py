"""One-time links."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.accounts import add_account
from tests.conftest import Clock
from wsgi_app.errors import NotFound
from wsgi_app.services import Stores
from wsgi_app.stores.events import AT_THE_MACHINE
from wsgi_app.stores.invitations import Invitation

NEXT_DAY = datetime(2026, 1, 6, 10, 0, tzinfo=UTC)


def test_a_link_says_what_it_is_for_until_it_is_used(stores: Stores) -> None:
    made = stores.invitations.invite(b"key", "viewer")

    assert made == Invitation("viewer", None, NEXT_DAY)
    assert [stores.invitations.find(b"key") for _ in range(3)] == [made] * 3

    stores.accounts.accept(b"key", "Ana", "hash")
    for use in (
        lambda: stores.invitations.find(b"key"),
        lambda: stores.accounts.accept(b"key", "Bruno", "hash"),
    ):
        with pytest.raises(NotFound) as refused:
            use()
        assert refused.value.code == "link_gone"


def test_a_link_is_good_for_a_day(stores: Stores, clock: Clock) -> None:
    made = stores.invitations.invite(b"key", "viewer")

    clock.advance(24 * 3600 - 1)
    assert stores.invitations.find(b"key") == made
    clock.advance(1)
    with pytest.raises(NotFound):
        stores.invitations.find(b"key")
    with pytest.raises(NotFound):
        stores.accounts.accept(b"key", "Ana", "hash")


def test_old_links_are_swept_when_one_is_made(stores: Stores, clock: Clock) -> None:
    stores.invitations.invite(b"old", "viewer")
    clock.advance(timedelta(days=2).total_seconds())

    stores.invitations.invite(b"new", "viewer")

    with stores.database.read() as connection:
        assert connection.exec_driver_sql("SELECT key_hash FROM invitations").all() == [(b"new",)]


def test_a_link_used_by_many_at_once_makes_one_account(stores: Stores) -> None:
    stores.invitations.invite(b"key", "owner")

    def join(number: int) -> bool:
        try:
            stores.accounts.accept(b"key", f"Guest {number}", "hash")
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        joined = list(pool.map(join, range(8)))

    assert joined.count(True) == 1
    assert len(stores.accounts.page(10)) == 1


def test_a_house_without_owner_has_one_link_for_the_first(stores: Stores) -> None:
    stores.invitations.invite(b"for a viewer", "viewer")
    for key in (b"first", b"second"):
        assert stores.invitations.invite_first(key) == Invitation("owner", None, NEXT_DAY)

    with pytest.raises(NotFound):
        stores.invitations.find(b"first")
    assert stores.invitations.find(b"for a viewer").role == "viewer"
    assert stores.accounts.accept(b"second", "Olga", "hash").role == "owner"


def test_a_house_with_an_owner_has_none(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")

    assert stores.invitations.invite_first(b"key") is None
    with pytest.raises(NotFound):
        stores.invitations.find(b"key")


def test_a_new_password_leaves_the_name_and_the_role(stores: Stores) -> None:
    ana = add_account(stores, "Ana", "viewer")
    assert stores.invitations.let_back_in(b"key", ana.id) == Invitation("viewer", ana.id, NEXT_DAY)

    changed = stores.accounts.accept(b"key", "Somebody else", "another hash")

    assert (changed.id, changed.name, changed.role) == (ana.id, "Ana", "viewer")
    assert (changed.password_hash, changed.revision) == ("another hash", 2)
    assert [(event.action, event.by) for event in stores.events.after(2, 10)] == [
        ("password_link", AT_THE_MACHINE),
        ("password_changed", "Ana"),
    ]


def test_only_the_newest_link_for_a_password_counts(stores: Stores) -> None:
    ana = add_account(stores, "Ana")
    stores.invitations.let_back_in(b"first", ana.id)
    stores.invitations.let_back_in(b"second", ana.id)

    with pytest.raises(NotFound):
        stores.invitations.find(b"first")
    assert stores.invitations.find(b"second").account_id == ana.id


def test_the_links_of_a_removed_account_go_with_it(stores: Stores) -> None:
    add_account(stores, "Olga", "owner")
    ana = add_account(stores, "Ana", "viewer")
    stores.invitations.let_back_in(b"key", ana.id)

    stores.accounts.remove(ana.id, lambda _: True)

    with pytest.raises(NotFound):
        stores.accounts.accept(b"key", "", "hash")
