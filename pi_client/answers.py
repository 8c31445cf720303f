"""What a reply is worth: which statuses and outcomes count, and what an answer to trust has besides."""

import json
import re
from datetime import datetime
from typing import Any

from pi_client.evidence import VERSION, AnswerProof, ExpectedProof, is_of_now, is_proven
from pi_client.faults import Fault
from pi_client.press import ButtonPress, PressAnswer, PressResult
from pi_client.transport import Reply

JSON = "application/json"
SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)
LONGEST_QUOTE = 60
VERSION_HEADER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)

# The one answer that lets anybody in.
GRANTING_STATUS, GRANTING_WORD = 200, "known"

# Whatever else a server has to say of a photo is a refusal: it may know more outcomes than this device.
REFUSING_STATUS = 404

HEARD_STATUS = 204  # of a heartbeat
# After many refusals in a row the server looks at no photo for a while. Nothing proves that, and it opens
# nothing: whoever could say it falsely could as well keep the answer back.
TOO_SOON = (429, "too_soon")
MOST_WAIT_S = 30.0  # whatever a server says
MOST_PHOTOS = 3

STATUS_FAULTS = {
    401: Fault.TOKEN,
    403: Fault.TOKEN,
    413: Fault.PHOTO_REJECTED,
    415: Fault.PHOTO_REJECTED,
    422: Fault.PHOTO_REJECTED,
    502: Fault.UNREACHABLE,
    503: Fault.UNREACHABLE,
    504: Fault.UNREACHABLE,
}
# An honest press is "replayed" only where the clock was ahead before the machine was started anew.
CODE_FAULTS = {
    (400, "update_device"): Fault.OLD_DEVICE,
    (400, "update_server"): Fault.OLD_SERVER,
    # What this device sends has the right form; it did not come so.
    (400, "press_needed"): Fault.ALTERED,
    (400, "bad_press"): Fault.ALTERED,
    (400, "bad_idempotency_key"): Fault.ALTERED,
    (400, "bad_header"): Fault.ALTERED,
    (400, "bad_form"): Fault.ALTERED,
    (401, "bad_signature"): Fault.SIGNATURE,
    (409, "clock"): Fault.CLOCK,
    (409, "replayed"): Fault.CLOCK,
    (503, "storage_full"): Fault.STORAGE,
    (503, "photos_missing"): Fault.STORAGE,
}
# Said to a door that did prove who it is: the server does not read that proof yet, or the proof did not come.
UNREAD_PROOF = (401, "token_needed")
CLASS_FAULTS = {4: Fault.SERVER_ERROR, 5: Fault.SERVER_ERROR}  # and of any other class: no Porteiro


def judge(reply: Reply, press: ButtonPress, expected: ExpectedProof | None, now: datetime) -> PressAnswer:
    """What a reply means for the press; granted or refused only where nothing about it is in doubt.

    Args:
        reply: as it came.
        press: which the request was about.
        expected: by what it has to be proven; ``None`` for a door without a token.
        now: by the wall clock.
    """
    body = _object(reply)
    if (reply.status, _code(body)) == TOO_SOON:
        wait_s = max(1.0, _bounded(int(reply.retry_after) if SECONDS.fullmatch(reply.retry_after) else 0))
        return PressAnswer(
            press.id, PressResult.TOO_SOON, detail="too_soon", server_ms=reply.ms, wait_s=wait_s
        )
    if reply.status not in (GRANTING_STATUS, REFUSING_STATUS):
        return failed(press, *_error(reply, body, has_token=expected is not None), reply.ms)
    word = body.get("outcome")
    result = _result(reply.status, word) if isinstance(word, str) else None
    if result is None or (body.get("service"), body.get("status")) != ("porteiro", "OK"):
        detail = f"status {reply.status}, {_quoted(reply.content_type)}, outcome {_quoted(word)}"
        return failed(press, Fault.WRONG_SERVER, detail, reply.ms)
    doubt = _is_for(reply, press) if expected is None else _doubt(body, press, expected, now)
    if doubt is not None:
        return failed(press, *doubt, reply.ms)
    if result is PressResult.GRANTED and not _is_agreed(body, press):
        return failed(press, Fault.NOT_AGREED, f"agreed: {_quoted(body.get('agreed'))}", reply.ms)
    return PressAnswer(
        press.id,
        result,
        detail=_plain(str(word)),
        server_ms=reply.ms,
        person=_name(body),
        wait_s=_bounded(body.get("retry_after_s")),
        photos=_photos(body.get("photos")),
    )


def unheard(reply: Reply) -> Fault | None:
    """Why a heartbeat was not heard, or why presses will fail although it was; ``None`` where all is well."""
    if reply.status != HEARD_STATUS:
        return _error(reply, _object(reply), has_token=True)[0]
    return _age(_version(reply))


def _version(reply: Reply) -> int:
    """Which evidence the server knows, by its header; the first version is that of those without one."""
    return int(reply.evidence) if VERSION_HEADER.fullmatch(reply.evidence) else 1


