"""The real device and the real server with somebody between them, who also has a copy of the database.

Whatever that one makes of it, the door stays closed.
"""

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pi_client.evidence import derived, photo_digests, signed_headers
from pi_client.faults import Fault
from pi_client.press import ButtonPress, PressAnswer, PressResult
from pi_client.press import Clock as Clocks
from tests.conftest import Clock
from tests.doors import Door
from tests.pi_client.asking import asking
from tests.pi_client.hostile_server import HostileServer, Request, Talk, evidence_of, response
from tests.servers import Answer, InProcessServer, enrolled, form, post_json
from wsgi_app.access.evidence import SIGNING, door_token, signing_key, token_key

Photo = Callable[[str], bytes]
Body = dict[str, Any]
GRANTED, REFUSED, FAILED = PressResult.GRANTED, PressResult.REFUSED, PressResult.FAILED


@dataclass
class Between:
    """Somebody between a device and the server: reads all, and changes what he likes.

    Attributes:
        server: the real one.
        request: what he makes of a request before it goes on.
        answer: what he makes of the answer.
        status: his own of HTTP; 0 for the server's.
        seen: what came by.
    """

    server: InProcessServer
    request: Callable[[Request], Request] = lambda request: request
    answer: Callable[[Body], Body] = lambda body: body
    status: int = 0
    seen: list[tuple[Request, Answer]] = field(default_factory=list)

    def __call__(self, talk: Talk) -> None:
        """Pass a request on and an answer back."""
        sent = self.request(talk.request)
        path = sent.path.removeprefix(self.server.prefix)
        names = {name: text for name, text in sent.headers.items() if name != "host"}
        got = self.server.ask(sent.method, path, sent.body, names)
        self.seen.append((talk.request, got))
        body = json.dumps(self.answer(got.json)).encode() if got.body else b""
        kept = [f"{name}: {got.headers[name]}" for name in ("Idempotency-Key",) if name in got.headers]
        talk.send(response(self.status or got.status, body, *kept))


@dataclass
class Street:
    """A door in its street: its token, where it asks, and both its clocks."""

    door: Door
    address: str
    clock: Clock

    def presses(self, between: Between, *photos: bytes, press: str = "press-1") -> PressAnswer:
        """Somebody presses the button, with somebody between."""
        clocks = Clocks(time.monotonic, self.clock.now)
        at_s = time.monotonic()
        with HostileServer((between,)) as hostile:
            url = hostile.url.replace("127.0.0.1", self.address)
            with asking(url, self.door.token, clocks) as server:
                return server.ask(ButtonPress(press, at_s, self.clock.now(), at_s + 30), photos)


@pytest.fixture(params=["127.0.0.1", "127.1"])  # where the device sends its token, and where it signs
def street(request: pytest.FixtureRequest, server: InProcessServer, clock: Clock) -> Street:
    """A door whose token the server has made."""
    token = post_json(server, "/devices", {"name": "front-door"}).json["token"]
    return Street(Door(server, "front-door", token, clock.now), request.param, clock)


@pytest.fixture
def ana(server: InProcessServer, photo: Photo) -> str:
    """Somebody who is known."""
    return enrolled(server, "Ana", photo("ana-1"))


def test_with_nobody_who_changes_anything_the_door_opens(
    server: InProcessServer, street: Street, ana: str, photo: Photo
) -> None:
    between = Between(server)

    granted = street.presses(between, photo("ana-2"))
    street.clock.advance(1)
    refused = street.presses(between, photo("bruno-1"), press="press-2")

    assert (granted.result, granted.person, refused.result) == (GRANTED, "'Ana'", REFUSED)
    signed = [request.headers["authorization"].startswith("Porteiro ") for request, _ in between.seen]
    assert signed == [street.address == "127.1"] * 2


def evidence(**changed: Any) -> Callable[[Body], Body]:
    return lambda body: {**body, "evidence": {**body["evidence"], **changed}}


