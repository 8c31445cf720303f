"""The door: one photo in, a verdict out, on disk before it is told."""

import msgspec
from webob import Response

from wsgi_app.access.evidence import signature
from wsgi_app.base.errors import Conflict, TooManyRequests
from wsgi_app.house.judging import Evidence, Judgement, earlier_answer, judge, series_at
from wsgi_app.house.presses import Caller, refuse_stale
from wsgi_app.stores.presses import Press
from wsgi_app.web.call import Call
from wsgi_app.web.parts import read_burst
from wsgi_app.web.presses import ID_HEADER, read_agreeing, read_press, read_press_id

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
            series = series_at(house, caller)  # before the photos are read: who comes too soon costs nothing
            photos = read_burst(call.request, PHOTO_FIELDS, house.config.limits.uploads)
            stored = judge(house, caller, photos, call.steps, series)
    except (Conflict, TooManyRequests) as error:
        house.tally.press_refused(error.code)
        raise
    judgement = msgspec.json.decode(stored.body, type=Judgement)
    body = stored.body if caller.press is None else _proven(judgement, caller.press, call)
    response = Response(body, status=stored.status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if judgement.retry_after_s:
        response.headers["Retry-After"] = str(judgement.retry_after_s)
    if caller.key:
        response.headers[ID_HEADER] = caller.key.key
    return response


def evidence_for(press: Press, outcome: str, at: str) -> Evidence:
    """What proves to the device that it is the server that answers its press, and when."""
    return Evidence(press.id, at, signature(press.key, press.id, outcome, at))


def _proven(judgement: Judgement, press: Press, call: Call) -> bytes:
    evidence = evidence_for(press, judgement.outcome, call.house.stores.now().isoformat())
    return msgspec.json.encode(msgspec.structs.replace(judgement, evidence=evidence))


def _caller(call: Call) -> Caller:
    house, headers, holder = call.house, call.request.headers, call.holder
    if holder is None:
        return Caller.without_token(
            call.request.environ.get("REMOTE_ADDR") or "local", read_press_id(headers)
        )
    press = read_press(headers, holder.device.id, holder.key)
    refuse_stale(press, house.stores.now(), house.config.limits.presses.age_s)
    return Caller.with_token(holder.device, press, read_agreeing(headers))