def _result(status: int, word: str) -> PressResult | None:
    """What status and outcome together say; ``None`` for a doubt."""
    if (status, word) == (GRANTING_STATUS, GRANTING_WORD):
        return PressResult.GRANTED
    return PressResult.REFUSED if status == REFUSING_STATUS and word not in ("", GRANTING_WORD) else None


def _is_agreed(body: dict[str, Any], press: ButtonPress) -> bool:
    """Whether as many photos know whoever is let in as the door asked for; a server may not say, of one."""
    agreed = body.get("agreed", 1)
    return type(agreed) is int and agreed >= press.agreeing


def _bounded(wait_s: object) -> float:
    """Seconds that a door waits, of whatever a server says: none for what is no number of them."""
    return min(float(wait_s), MOST_WAIT_S) if type(wait_s) is int and 0 < wait_s < 10**9 else 0.0


def _photos(number: object) -> int:
    return number if type(number) is int and 1 <= number <= MOST_PHOTOS else 0


def _name(body: dict[str, Any]) -> str:
    name = _of_person(body, "name")
    return _quoted(name) if name else ""


def _of_person(body: dict[str, Any], field: str) -> str:
    person = body.get("person")
    text = person.get(field) if isinstance(person, dict) else None
    return text if isinstance(text, str) else ""


def failed(press: ButtonPress, fault: Fault, detail: str, server_ms: float = 0.0) -> PressAnswer:
    """No answer to trust."""
    return PressAnswer(press.id, PressResult.FAILED, fault, detail, server_ms)


def _object(reply: Reply) -> dict[str, Any]:
    """The JSON object that came; empty where none did."""
    if reply.content_type != JSON:
        return {}
    try:
        value = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _code(body: dict[str, Any]) -> object:
    error = body.get("error")
    return error.get("code") if isinstance(error, dict) else None


def _error(reply: Reply, body: dict[str, Any], *, has_token: bool) -> tuple[Fault, str]:
    code = _code(body)
    fault = CODE_FAULTS.get((reply.status, code)) if isinstance(code, str) else None
    if has_token and (reply.status, code) == UNREAD_PROOF:
        fault = Fault.OLD_SERVER if _version(reply) < VERSION else Fault.ALTERED
    by_class = CLASS_FAULTS.get(reply.status // 100, Fault.WRONG_SERVER)
    detail = f"status {reply.status}" + (f", {_quoted(code)}" if code else "")
    return fault or STATUS_FAULTS.get(reply.status, by_class), detail


def _is_for(reply: Reply, press: ButtonPress) -> tuple[Fault, str] | None:
    if reply.key == press.id:
        return None
    return Fault.UNPROVEN, f"the answer is for the press {_quoted(reply.key)}"


def _doubt(
    body: dict[str, Any], press: ButtonPress, expected: ExpectedProof, now: datetime
) -> tuple[Fault, str] | None:
    evidence = _evidence(body)
    if evidence is None:
        return Fault.UNPROVEN, "the answer has no evidence"
    version = body["evidence"].get("version", 1)
    age = _age(version) if type(version) is int else Fault.UNPROVEN  # true is an int as well
    if age is not None:
        return age, f"the evidence is of version {_quoted(version)}, here it is {VERSION}"
    if not is_proven(evidence, expected.key, press.id, _stated(body, expected)):
        return Fault.UNPROVEN, "the signature is not that of the server for this press and its photos"
    if not is_of_now(evidence, press.at, now):
        return Fault.CLOCK, f"the server's time is {_quoted(evidence.at)}, here it is {now.isoformat()}"
    return None


def _stated(body: dict[str, Any], expected: ExpectedProof) -> dict[str, str]:
    """What the answer states, but for press and time, of which the evidence has its own."""
    return {
        "outcome": body["outcome"],
        "person": _of_person(body, "id"),
        "name": _of_person(body, "name"),
        "agreed": _number(body, "agreed"),
        "digests": expected.digests,
        "retry_after_s": _number(body, "retry_after_s"),
        "photos": _number(body, "photos"),
    }


def _number(body: dict[str, Any], field: str) -> str:
    number = body.get(field)
    return str(number) if type(number) is int else ""


def _age(version: int) -> Fault | None:
    """Which of the two is of an earlier release, by the version of what the server signs."""
    if version == VERSION:
        return None
    return Fault.OLD_SERVER if version < VERSION else Fault.OLD_DEVICE


def _evidence(body: dict[str, Any]) -> AnswerProof | None:
    evidence = body.get("evidence")
    if not isinstance(evidence, dict):
        return None
    texts = {name: evidence.get(name) for name in ("press", "at", "signature")}
    plain = {name: text for name, text in texts.items() if isinstance(text, str) and text.isascii()}
    return AnswerProof(**plain) if plain.keys() == texts.keys() else None


def _plain(word: str) -> str:
    """An outcome's word as the log has it: a server's own are as they are."""
    return ascii(word)[1:-1][:LONGEST_QUOTE]


def _quoted(text: object) -> str:
    # A stranger's words: shortened, with nothing in them that a terminal obeys.
    return ascii(text)[:LONGEST_QUOTE]
