"""Why somebody is refused who is like enough."""

import pytest

from wsgi_app.base.outcomes import Reason
from wsgi_app.vision.match import Match
from wsgi_app.vision.verdicts import Policy, refusal

POLICY = Policy(threshold=0.5, margin=0.1)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (Match("ana", 0.4, 0.3), None),
        (Match(None, 0.0, -1.0), None),
        (Match("ana", 0.6, 0.55), Reason.MARGIN),
        (Match("bruno", 0.2, 0.9, 0.9), Reason.BARRED),
        (Match("bruno", 0.6, 0.9, 0.9), Reason.BARRED),
        (Match(None, 0.0, -1.0, 0.9), Reason.BARRED),
        (Match(None, 0.0, -1.0, 0.4), None),
        (Match("bruno", 0.7, 0.65, 0.55), Reason.MARGIN),
    ],
)
def test_a_refusal_has_a_reason_where_somebody_is_like_enough(found: Match, reason: Reason | None) -> None:
    assert refusal(found, POLICY) is reason


def test_nobody_to_compare_with_is_a_reason_for_nothing_even_without_a_threshold() -> None:
    assert refusal(Match(None, 0.0, -1.0), Policy(threshold=-1.0, margin=0.0)) is not Reason.MARGIN
