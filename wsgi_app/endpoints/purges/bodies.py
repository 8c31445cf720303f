"""A purge that waits, as clients see it."""

from datetime import datetime

import msgspec

from wsgi_app.base.purges import HoldReason
from wsgi_app.base.sentences import Place
from wsgi_app.house.purges import refusal
from wsgi_app.house.words.errors import sentence
from wsgi_app.stores.purges import Hold


class HeldPurge(msgspec.Struct):
    """A purge that waits.

    Attributes:
        reason: why.
        message: the same in words.
        since: when it began to, by the time of day then.
        visits: how many would go.
        of: so many.
        removes: how much of each kind would go, where it is any.
        approved_by: who said that it may go on, within the hour; ``null`` for nobody yet.
    """

    reason: HoldReason
    message: str
    since: datetime
    visits: int
    of: int
    removes: dict[str, int]
    approved_by: str | None


def held_purge(hold: Hold, place: Place) -> HeldPurge:
    """A purge that waits, as it is told somewhere."""
    doubt = hold.doubt
    return HeldPurge(
        reason=doubt.reason,
        message=sentence(refusal(doubt), place),
        since=hold.since,
        visits=doubt.visits,
        of=doubt.of,
        removes={name: count for name, count in doubt.counts.items() if count},
        approved_by=hold.approved_by,
    )
