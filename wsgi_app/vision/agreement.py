"""One verdict of several photos of the same moment."""

from collections.abc import Iterable
from dataclasses import replace

from wsgi_app.base.outcomes import Outcome, Reason
from wsgi_app.vision.verdicts import Verdict


def agreed(first: Verdict, others: Iterable[Verdict], needed: int) -> Verdict:
    """The first photo's verdict, with somebody known only where enough photos know the same person.

    The others are looked at only as far as they are needed, and one that knows somebody else settles it.

    Args:
        first: of the photo that is kept.
        others: of the photos after it, made as they are asked for.
        needed: how many must agree, the first among them.
    """
    if first.outcome is not Outcome.KNOWN:
        return first
    agreeing, remaining = 1, iter(others)
    while agreeing < needed:
        other = next(remaining, None)
        if other is None or other.person not in (None, first.person):
            return replace(first, outcome=Outcome.UNKNOWN, person=None, reason=Reason.NOT_AGREED)
        agreeing += other.person == first.person
    return first
