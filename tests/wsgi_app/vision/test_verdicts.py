"""Why somebody is refused who is like enough."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.vision.match import Match
from wsgi_app.vision.verdicts import Policy, Verdict, agreed, needed_score, refusal

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
        (Match("bruno", 0.75, 0.6, 0.55), Reason.UNCLEAR),  # what is like enough is refused for that alone
    ],
)
def test_a_refusal_has_a_reason_where_somebody_is_like_enough(found: Match, reason: Reason | None) -> None:
    assert refusal(found, POLICY) is reason


def test_a_face_with_which_something_is_wrong_has_to_be_liker() -> None:
    assert needed_score(POLICY, unclear=False) == 0.5
    assert needed_score(POLICY, unclear=True) == pytest.approx(0.6)


def test_nobody_to_compare_with_is_a_reason_for_nothing_even_without_a_threshold() -> None:
    assert refusal(Match(None, 0.0, -1.0), Policy(threshold=-1.0, margin=0.0)) is not Reason.MARGIN


ANA = Verdict(Outcome.KNOWN, person="ana", score=0.9)
ANA_AGAIN = Verdict(Outcome.KNOWN, person="ana", score=0.8)
BRUNO = Verdict(Outcome.KNOWN, person="bruno", score=0.9)
STRANGER = Verdict(Outcome.UNKNOWN, score=0.2)
NOBODY = Verdict(Outcome.NO_FACE)
NOT_SURE = Verdict(
    Outcome.UNKNOWN, score=0.9, reason=Reason.NOT_AGREED
)  # what is left of Ana's verdict without agreement
TOO_FEW = replace(NOT_SURE, reason=Reason.FEW_PHOTOS)


@pytest.mark.parametrize(
    ("needed", "others", "verdict"),
    [
        (1, [], ANA),
        (1, [BRUNO], ANA),
        (2, [ANA_AGAIN], ANA),
        (2, [], TOO_FEW),
        (2, [BRUNO], NOT_SURE),
        (2, [STRANGER], NOT_SURE),
        (2, [NOBODY, ANA_AGAIN], ANA),
        (2, [BRUNO, ANA_AGAIN], NOT_SURE),
        (3, [ANA_AGAIN, ANA_AGAIN], ANA),
        (3, [ANA_AGAIN], TOO_FEW),
        (3, [ANA_AGAIN, NOBODY], NOT_SURE),
        (3, [ANA_AGAIN, BRUNO], NOT_SURE),
    ],
)
def test_somebody_is_known_where_enough_photos_know_them(
    needed: int, others: list[Verdict], verdict: Verdict
) -> None:
    assert agreed(ANA, others, needed) == verdict


@pytest.mark.parametrize("first", [STRANGER, NOBODY])
@pytest.mark.parametrize("needed", [1, 2, 3])
def test_whom_the_first_photo_does_not_know_no_other_makes_known(first: Verdict, needed: int) -> None:
    assert agreed(first, [ANA, ANA_AGAIN], needed) == first


@pytest.mark.parametrize(
    ("first", "needed", "looked_at"), [(ANA, 1, 0), (ANA, 2, 1), (ANA, 3, 2), (STRANGER, 3, 0)]
)
def test_no_more_photos_are_looked_at_than_are_needed(first: Verdict, needed: int, looked_at: int) -> None:
    looks: list[Verdict] = []

    def others() -> Iterator[Verdict]:
        for verdict in (ANA_AGAIN, ANA_AGAIN):
            looks.append(verdict)
            yield verdict

    assert agreed(first, others(), needed) == first
    assert len(looks) == looked_at
