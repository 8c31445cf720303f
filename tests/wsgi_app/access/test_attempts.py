"""A name and its password, checked a few times only."""

import pytest

from tests.accounts import CHEAP, PASSWORD, add_account
from wsgi_app.access.attempts import PasswordCheck
from wsgi_app.base.errors import TooManyRequests
from wsgi_app.base.limits import SignInLimits
from wsgi_app.stores.stores import Stores

HERE, THERE = "192.0.2.7", "192.0.2.8"
FEW = SignInLimits(address_failures=2, account_failures=3)


@pytest.fixture
def check(stores: Stores) -> PasswordCheck:
    add_account(stores, "Ana")
    add_account(stores, "Bruno")
    return PasswordCheck(stores.accounts, stores.attempts, CHEAP, FEW)


def told(stores: Stores) -> list[tuple[str, str | None]]:
    """What was told of sign-ins: of whom, and where from."""
    return [
        (str(event.by), event.details["address"])
        for event in stores.events.after(0, 100)
        if event.action == "sign_in_failed"
    ]


def test_the_right_password_tells_whose_it_is_whatever_the_capitals(check: PasswordCheck) -> None:
    account = check.account("ANA", PASSWORD, HERE)

    assert account is not None
    assert account.name == "Ana"


def test_a_wrong_name_and_a_wrong_password_are_nobodys(check: PasswordCheck, stores: Stores) -> None:
    assert check.account("Ana", "wrong", HERE) is None
    assert check.account("Eve", PASSWORD, THERE) is None
    assert told(stores) == [("Ana", HERE)]


def test_an_address_has_its_attempts_for_all_names_together(check: PasswordCheck) -> None:
    assert [check.account(name, "wrong", HERE) for name in ("Ana", "Eve")] == [None, None]

    with pytest.raises(TooManyRequests):
        check.account("Bruno", PASSWORD, HERE)
    assert check.account("Bruno", PASSWORD, THERE) is not None


def test_an_account_has_its_attempts_from_all_addresses_together(check: PasswordCheck) -> None:
    assert [check.account("Ana", "wrong", f"198.51.100.{number}") for number in range(3)] == [None] * 3

    with pytest.raises(TooManyRequests):
        check.account("ana", PASSWORD, HERE)
    assert check.account("Bruno", PASSWORD, HERE) is not None


def test_the_right_password_gives_the_attempts_back(check: PasswordCheck) -> None:
    for _ in range(4):
        assert check.account("Ana", "wrong", HERE) is None
        assert check.account("Ana", PASSWORD, HERE) is not None
