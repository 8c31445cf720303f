import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wsgi_app.base.counters import LATENCY_BUCKETS_S, ProcessCounters, Tally, shared_counters

ENDPOINTS = ("door.answer", "people.index", "unrouted")


@pytest.fixture
def tally() -> Tally:
    return Tally(ProcessCounters())


def test_outside_uwsgi_the_counters_belong_to_the_process() -> None:
    assert isinstance(shared_counters(), ProcessCounters)


def test_a_fresh_tally_has_counted_nothing(tally: Tally) -> None:
    totals = tally.read()
    assert (totals.requests, totals.outcomes, totals.images, totals.latency) == ({}, {}, {}, {})


def test_requests_are_counted_by_endpoint_and_status(tally: Tally) -> None:
    for endpoint, status in [("people.index", 200), ("door.answer", 404), ("door.answer", 200)] * 2:
        tally.request(endpoint, status, 0.02)
    tally.request("door.answer", 200, 0.02)
    totals = tally.read()
    assert totals.requests == {
        ("door.answer", "200"): 3,
        ("door.answer", "404"): 2,
        ("people.index", "200"): 2,
    }
    assert list(totals.requests) == sorted(totals.requests)


def test_outcomes_are_counted_by_their_name_and_come_in_order(tally: Tally) -> None:
    for outcome in ("unknown", "known", "no_face", "known"):
        tally.outcome(outcome)
    assert list(tally.read().outcomes.items()) == [("known", 2), ("no_face", 1), ("unknown", 1)]


def test_images_are_counted_by_the_form_in_which_they_came(tally: Tally) -> None:
    for form in ("binary", "base64", "binary"):
        tally.image(form)
    assert list(tally.read().images.items()) == [("base64", 1), ("binary", 2)]


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (5.1, 10), (3600.0, 10)]
    + [(bound, number) for number, bound in enumerate(LATENCY_BUCKETS_S)]
    + [(bound + 1e-6, number + 1) for number, bound in enumerate(LATENCY_BUCKETS_S)],
)
def test_a_duration_falls_into_the_first_bucket_that_holds_it_edge_included(
    tally: Tally, seconds: float, bucket: int
) -> None:
    tally.request("door.answer", 200, seconds)
    counts = [0] * 11
    counts[bucket] = 1
    assert tally.read().latency == {"door.answer": (counts, round(seconds, 6))}


def test_durations_are_summed_for_each_endpoint_over_all_statuses(tally: Tally) -> None:
    tally.request("door.answer", 200, 0.003)
    tally.request("door.answer", 404, 0.2)
    tally.request("people.index", 200, 0.0000004)
    assert tally.read().latency == {
        "door.answer": ([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], 0.203),
        "people.index": ([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0.0),
    }


def test_a_reading_does_not_change_with_later_counts(tally: Tally) -> None:
    tally.outcome("known")
    totals = tally.read()
    tally.outcome("known")
    assert totals.outcomes == {"known": 1}


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ENDPOINTS), st.sampled_from([200, 404, 503]), st.floats(0, 100))))
def test_every_request_is_in_one_bucket_and_under_one_status(calls: list[tuple[str, int, float]]) -> None:
    tally = Tally(ProcessCounters())
    for endpoint, status, seconds in calls:
        tally.request(endpoint, status, seconds)
    totals = tally.read()
    for endpoint in ENDPOINTS:
        made = [seconds for name, _, seconds in calls if name == endpoint]
        counts, total_s = totals.latency.get(endpoint, ([], 0.0))
        assert sum(counts) == len(made)
        assert sum(count for (name, _), count in totals.requests.items() if name == endpoint) == len(made)
        assert total_s == pytest.approx(sum(made), abs=1e-6 * (len(made) + 1))
