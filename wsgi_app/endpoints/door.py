"""The door: one photo in, a verdict out, on disk before it is told."""

from datetime import datetime

import msgspec
import structlog
from webob import Response

from wsgi_app.access.doors import Holder
from wsgi_app.access.evidence import VERSION, answer_signature
from wsgi_app.base.errors import Conflict, DatabaseTrouble, TooManyRequests
from wsgi_app.house.judging import Evidence, Judgement, earlier_answer, judge, series_at
from wsgi_app.house.presses import Caller, refuse_stale
from wsgi_app.web.call import Call
from wsgi_app.web.parts import read_burst
from wsgi_app.web.presses import ID_HEADER, read_agreeing, read_press, read_press_id

log = structlog.get_logger("porteiro")

PHOTO_FIELDS = ("file", "file2", "file3")  # the first is judged and kept, the others are of the same moment


def answer(call: Call) -> Response:
    """``POST /``: 200 for somebody known, 404 for everybody else, both with the whole verdict as JSON.

    After many refusals in a row the answers say how long the door waits; 429 refuses what comes before.

    The photo is the multipart field ``file``, or the body by itself; others of its moment may go with it.
    """
    house = call.house
    try:
        caller = _caller(call)
        stored = earlier_answer(house, caller)
        if stored is None:
            house.stores.database.expect_write()
            house.stores.photos.refuse_missing()
            series = series_at(house, caller)  # before the photos are read: who comes too soon costs nothing
            photos = read_burst(call.request, PHOTO_FIELDS, house.config.limits.uploads)
            stored = judge(house, caller, photos, call.steps, series)
    except (Conflict, TooManyRequests) as error:
        house.tally.press_refused(error.code)
        if isinstance(error, TooManyRequests) and caller.press is not None:
            house.stores.tries.spend(caller.press)
        raise
    judgement = _read(stored.body)
    body = stored.body
    if call.holder is not None:
        body = _proven(judgement, stored.digests, caller, call.holder, house.stores.now())
    response = Response(body, status=stored.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if judgement.retry_after_s:
        response.headers["Retry-After"] = str(judgement.retry_after_s)
    if caller.key:
        response.headers[ID_HEADER] = caller.key.key
    return response


def _read(body: bytes) -> Judgement:
    try:
        return msgspec.json.decode(body, type=Judgement)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        log.error("what the door was told cannot be read", why=str(error))  # noqa: TRY400  # once a press
        raise DatabaseTrouble("unavailable:database_damaged") from error


def _proven(judgement: Judgement, digests: str, caller: Caller, holder: Holder, now: datetime) -> bytes:
    """The answer, with what proves to the device whose it is, to which press and which photos, and when."""
    press, at, person = caller.key.key if caller.key else "", now.isoformat(), judgement.person
    stated = {
        "press": press,
        "outcome": judgement.outcome,
        "person": person.id if person else "",
        "name": person.name if person else "",
        "agreed": str(judgement.agreed),
        "digests": digests,
        "retry_after_s": str(judgement.retry_after_s),
        "photos": str(judgement.photos),
        "at": at,
    }
    evidence = Evidence(VERSION, press, at, answer_signature(holder.key, stated))
    return msgspec.json.encode(msgspec.structs.replace(judgement, evidence=evidence))


def _caller(call: Call) -> Caller:
    house, headers, holder = call.house, call.request.headers, call.holder
    if holder is None:
        return Caller.without_token(
            call.request.environ.get("REMOTE_ADDR") or "local", read_press_id(headers)
        )
    press = read_press(headers, holder.device.id, holder.token)
    refuse_stale(press.at, house.stores.now(), house.config.limits.presses.age_s)
    return Caller.with_token(holder.device, press, read_agreeing(headers))
