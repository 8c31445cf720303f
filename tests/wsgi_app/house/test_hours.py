import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.base.errors import Unfit
from wsgi_app.base.sentences import Place
from wsgi_app.house.hours import DAY_CHOICES, MOST_ROWS, Hours, read_hours
from wsgi_app.house.words.errors import sentence


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["tue 09:00-12:00"], ["tue 09:00-12:00"]),
        (["TUE 9:00-12:00"], ["tue 09:00-12:00"]),
        (["mon-fri 09:00-17:30", "sat 10:00-12:00"], ["mon-fri 09:00-17:30", "sat 10:00-12:00"]),
        (["mon,wed,thu 09:00-17:30"], ["mon,wed-thu 09:00-17:30"]),
        (["fri-mon 09:00-10:00"], ["mon,fri-sun 09:00-10:00"]),
        (["tue,tue,mon 09:00-10:00"], ["mon-tue 09:00-10:00"]),
        (["sat 22:00-02:00"], ["sat 22:00-02:00"]),
        (["sat 22:00-24:00"], ["sat 22:00-00:00"]),
        (["sat 00:00-24:00"], ["sat 00:00-00:00"]),
        (
            ["tue", "09:00", "12:00", "", "", "", "fri", "13:00", "14:00"],
            ["tue 09:00-12:00", "fri 13:00-14:00"],
        ),
        (["", "", ""], []),
        ([], []),
        (["sun 09:00-10:00"] * MOST_ROWS, ["sun 09:00-10:00"] * MOST_ROWS),
    ],
)
def test_hours_are_read_and_written_in_one_way(texts: list[str], kept: list[str]) -> None:
    assert [str(hours) for hours in read_hours(texts)] == kept


WRITTEN = "each row of hours is written as tue 09:00-12:00"
DAYS_WRITTEN = "days are written as mon, tue, wed, thu, fri, sat, sun, mon-fri or mon,thu"
TIMES_WRITTEN = "times are written from 00:00 to 24:00"
BOTH = "both times are needed, such as 09:00 and 12:00"
DIFFERENT = "hours begin and end at different times; a whole day is 00:00-24:00"


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (["tue"], WRITTEN),
        (["tue 09:00"], WRITTEN),
        (["tue", "09:00", ""], f"for Tuesdays {BOTH}"),
        (["mon-fri", "", "12:00", "", "", ""], f"for Mondays to Fridays {BOTH}"),
        (["", "", "", "mon-sun", "", ""], f"for every day {BOTH}"),
        (["", "09:00", "12:00"], "for 09:00 a day is needed"),
        (["every tuesday from nine to twelve"], TIMES_WRITTEN),
        (["tuesday 09:00-12:00"], DAYS_WRITTEN),
        (["tue- 09:00-12:00"], DAYS_WRITTEN),
        (["mon-tue-wed 09:00-12:00"], DAYS_WRITTEN),
        ([", 09:00-12:00"], DAYS_WRITTEN),
        (["tue 9-12"], TIMES_WRITTEN),
        (["tue 09:60-12:00"], TIMES_WRITTEN),
        (["tue 09:00-24:01"], TIMES_WRITTEN),
        (["tue 09:00-99:00"], TIMES_WRITTEN),
        (["tue \u0660\u0669:\u0660\u0660 12:00"], TIMES_WRITTEN),
        (["tue 09:00-09:00"], DIFFERENT),
        (["tue 24:00-09:00"], DIFFERENT),
        (["sun 09:00-10:00"] * (MOST_ROWS + 1), "there are at most 21 rows of hours"),
    ],
)
def test_hours_that_cannot_be_read_say_how_to_write_them(texts: list[str], why: str) -> None:
    with pytest.raises(Unfit) as refused:
        read_hours(texts)

    assert sentence(refused.value, Place.API) == f"These cannot be hours: {why}."


@given(
    st.lists(
        st.tuples(st.sets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(0, 1439)).filter(
            lambda row: row[1] != row[2] or row[1] == 0
        ),
        max_size=MOST_ROWS,
    )
)
def test_all_hours_come_back_as_they_were_written(rows: list[tuple[set[int], int, int]]) -> None:
    hours = tuple(Hours(tuple(sorted(days)), start, end) for days, start, end in rows)

    assert read_hours([str(row) for row in hours]) == hours
    fields = [word for row in hours for word in (row.days_text, row.start_text, row.end_text)]
    assert read_hours(fields) == hours


@given(st.lists(st.text(max_size=40), max_size=5))
def test_no_text_does_more_than_be_refused(texts: list[str]) -> None:
    try:
        read_hours(texts)
    except Unfit as error:
        assert error.code == "bad_rule"  # noqa: PT017


def test_every_choice_of_a_form_can_be_read() -> None:
    for days, words in DAY_CHOICES.items():
        (row,) = read_hours([days, "09:00", "10:00"])
        assert (row.days_text, row.days_in_words) == (days, words)
