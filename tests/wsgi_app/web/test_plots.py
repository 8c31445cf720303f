import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_app.web.plots import LEAST_BAR, Axis, Bar, Mirror, Tick, mirror

AXIS = Axis(-0.2, 1.0, 560.0)


def test_two_histograms_stand_on_and_hang_from_one_axis() -> None:
    axis = Axis(0.0, 1.0, 40.0)

    plot = mirror(axis, 100.0, ([0, 1, 2, 4], [10, 0, 0, 0]))

    assert plot == Mirror(
        axis,
        100.0,
        standing=[
            Bar(x=10.0, y=75.0, width=9.0, height=25.0),
            Bar(x=20.0, y=50.0, width=9.0, height=50.0),
            Bar(x=30.0, y=0.0, width=9.0, height=100.0),
        ],
        hanging=[Bar(x=0.0, y=100.0, width=9.0, height=100.0)],
    )


def test_one_among_thousands_can_be_seen() -> None:
    plot = mirror(AXIS, 100.0, ([1, 9999], [0, 0]))
    assert [bar.height for bar in plot.standing] == [LEAST_BAR, 100.0]
    assert plot.hanging == []


@pytest.mark.parametrize(("value", "x"), [(-0.2, 0), (0.4, 280), (1.0, 560), (-0.9, 0), (1.1, 560)])
def test_a_value_lies_on_the_axis_at_its_ends_at_most(value: float, x: float) -> None:
    assert AXIS.place(value) == x


def test_ticks_are_at_even_distances_with_a_plain_zero() -> None:
    assert AXIS.ticks(7) == [
        Tick(0.0, "-0.2"),
        Tick(93.3, "0.0"),
        Tick(186.7, "0.2"),
        Tick(280.0, "0.4"),
        Tick(373.3, "0.6"),
        Tick(466.7, "0.8"),
        Tick(560.0, "1.0"),
    ]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), min_size=1, max_size=60))
def test_nothing_is_drawn_outside(counts: list[tuple[int, int]]) -> None:
    plot = mirror(AXIS, 100.0, ([each[0] for each in counts], [each[1] for each in counts]))
    assert len(plot.standing) == sum(each[0] > 0 for each in counts)
    for bar in (*plot.standing, *plot.hanging):
        assert 0 <= bar.x < bar.x + bar.width <= AXIS.width
        assert 0 <= bar.y < bar.y + bar.height <= 200.0
