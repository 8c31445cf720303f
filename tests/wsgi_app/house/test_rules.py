from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.base.errors import Unfit
from wsgi_app.house.hours import DAYS, read_hours
from wsgi_app.house.rules import Rule, read_end, read_start, write_end, write_start

LISBON = ZoneInfo("Europe/Lisbon")
MONDAY = datetime(2026, 1, 5, tzinfo=LISBON)


def at(text: str) -> datetime:
    """A moment of the first week of 2026 on the clocks of Lisbon, such as ``tue 09:00``."""
    day, clock = text.split()
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=DAYS.index(day), hours=hour, minutes=minute)


# Who may enter when


@pytest.mark.parametrize(
    ("hours", "inside", "outside"),
    [
        ("tue 09:00-12:00", ["tue 09:00", "tue 11:59"], ["tue 08:59", "tue 12:00", "mon 10:00", "wed 10:00"]),
        ("mon-fri 09:00-17:00", ["mon 09:00", "fri 16:59"], ["sat 10:00", "sun 10:00", "mon 17:00"]),
        ("fri 22:00-02:00", ["fri 22:00", "fri 23:59", "sat 01:59"], ["fri 01:00", "sat 02:00", "sat 22:00"]),
        ("sun 22:00-02:00", ["sun 23:00", "mon 01:00"], ["mon 22:00", "sun 01:00"]),
        ("sat 09:00-24:00", ["sat 09:00", "sat 23:59"], ["sat 08:59", "sun 00:00"]),
        ("sat 00:00-24:00", ["sat 00:00", "sat 12:00", "sat 23:59"], ["fri 23:59", "sun 00:00"]),
    ],
)
def test_hours_let_in_from_their_start_to_just_before_their_end(
    hours: str, inside: list[str], outside: list[str]
) -> None:
    rule = Rule(hours=read_hours([hours]))

    assert [moment for moment in inside if not rule.may_enter(at(moment))] == []
    assert [moment for moment in outside if rule.may_enter(at(moment))] == []


def test_one_row_of_several_is_enough() -> None:
    rule = Rule(hours=read_hours(["tue 09:00-12:00", "thu 14:00-16:00"]))

    assert [rule.may_enter(at(text)) for text in ("tue 10:00", "thu 15:00", "thu 10:00")] == [
        True,
        True,
        False,
    ]


def test_without_a_rule_everybody_may_enter_at_any_time() -> None:
    assert all(Rule().may_enter(MONDAY + timedelta(hours=hour)) for hour in range(7 * 24))


def test_a_period_holds_from_its_begin_to_just_before_its_end() -> None:
    rule = Rule(at("tue 09:00"), at("thu 09:00"))
    moments = ("tue 08:59", "tue 09:00", "thu 08:59", "thu 09:00")

    assert [rule.may_enter(at(text)) for text in moments] == [False, True, True, False]


def test_hours_count_only_within_the_period() -> None:
    rule = Rule(valid_until=at("tue 10:00"), hours=read_hours(["tue 09:00-12:00"]))

    assert [rule.may_enter(at(text)) for text in ("tue 09:30", "tue 10:30")] == [True, False]


def test_a_period_in_utc_is_compared_with_the_clocks_of_the_house() -> None:
    rule = Rule(valid_from=datetime(2026, 7, 1, 8, 0, tzinfo=UTC))

    assert not rule.may_enter(datetime(2026, 7, 1, 8, 59, tzinfo=LISBON))
    assert rule.may_enter(datetime(2026, 7, 1, 9, 0, tzinfo=LISBON))


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_hours_follow_the_clocks_on_the_days_when_those_change(day: datetime) -> None:
    rule = Rule(hours=read_hours(["sun 09:00-12:00"]))
    minutes = [day + timedelta(minutes=minute) for minute in range(24 * 60)]

    let_in = [minute.astimezone(LISBON) for minute in minutes if rule.may_enter(minute.astimezone(LISBON))]

    assert (f"{let_in[0]:%H:%M}", f"{let_in[-1]:%H:%M}", len(let_in)) == ("09:00", "11:59", 180)


def test_the_hour_that_comes_twice_lets_in_twice() -> None:
    rule = Rule(hours=read_hours(["sun 01:00-02:00"]))
    night = datetime(2026, 10, 25, tzinfo=UTC)

    let_in = [hour for hour in range(4) if rule.may_enter((night + timedelta(hours=hour)).astimezone(LISBON))]

    assert let_in == [0, 1]


