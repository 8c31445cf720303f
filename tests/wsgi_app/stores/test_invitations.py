"""One-time links."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.accounts import add_account
from tests.conftest import Clock
from wsgi_app.access.roles import Role
from wsgi_app.base.errors import Conflict, NotFound
from wsgi_app.stores.events import AT_THE_MACHINE
from wsgi_app.stores.invitations import MOST_OPEN, OWNER, Invitation
from wsgi_app.stores.stores import Stores

NEXT_DAY = datetime(2026, 1, 6, 10, 0, tzinfo=UTC)


def test_an_owner_is_here_what_an_owner_is_everywhere() -> None:
    assert Role.OWNER.word == OWNER


def test_a_link_says_what_it_is_for_until_it_is_used(stores: Stores) -> None:
    made = stores.invitations.invite(b"key", "viewer")

    assert made == Invitation(made.id, "viewer", None, NEXT_DAY)
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
        made = stores.invitations.invite_first(key)
        assert made
        assert made == Invitation(made.id, "owner", None, NEXT_DAY)

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
    made = stores.invitations.let_back_in(b"key", ana.id)
    assert made == Invitation(made.id, "viewer", ana.id, NEXT_DAY)

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


def anyhow(_: object) -> bool:
    return True


@pytest.mark.parametrize("gone", ["removed", "demoted"])
def test_an_owner_who_is_one_no_more_has_left_no_way_in(stores: Stores, gone: str) -> None:
    olga, vera = add_account(stores, "Olga", "owner"), add_account(stores, "Vera", "viewer")
    otto = add_account(stores, "Otto", "owner")
    stores.invitations.acting("Olga").invite(b"a back door", "owner")
    stores.invitations.acting("Olga").let_back_in(b"another", otto.id)
    stores.accounts.remove(vera.id, anyhow)
    assert len(stores.invitations.open()) == 2  # a viewer made none of them

    if gone == "removed":
        stores.accounts.remove(olga.id, anyhow)
    else:
        stores.accounts.change_role(olga.id, "operator", anyhow)

    assert stores.invitations.open() == []
    with pytest.raises(NotFound):
        stores.accounts.accept(b"a back door", "Mallory", "hash")


def test_an_owner_who_cannot_go_leaves_the_links_as_they_are(stores: Stores) -> None:
    olga = add_account(stores, "Olga", "owner")
    made = stores.invitations.invite(b"key", "viewer")

    with pytest.raises(Conflict):
        stores.accounts.remove(olga.id, anyhow)
    assert stores.accounts.change_role(olga.id, "owner", anyhow).role == "owner"
    assert stores.invitations.open() == [made]


def test_once_there_is_an_owner_no_other_link_makes_the_first_one(stores: Stores) -> None:
    stores.invitations.invite_first(b"in the log")
    viewers = stores.invitations.invite(b"for a viewer", "viewer")
    stores.invitations.invite(b"by hand", "owner")

    stores.accounts.accept(b"by hand", "Olga", "hash")
    seconds = stores.invitations.invite(b"for a second one", "owner")

    assert stores.invitations.open() == sorted([viewers, seconds], key=lambda made: made.id)
    with pytest.raises(NotFound):
        stores.accounts.accept(b"in the log", "Mallory", "hash")
    stores.invitations.invite(b"for a third one", "owner")
    assert stores.accounts.accept(b"for a second one", "Otto", "hash").role == "owner"
    assert stores.invitations.find(b"for a third one").role == "owner"


def test_open_links_are_seen_the_newest_last_and_taken_back(stores: Stores, clock: Clock) -> None:
    first = stores.invitations.invite(b"first", "owner")
    clock.advance(1)
    second = stores.invitations.invite(b"second", "viewer")
    assert stores.invitations.open() == [first, second]

    stores.invitations.acting("Olga").take_back(first.id)

    assert stores.invitations.open() == [second]
    with pytest.raises(NotFound):
        stores.invitations.take_back(first.id)
    (told,) = stores.events.done_by_somebody(1)
    assert (told.action, told.by, told.details) == ("link_removed", "Olga", {})
    clock.advance(24 * 3600)
    assert stores.invitations.open() == []


def test_so_many_links_are_open_at_once_and_no_more(stores: Stores) -> None:
    ana = add_account(stores, "Ana")
    for number in range(MOST_OPEN):
        stores.invitations.invite(b"%d" % number, "viewer")

    with pytest.raises(Conflict, match="many_links most=100"):
        stores.invitations.invite(b"one more", "viewer")
    with pytest.raises(Conflict, match="many_links most=100"):
        stores.invitations.let_back_in(b"one more", ana.id)
    stores.invitations.take_back(stores.invitations.find(b"7").id)
    assert stores.invitations.invite(b"one more", "viewer").role == "viewer"