SWAPS: dict[str, Callable[[Body], Body]] = {
    "somebody else": lambda body: {**body, "person": {"id": "0" * 32, "name": "Ana"}},
    "another name": lambda body: {**body, "person": {**body["person"], "name": "Bruno"}},
    "a name in other letters": lambda body: {**body, "person": {**body["person"], "name": "\u0410na"}},
    "nobody": lambda body: {**body, "person": None},
    "more photos that agree": lambda body: {**body, "agreed": body["agreed"] + 1},
    "a wait": lambda body: {**body, "retry_after_s": 30},
    "other photos at the next press": lambda body: {**body, "photos": 3},
    "no evidence": lambda body: {**body, "evidence": None},
    "another press": evidence(press="press-0"),
    "a later time": evidence(at="2026-01-05T10:00:01+00:00"),
    "the same time in another zone": evidence(at="2026-01-05T11:00:00+01:00"),
    "a signature cut off": lambda body: evidence(signature=body["evidence"]["signature"][:-2])(body),
    "a longer signature": lambda body: evidence(signature=body["evidence"]["signature"] + "00")(body),
    "the earlier version": evidence(version=1),
    "the next version": evidence(version=3),
}


@pytest.mark.parametrize("swap", SWAPS)
def test_no_part_of_an_answer_can_be_changed(
    server: InProcessServer, street: Street, ana: str, photo: Photo, swap: str
) -> None:
    answer = street.presses(Between(server, answer=SWAPS[swap]), photo("ana-2"))

    expected = {"the earlier version": Fault.OLD_SERVER, "the next version": Fault.OLD_DEVICE}
    assert (answer.result, answer.fault) == (FAILED, expected.get(swap, Fault.UNPROVEN))
    assert answer.person == ""


def test_a_refusal_cannot_be_turned_into_a_grant_by_an_answer_of_before(
    server: InProcessServer, street: Street, ana: str, photo: Photo
) -> None:
    before = Between(server)
    assert street.presses(before, photo("ana-2")).result is GRANTED
    street.clock.advance(1)

    kept = before.seen[0][1].json
    forged: tuple[Callable[[Body], Body], ...] = (
        lambda _: kept,
        lambda body: {**kept, "evidence": {**kept["evidence"], "press": body["evidence"]["press"]}},
        lambda body: {**kept, "evidence": body["evidence"]},
    )
    for number, forge in enumerate(forged):
        street.clock.advance(1)
        between = Between(server, answer=forge, status=200)
        answer = street.presses(between, photo("bruno-1"), press=f"press-{number + 2}")
        assert (answer.result, answer.fault) == (FAILED, Fault.UNPROVEN)


def test_a_photo_of_somebody_known_in_place_of_the_strangers_opens_nothing(
    server: InProcessServer, street: Street, ana: str, photo: Photo
) -> None:
    """He kept Ana's photo, and has the server judge it under the stranger's press."""

    def swapped(request: Request) -> Request:
        body = request.body.replace(photo("bruno-1"), photo("ana-2"))
        return replace(request, body=body, headers={**request.headers, "content-length": str(len(body))})

    between = Between(server, request=swapped)
    answer = street.presses(between, photo("bruno-1"))

    told = between.seen[0][1]
    if street.address == "127.1":  # the server sees it by itself
        assert (told.status, told.error, answer.fault) == (401, "bad_signature", Fault.SIGNATURE)
    else:
        assert (told.status, told.json["outcome"], answer.fault) == (200, "known", Fault.UNPROVEN)
    assert answer.result is FAILED


def test_an_older_device_cannot_be_made_of_this_one(
    server: InProcessServer, street: Street, ana: str, photo: Photo
) -> None:
    def older(request: Request) -> Request:
        kept = {name: text for name, text in request.headers.items() if name != "porteiro-evidence"}
        return replace(request, headers=kept)

    answer = street.presses(Between(server, request=older), photo("ana-2"))

    assert answer.result is FAILED
    assert answer.fault in (Fault.OLD_DEVICE, Fault.SIGNATURE)


