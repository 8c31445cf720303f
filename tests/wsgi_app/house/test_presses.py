"""Whether a press is of now."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.base.errors import Conflict
from wsgi_app.house.presses import refuse_stale

NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


@given(st.floats(-30, 30))
def test_a_press_of_now_is_let_through(seconds: float) -> None:
    refuse_stale(NOW - timedelta(seconds=seconds), NOW, 30)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (NOW - timedelta(seconds=30.1), "^clock:late seconds=30.1 most_s=30$"),
        (NOW + timedelta(seconds=3600), "^clock:early seconds=3600.0 most_s=30$"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=23))), "^clock:late seconds="),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))), "^clock:early seconds="),
    ],
)
def test_another_is_told_by_how_much_it_is_not(at: datetime, told: str) -> None:
    with pytest.raises(Conflict, match=told) as refused:
        refuse_stale(at, NOW, 30)

    assert refused.value.code == "clock"
