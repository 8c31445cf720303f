"""Sign-ins that were tried: counted before it is known how they end."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Clock
from wsgi_app.base.errors import TooManyRequests
from wsgi_app.stores.attempts import account_key, address_key
from wsgi_app.stores.stores import Stores


def is_counted(stores: Stores, **most: int) -> bool:
    try:
        stores.attempts.count(most)
    except TooManyRequests:
        return False
    return True


def test_a_key_has_its_attempts_and_no_more(stores: Stores) -> None:
    assert [is_counted(stores, here=3) for _ in range(5)] == [True, True, True, False, False]


def test_an_attempt_that_one_key_has_no_more_of_counts_for_none(stores: Stores) -> None:
    assert is_counted(stores, here=1)
    assert [is_counted(stores, here=1, there=2) for _ in range(5)] == [False] * 5
    assert [is_counted(stores, there=2) for _ in range(3)] == [True, True, False]


def test_attempts_side_by_side_are_all_counted(stores: Stores) -> None:
    with ThreadPoolExecutor(8) as pool:
        counted = list(pool.map(lambda _: is_counted(stores, here=5), range(24)))

    assert counted.count(True) == 5


def test_the_pause_begins_with_the_last_attempt_that_counted(stores: Stores, clock: Clock) -> None:
    assert is_counted(stores, here=1)

    clock.advance(899)
    with pytest.raises(TooManyRequests) as refused:
        stores.attempts.count({"here": 1})
    assert refused.value.headers == {"Retry-After": "1"}
    assert (refused.value.key, refused.value.values) == ("too_many:sign_ins", {"minutes": 1})

    clock.advance(1)
    assert is_counted(stores, here=1)


def test_a_success_forgets(stores: Stores) -> None:
    assert is_counted(stores, here=1, there=1)

    stores.attempts.forget("here")

    assert is_counted(stores, here=1)
    assert not is_counted(stores, there=1)


def test_old_attempts_are_swept(stores: Stores, clock: Clock) -> None:
    for number in range(50):
        stores.attempts.count({f"guess {number}": 1})
    clock.advance(900)

    stores.attempts.count({"new": 1})

    with stores.database.read() as connection:
        assert connection.exec_driver_sql("SELECT key, failures FROM attempts").all() == [("new", 1)]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "address:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address:fe80::/64"),
        ("local", "address:local"),
        ("", "address:local"),
    ],
)
def test_an_address_has_one_key_with_its_neighbours(address: str, key: str) -> None:
    assert address_key(address) == key


def test_an_account_has_one_key_that_does_not_show_its_name() -> None:
    assert account_key("Zoë") == account_key(" ZOE\u0308")
    assert account_key("Zoë") != account_key("Zoe")
    assert "zo" not in account_key("zoë").removeprefix("account:")