def test_without_its_proof_the_door_is_nobody_to_be_believed(
    server: InProcessServer, street: Street, ana: str, photo: Photo
) -> None:
    def bare(request: Request) -> Request:
        kept = {name: text for name, text in request.headers.items() if name != "authorization"}
        return replace(request, headers=kept)

    between = Between(server, request=bare)  # this server lets doors ask without a token
    answer = street.presses(between, photo("ana-2"))

    assert between.seen[0][1].json["outcome"] == "known"
    assert (answer.result, answer.fault) == (FAILED, Fault.UNPROVEN)


# A copy of the database


def all_that_is_in(database: Path) -> Iterator[bytes]:
    """Every value of every row, as bytes."""
    with closing(sqlite3.connect(database)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in connection.execute(f"SELECT * FROM {table}"):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()


def keys_out_of(database: Path) -> set[bytes]:
    """What might be tried as a key: each value, its hash, and what server and device derive of it."""
    values = set(all_that_is_in(database))
    keys = {
        key for value in values for key in (value, hashlib.sha256(value).digest(), derived(value, SIGNING))
    }
    with closing(sqlite3.connect(database)) as connection:
        doors = list(connection.execute("SELECT id, salt FROM devices"))
    tokens = {door_token(value, name, salt) for value in values for name, salt in doors}
    return keys | {signing_key(token) for token in tokens} | {token_key(token) for token in tokens}


def test_a_copy_of_the_database_makes_no_answer_that_opens(
    server: InProcessServer, street: Street, ana: str, photo: Photo, tmp_path: Path
) -> None:
    assert street.presses(Between(server), photo("ana-2")).result is GRANTED
    keys = keys_out_of(tmp_path / "porteiro.db")
    assert token_key(street.door.token) in keys  # which signed, in earlier releases
    assert signing_key(street.door.token) not in keys
    stranger, at = photo("bruno-1"), street.clock.now().isoformat()

    def forged(key: bytes) -> Callable[[Talk], None]:
        def behave(talk: Talk) -> None:
            press = talk.request.headers["idempotency-key"]
            body: Body = {"service": "porteiro", "status": "OK", "outcome": "known", "agreed": 1}
            body["person"] = {"id": ana, "name": "Ana"}
            body["evidence"] = evidence_of(key, press, photo_digests([stranger]), at, body)
            talk.send(response(200, json.dumps(body).encode(), f"Idempotency-Key: {press}"))

        return behave

    clocks, at_s = Clocks(time.monotonic, street.clock.now), time.monotonic()
    script = tuple(forged(key) for key in (*keys, signing_key(street.door.token)))
    with HostileServer(script) as hostile:
        url = hostile.url.replace("127.0.0.1", street.address)
        with asking(url, street.door.token, clocks) as asked:
            press = ButtonPress("press-2", at_s, street.clock.now(), at_s + 600)
            results = [asked.ask(press, (stranger,)).result for _ in script]

    assert results == [FAILED] * len(keys) + [GRANTED]  # the last is the key that the database does not have


def test_a_copy_of_the_database_makes_no_request_that_is_taken(
    server: InProcessServer, street: Street, ana: str, photo: Photo, tmp_path: Path
) -> None:
    assert street.presses(Between(server), photo("ana-2")).result is GRANTED
    database = tmp_path / "porteiro.db"
    body, kind = form(("file", "p.jpg", photo("ana-2")))
    values = sorted({value.decode("latin-1") for value in all_that_is_in(database)})
    with closing(sqlite3.connect(database)) as connection:
        [(name, salt)] = connection.execute("SELECT id, salt FROM devices")
    tokens = {f"{name}.{value}" for value in values if value.isprintable() and value.isascii()}
    tokens |= {door_token(value.encode("latin-1"), name, salt) for value in values}

    answers = []
    for token in tokens:
        headers = {**street.door.press(), **kind}
        del headers["Authorization"]
        signed = signed_headers(token, street.clock.now(), {**headers, "method": "POST", "target": "/"}, body)
        proofs = ({"Authorization": f"Bearer {token}"}, signed)
        answers += [server.ask("POST", "/", body, {**headers, **proof}) for proof in proofs]

    assert {(answer.status, answer.error) for answer in answers} == {
        (401, "bad_token"),
        (401, "bad_signature"),
    }
    assert len(answers) > 100
