"""Every outcome of a press, from the server's enumeration through all that says, lists or judges it."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from pi_client import lamps
from pi_client.answers import judge
from pi_client.evidence import ExpectedProof
from pi_client.faults import Fault
from pi_client.press import ButtonPress, PressAnswer, PressResult
from pi_client.transport import Reply
from tests.doors import Door, add_door
from tests.pi_client.asking import AT, NOW, PHOTO, TOKEN, asking, press_now
from tests.pi_client.doors import Stage
from tests.pi_client.hostile_server import HostileServer, Porteiro, evidence_of
from tests.servers import Answer, InProcessServer, Server
from wsgi_app.access.evidence import photo_digests, signing_key
from wsgi_app.base.outcomes import Outcome
from wsgi_app.house.words.pages import OUTCOMES, TALLIES, TITLES
from wsgi_app.stores.stores import Stores
from wsgi_app.vision.pipeline import Pipeline
from wsgi_app.vision.verdicts import Verdict

TOMORROW = "an_outcome_of_tomorrow"
README = Path(__file__).parents[2] / "README.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\d{3}) \|", re.MULTILINE)

# What each outcome is answered with, and what a door does with that.
STATUSES = {outcome: 200 if outcome is Outcome.KNOWN else 404 for outcome in Outcome}
each_outcome = pytest.mark.parametrize("outcome", Outcome)


def expected_of(outcome: Outcome) -> PressResult:
    return PressResult.GRANTED if outcome is Outcome.KNOWN else PressResult.REFUSED


# The server: its answers, its pages, its documents


@each_outcome
def test_a_door_is_answered_by_every_outcome_and_judges_it(
    outcome: Outcome,
    server: InProcessServer,
    stores: Stores,
    photo: Callable[[str], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pipeline, "judge", lambda *_, **__: Verdict(outcome))
    door = add_door(server, stores)
    headers = door.press()

    answer = door.rings(photo("nobody-1"), headers)

    assert (answer.status, answer.json["outcome"]) == (STATUSES[outcome], outcome)
    judged = judged_at(door, headers, answer, photo("nobody-1"))
    assert (judged.result, judged.detail) == (expected_of(outcome), outcome)


def judged_at(door: Door, headers: dict[str, str], answer: Answer, photo: bytes) -> PressAnswer:
    """What the device makes of an answer of the server."""
    pressed_at = datetime.fromisoformat(headers["Porteiro-Pressed-At"])
    press = ButtonPress(headers["Idempotency-Key"], 1.0, pressed_at, deadline_s=11.0)
    kind, key = answer.headers["Content-Type"], answer.headers["Idempotency-Key"]
    reply = Reply(answer.status, kind, key, answer.body, ms=1.0)
    return judge(reply, press, ExpectedProof(signing_key(door.token), photo_digests([photo])), door.now())


@each_outcome
def test_every_outcome_has_its_words_and_is_counted_once(outcome: Outcome) -> None:
    assert (outcome in OUTCOMES, outcome in TITLES) == (True, True)
    assert [outcome in together for *_, together in TALLIES].count(True) == 1


def test_visits_can_be_asked_for_by_every_outcome_and_no_other(any_server: Server) -> None:
    statuses = {
        word: any_server.ask("GET", f"/visits?outcome={word}").status for word in (*Outcome, TOMORROW)
    }

    assert statuses.pop(TOMORROW) == 400
    assert statuses == dict.fromkeys(map(str, Outcome), 200)


def test_the_description_for_programs_lists_every_outcome(any_server: Server) -> None:
    parameters = any_server.ask("GET", "/openapi.json").json["paths"]["/visits"]["get"]["parameters"]
    (listed,) = [one["schema"]["enum"] for one in parameters if one["name"] == "outcome"]

    assert sorted(listed) == sorted(Outcome)


def test_the_readme_lists_every_outcome_with_its_status() -> None:
    listed = ROW.findall(README.read_text(encoding="utf-8"))

    assert sorted(listed) == sorted((str(outcome), str(status)) for outcome, status in STATUSES.items())


# The device: a word that it has never heard is refused, and never let in


@each_outcome
@pytest.mark.parametrize("status", [200, 404])
def test_a_device_takes_each_outcome_by_its_own_status_alone(outcome: Outcome, status: int) -> None:
    expected = expected_of(outcome) if status == STATUSES[outcome] else PressResult.FAILED

    assert judged(outcome, status).result is expected


def judged(word: str, status: int) -> PressAnswer:
    """What the device makes of a word that a server has signed for this very press."""
    press, key = ButtonPress("press-1", at_s=100.0, at=NOW, deadline_s=110.0), signing_key(TOKEN)
    body: dict[str, object] = {"service": "porteiro", "status": "OK", "outcome": word}
    body["evidence"] = evidence_of(key, press.id, "", AT, body)
    reply = Reply(status, "application/json", press.id, json.dumps(body).encode(), ms=1.0)
    return judge(reply, press, ExpectedProof(key, ""), NOW)


@pytest.mark.parametrize(
    ("status", "result", "fault", "pattern"),
    [
        (404, PressResult.REFUSED, None, lamps.REFUSED),
        (200, PressResult.FAILED, Fault.WRONG_SERVER, lamps.MISCONFIGURED),
    ],
)
def test_an_outcome_of_tomorrow_is_red_with_404_and_a_fault_with_200(
    status: int, result: PressResult, fault: Fault | None, pattern: lamps.Pattern
) -> None:
    assert TOMORROW not in set(Outcome)
    with (
        HostileServer((Porteiro(TOMORROW, AT, TOKEN, status=status),)) as tomorrow,
        asking(tomorrow.url) as server,
    ):
        answer = server.ask(press_now(), (PHOTO,))
    stage = Stage().ready()
    stage.inbox.put(replace(answer, press=stage.asking()))
    stage.turn()
    stage.relay.stop()

    assert (answer.result, answer.fault) == (result, fault)
    assert (stage.door.pattern, stage.relay.pulses) == (pattern, 0)
