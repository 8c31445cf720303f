from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from wsgi_app.base.errors import Unfit
from wsgi_app.house.days import FIRST, LAST, STEPS, Mark, day_at, day_of, marks, read_day

LISBON, TOKYO = ZoneInfo("Europe/Lisbon"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("on", "zone", "since", "hours"),
    [
        (date(2026, 1, 5), LISBON, datetime(2026, 1, 5, tzinfo=UTC), 24),
        (date(2026, 1, 5), TOKYO, datetime(2026, 1, 4, 15, tzinfo=UTC), 24),
        (date(2026, 3, 29), LISBON, datetime(2026, 3, 29, tzinfo=UTC), 23),
        (date(2026, 10, 25), LISBON, datetime(2026, 10, 24, 23, tzinfo=UTC), 25),
    ],
)
def test_a_day_goes_from_midnight_to_midnight_by_the_clocks_of_the_house(
    on: date, zone: ZoneInfo, since: datetime, hours: int
) -> None:
    day = day_of(on, zone)
    assert (day.on, day.span) == (on, (since, since + timedelta(hours=hours)))


def test_days_follow_each_other_without_a_gap() -> None:
    day = day_of(date(2026, 10, 25), LISBON)
    assert day_of(day.before, LISBON).until == day.since
    assert day_of(day.after, LISBON).since == day.until


def test_a_moment_belongs_to_another_day_elsewhere() -> None:
    late = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    assert (day_at(late, LISBON).on, day_at(late, TOKYO).on) == (date(2026, 1, 5), date(2026, 1, 6))


def test_without_a_zone_days_are_those_of_this_machine() -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    day = day_at(now, None)
    assert day.on == now.astimezone().date()
    assert day.since <= now < day.until


@pytest.mark.parametrize("on", [FIRST, LAST, date(2028, 2, 29)])
@pytest.mark.parametrize("zone", [None, LISBON, TOKYO])
def test_a_day_is_read_as_it_is_written(on: date, zone: ZoneInfo | None) -> None:
    assert read_day(on.isoformat(), zone) == day_of(on, zone)


@pytest.mark.parametrize(
    "text", ["today", "2026-02-29", "20260105", "2026-W01-1", "2026-1-5", "0001-01-01", "9999-12-31", " "]
)
def test_other_texts_are_no_days(text: str) -> None:
    with pytest.raises(Unfit, match="bad_query:day"):
        read_day(text, LISBON)


def test_a_timeline_counts_visits_by_quarters_of_an_hour_and_lights() -> None:
    day = day_of(date(2026, 1, 5), LISBON)
    at = day.since + timedelta(hours=8, minutes=14)
    moments = [
        (day.since, "red"),
        (at, "red"),
        (at, "green"),
        (at + timedelta(seconds=59), "red"),
        (at + timedelta(minutes=1), "green"),
        (day.until - timedelta(microseconds=1), "amber"),
    ]
    assert marks(day, moments) == [
        Mark(step=0, light="red", below=0, count=1),
        Mark(step=32, light="green", below=0, count=1),
        Mark(step=32, light="red", below=1, count=2),
        Mark(step=33, light="green", below=0, count=1),
        Mark(step=STEPS - 1, light="amber", below=0, count=1),
    ]


def test_the_timeline_of_a_longer_day_has_as_many_steps() -> None:
    day = day_of(date(2026, 10, 25), LISBON)
    last = day.until - timedelta(seconds=1)
    assert marks(day, [(last, "red")]) == [Mark(STEPS - 1, "red", 0, 1)]


def test_a_day_without_visits_has_no_marks() -> None:
    assert marks(day_of(date(2026, 1, 5), LISBON), []) == []
