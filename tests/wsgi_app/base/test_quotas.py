"""How much of a door is kept in a day."""

import pytest

from wsgi_app.base.doors import DoorId
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.quotas import DaySent, Keeps, QuotaRule, quota_name

RULE = QuotaRule(photo_bytes=1000, visits=10)


@pytest.mark.parametrize(
    ("sent", "size", "keeps"),
    [
        (0, 900, Keeps.ALL),
        (800, 100, Keeps.ALL),
        (800, 101, Keeps.LET_IN),
        (900, 100, Keeps.LET_IN),
        (900, 101, Keeps.NONE),
        (1000, 1, Keeps.NONE),
        (0, 1001, Keeps.NONE),
    ],
)
def test_the_last_tenth_is_for_those_who_are_let_in(sent: int, size: int, keeps: Keeps) -> None:
    assert RULE.keeps(DaySent(photo_bytes=sent), size) is keeps


def test_without_a_bound_all_is_kept() -> None:
    assert QuotaRule(0, 10).keeps(DaySent(photo_bytes=10**15), 10**9) is Keeps.ALL


@pytest.mark.parametrize(
    ("keeps", "outcomes"),
    [(Keeps.ALL, set(Outcome)), (Keeps.LET_IN, {Outcome.KNOWN}), (Keeps.NONE, set())],
)
def test_whose_photos_are_kept(keeps: Keeps, outcomes: set[Outcome]) -> None:
    assert {outcome for outcome in Outcome if keeps.keeps(outcome)} == outcomes


@pytest.mark.parametrize(
    ("door", "name"),
    [
        ("device:front", "device:front"),
        ("device:address", "device:address"),
        ("address:192.0.2.7", "address"),
        ("address:2001:db8::1", "address"),
    ],
)
def test_all_doors_without_a_token_are_one(door: str, name: str) -> None:
    assert quota_name(DoorId.of(door)) == name
