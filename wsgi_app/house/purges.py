"""Whether the house forgets now: `porteiro purge`, which uWSGI's cron calls every hour.

What is removed never comes back, and a wrong clock or setting would remove everything: where there is doubt,
nothing is removed until an owner approves it, or the reason is gone.
"""

from datetime import timedelta

import structlog

from wsgi_app.base.clocks import Clocks
from wsgi_app.base.config import Config
from wsgi_app.base.errors import Conflict
from wsgi_app.base.purges import HoldReason
from wsgi_app.house import retention
from wsgi_app.stores import retention as kinds
from wsgi_app.stores.purges import PurgeDoubt, PurgeState
from wsgi_app.stores.stores import Stores

JUMP = timedelta(hours=1)  # by which the time of day and what has passed may differ between two purges
SETTLED = timedelta(minutes=10)  # after its start a machine without a clock has its time from the network
MANY_VISITS, MOST = 20, 0.5  # so many, and more than that share of all, go only if an owner says so

log = structlog.get_logger("porteiro")


def purge(stores: Stores, config: Config, clocks: Clocks, *, approved: bool = False) -> dict[str, int]:
    """Remove what is too old, unless there is doubt; how much of each kind it was.

    Args:
        stores: from which.
        config: how long is kept what.
        clocks: as they are now.
        approved: whether whoever calls it approves it.

    Raises:
        Conflict: there is doubt, and nobody has approved it yet; nothing at all is removed then.
        StorageTrouble: as ``retention.purge``.
    """
    state = stores.purges.state()
    hold, doubt = state.hold, find_doubt(stores, config, clocks, state)
    if doubt is not None:
        with stores.database.write():
            hold = stores.purges.hold(doubt)
            if approved:
                hold = stores.purges.approve()
        if state.hold is None or state.hold.doubt.reason is not doubt.reason:
            log.warning("the purge waits until an owner approves it", **_in_short(doubt))
        if hold.approved_by is None:
            raise refusal(doubt)
    counts = retention.purge(stores, config, clocks.at)
    is_told_right = approved or doubt is not None
    stores.purges.finish(hold, clocks if is_told_right or clocks.uptime >= SETTLED else None)
    if hold is not None:
        log.warning("the purge that waited has gone on", **_in_short(hold.doubt))
    return counts


def find_doubt(stores: Stores, config: Config, clocks: Clocks, state: PurgeState) -> PurgeDoubt | None:
    """What makes one doubt a purge at a moment; ``None`` for nothing."""
    horizons, kept = retention.horizons(config, clocks.at), stores.retention
    counts = {kind.name: kept.count(kind, before) for kind, before in horizons.items()}
    visits = counts[kinds.LET_IN.name] + counts[kinds.OTHERS.name]
    is_borne_out, last = _is_borne_out(clocks, state), kept.last_visit()
    if state.hold is not None:
        up_to = state.hold.doubt.newest
    else:
        up_to = last if is_borne_out else kept.last_visit(clocks.started) or last
    newest = kept.newest_visit(clocks.at, up_to)
    is_old = newest is not None and newest < min(horizons[kinds.LET_IN], horizons[kinds.OTHERS])
    if _has_jumped(clocks, state):
        reason = HoldReason.CLOCK_JUMPED
    elif is_old and not is_borne_out:
        reason = HoldReason.ALL_OLD
    elif visits >= MANY_VISITS and visits > MOST * kept.count_visits(up_to):
        reason = HoldReason.MOST_VISITS
    else:
        return None
    return PurgeDoubt(reason, visits, kept.count_visits(last), counts, up_to)


def refusal(doubt: PurgeDoubt) -> Conflict:
    """A doubt as the error that says it."""
    match doubt.reason:
        case HoldReason.CLOCK_JUMPED:
            return Conflict("purge_held:clock_jumped", visits=doubt.visits, of=doubt.of)
        case HoldReason.ALL_OLD:
            return Conflict("purge_held:all_old", visits=doubt.visits, of=doubt.of)
        case HoldReason.MOST_VISITS:
            return Conflict("purge_held:most_visits", visits=doubt.visits, of=doubt.of)


def _is_borne_out(clocks: Clocks, state: PurgeState) -> bool:
    drift = None if state.last is None else clocks.drift(state.last)
    return drift is not None and abs(drift) <= JUMP


def _has_jumped(clocks: Clocks, state: PurgeState) -> bool:
    last, hold = state.last, state.hold
    if last is None:
        return False
    drift = clocks.drift(last)
    if drift is not None:
        return abs(drift) > JUMP
    # The machine was started anew. How long it was off is not known; but a clock that had jumped and is still
    # where it went, or further, is not known to be right by that.
    if hold is None or hold.doubt.reason is not HoldReason.CLOCK_JUMPED:
        return False
    return clocks.at < last.at or last.at < hold.since <= clocks.at


def _in_short(doubt: PurgeDoubt) -> dict[str, str | int]:
    return {"reason": str(doubt.reason), "visits": doubt.visits, "of": doubt.of}
