import pytest

from tests.conftest import Clock
from wsgi_app.base.errors import TooManyRequests, Unavailable
from wsgi_app.live.crowd import STRANGERS, Crowd, RateLimit, Seats


def test_so_many_of_one_address_are_admitted_and_then_others_still() -> None:
    seats = Seats(most=4, most_of_one=2)
    seats.take("192.0.2.1")
    seats.take("192.0.2.1")

    with pytest.raises(TooManyRequests):
        seats.take("192.0.2.1")
    seats.take("192.0.2.2")


def test_so_many_in_all_are_admitted() -> None:
    seats = Seats(most=2, most_of_one=2)
    seats.take("192.0.2.1")
    seats.take("192.0.2.2")

    with pytest.raises(Unavailable):
        seats.take("192.0.2.3")


def test_who_leaves_makes_room() -> None:
    seats = Seats(most=1, most_of_one=1)
    for _ in range(3):
        seats.take("192.0.2.1")
        seats.leave("192.0.2.1")

    seats.take("192.0.2.2")


def test_there_is_no_room_when_there_are_many_connections_beside_the_admitted_ones() -> None:
    crowd = Crowd(most=10, most_of_one=10)
    for _ in range(10 + STRANGERS - 1):
        crowd.come(None)
    before = crowd.has_room(None)
    crowd.come(None)

    assert (before, crowd.has_room(None)) == (True, False)


def test_one_address_has_as_many_on_their_way_in_as_may_be_let_in() -> None:
    crowd = Crowd(most=10, most_of_one=2)
    found = []
    for _ in range(3):
        found.append((crowd.has_room("192.0.2.1"), crowd.has_room("192.0.2.2"), crowd.has_room(None)))
        crowd.come("192.0.2.1")
    crowd.go_on("192.0.2.1")
    crowd.go_on("192.0.2.1")

    assert found == [(True, True, True), (True, True, True), (False, True, True)]
    assert crowd.has_room("192.0.2.1")


def test_a_rate_limit_allows_so_many_within_a_time_and_again_when_it_has_passed(clock: Clock) -> None:
    limit = RateLimit(3, 10.0, lambda: clock.now().timestamp())

    at_once = [limit.allows() for _ in range(5)]
    clock.advance(9)
    soon = limit.allows()
    clock.advance(1)
    later = [limit.allows() for _ in range(4)]

    assert (at_once, soon, later) == ([True, True, True, False, False], False, [True, True, True, False])
