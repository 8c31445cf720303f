"""Answering a door while no disk has room for its visits: nobody is let in on a doubt."""

from contextlib import nullcontext, suppress

import structlog

from wsgi_app.base.errors import StorageFull, Unavailable
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.house import House
from wsgi_app.house.presses import Caller
from wsgi_app.stores.tries import refuse_too_soon
from wsgi_app.stores.visits import Answer, StoredAnswer, Visit

log = structlog.get_logger("porteiro")


def answer_unkept(
    house: House, caller: Caller, visit: Visit, answer: Answer, generation: int
) -> StoredAnswer:
    """What a door is told of a press whose visit no disk has room for; the log is told of the visit.

    Nobody is let in unless the settings say so, and where too many were refused at that door before, nobody.

    Args:
        house: whose stores, to be read.
        caller: the door that asks.
        visit: as it would be kept.
        answer: what the door is told.
        generation: of the gallery that the visit was judged by.

    Raises:
        StorageFull: somebody would be let in, and is not.
        Unavailable: likewise, as the gallery was changed meanwhile.
        Conflict, Forbidden, TooManyRequests: as ``VisitStore.add`` says.
    """
    stores, rule = house.stores, house.config.try_rule
    earlier = stores.visits.answer(caller.key) if caller.key else None
    if earlier is not None:
        return earlier
    series = stores.tries.at(caller.door, rule) if rule.tries else None
    refuse_too_soon(series, rule, stores.now())
    if caller.press is not None:
        stores.visits.refuse_press(caller.press)
    known, told = visit.outcome is Outcome.KNOWN, answer.after(series)
    opens = known and house.config.open_unkept
    log.warning(
        "a visit is not kept",
        visit=visit.id,
        door=str(visit.door),
        outcome=str(visit.outcome),
        person=visit.person_id or "",
        opens=opens,
    )
    if known and not opens:
        raise StorageFull("storage_full")
    if opens and stores.gallery.generation() != generation:
        raise Unavailable("unavailable:gallery")
    if house.config.open_unkept:
        with nullcontext() if opens else suppress(StorageFull):
            told = house.unkept.keep(
                caller.door, caller.key, caller.press, (told, visit.at), rule.tries, opens=opens
            )
    return told