# Periods as they are written


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-12-03", "2026-12-03T00:00+00:00", "2026-12-04T00:00+00:00"),
        ("2026-07-03", "2026-07-02T23:00+00:00", "2026-07-03T23:00+00:00"),
        ("2026-03-28", "2026-03-28T00:00+00:00", "2026-03-29T00:00+00:00"),
        ("2026-03-29", "2026-03-29T00:00+00:00", "2026-03-29T23:00+00:00"),
        ("2026-07-03T09:30", "2026-07-03T08:30+00:00", "2026-07-03T08:30+00:00"),
        ("2026-07-03T09:30:00Z", "2026-07-03T09:30+00:00", "2026-07-03T09:30+00:00"),
        ("2026-07-03T09:30+02:00", "2026-07-03T07:30+00:00", "2026-07-03T07:30+00:00"),
    ],
)
def test_a_day_counts_whole_and_a_time_without_zone_is_the_houses(text: str, start: str, end: str) -> None:
    assert read_start(text, LISBON) == datetime.fromisoformat(start)
    assert read_end(text, LISBON) == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    "text", ["", "tomorrow", "2026-13-01", "20261203", "2026-W49-4", "2026-12-03x", "\u0662026-01-01"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(Unfit, match="bad_rule:start"):
        read_start(text, LISBON)
    with pytest.raises(Unfit, match="bad_rule:end"):
        read_end(text, LISBON)


@pytest.mark.parametrize("text", ["0001-01-01", "1999-12-30", "3000-01-02", "9999-12-31"])
@pytest.mark.parametrize("zone", [LISBON, None])
def test_a_day_of_another_age_is_refused(text: str, zone: ZoneInfo | None) -> None:
    for read in (read_start, read_end):
        with pytest.raises(Unfit, match=r"^bad_rule:(start|end)(_year first=2000 last=2999)?$"):
            read(text, zone)


def test_without_a_zone_of_its_own_the_house_has_the_machines() -> None:
    machines = datetime(2026, 7, 3, 9, 30).astimezone(UTC)

    assert read_start("2026-07-03T09:30", None) == machines
    assert write_start(machines, None) == "2026-07-03T09:30"


@given(st.datetimes(datetime(2000, 1, 3), datetime(2998, 12, 30)), st.booleans())  # noqa: DTZ001
def test_a_period_comes_back_from_a_form_as_it_was_shown(moment: datetime, whole_day: bool) -> None:
    local = moment.replace(second=0, microsecond=0, tzinfo=LISBON)
    if whole_day:
        local = local.replace(hour=0, minute=0)
    kept = local.astimezone(UTC)
    if kept.astimezone(LISBON) != local.replace(fold=0) or kept.astimezone(LISBON).fold:
        return  # the clocks skip that time, or have it twice: a form cannot say which

    assert read_start(write_start(kept, LISBON), LISBON) == kept
    assert read_end(write_end(kept, LISBON), LISBON) == kept


def test_no_period_is_shown_as_nothing() -> None:
    assert (write_start(None, LISBON), write_end(None, LISBON)) == ("", "")


# In words


@pytest.mark.parametrize(
    ("hours", "period", "words"),
    [
        ([], ("", ""), "at any time"),
        (["tue 09:00-12:00"], ("", "2026-12-03"), "Tuesdays 9:00 to 12:00, until 3 Dec 2026"),
        (["mon-fri 09:00-17:30"], ("2026-07-01", ""), "Mondays to Fridays 9:00 to 17:30, from 1 Jul 2026"),
        (
            ["mon,wed 08:05-09:00", "sat-sun 10:00-12:00"],
            ("", ""),
            "Mondays and Wednesdays 8:05 to 9:00; Saturdays and Sundays 10:00 to 12:00",
        ),
        (["fri 22:00-02:00"], ("", ""), "Fridays 22:00 to 2:00 the next day"),
        (["fri 22:00-24:00"], ("", ""), "Fridays 22:00 to midnight"),
        (["mon-sun 00:00-24:00"], ("", ""), "every day all day"),
        (
            ["mon,wed-fri,sun 08:00-09:00"],
            ("", ""),
            "Mondays, Wednesdays to Fridays and Sundays 8:00 to 9:00",
        ),
        ([], ("2026-07-01", "2026-07-01"), "from 1 Jul 2026, until 1 Jul 2026"),
        ([], ("2026-07-01T09:30", "2026-07-02T14:00"), "from 1 Jul 2026, 09:30, until 2 Jul 2026, 14:00"),
    ],
)
def test_a_rule_reads_as_people_say_it(hours: list[str], period: tuple[str, str], words: str) -> None:
    start, end = period
    rule = Rule(
        read_start(start, LISBON) if start else None,
        read_end(end, LISBON) if end else None,
        read_hours(hours),
    )

    assert rule.in_words(LISBON) == words
