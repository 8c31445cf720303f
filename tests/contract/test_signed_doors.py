"""Doors that ask over plain http sign their requests, and nothing that is read on the way is of use.

Through the shipped nginx and uWSGI too, over plain http as it is there.
"""

import json
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from pi_client.evidence import SIGNED_HEADERS, request_signature, signed_headers, signing_key
from tests.doors import VITALS, Door
from tests.servers import Answer, Server, form, post_json
from wsgi_app.access.evidence import token_key
from wsgi_app.stores.stores import Stores

Photo = Callable[[str], bytes]


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire, where anybody can read and change it."""

    server: Server
    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(repr=False)

    def arrives(self, **changed: str | None) -> Answer:
        """Send it, with some headers changed or, with ``None``, left out; also a second time."""
        headers = {**self.headers, **{name.replace("_", "-"): text for name, text in changed.items()}}
        given = {name: text for name, text in headers.items() if text is not None}
        return self.server.ask(self.method, self.path, self.body, given)


def signed(door: Door, method: str, path: str, body: bytes, headers: dict[str, str], at: datetime) -> Sent:
    """A request as the device signs it."""
    bare = {name: text for name, text in headers.items() if name != "Authorization"}
    proof = signed_headers(door.token, at, {**bare, "method": method, "target": path}, body)
    return Sent(door.server, method, path, body, {**bare, **proof})


def press_of(door: Door, *photos: bytes, at: datetime | None = None) -> Sent:
    """A press of the button."""
    names = ("file", "file2", "file3")
    body, kind = form(*((name, "p.jpg", photo) for name, photo in zip(names, photos, strict=False)))
    return signed(door, "POST", "/", body, {**door.press(), **kind}, at or door.now())


def heartbeat_of(door: Door, at: datetime, **other: Any) -> Sent:
    """How it says that it is."""
    body = json.dumps({**VITALS, **other}).encode()
    kind = {"Content-Type": "application/json"}
    return signed(door, "PUT", f"/devices/{door.name}/heartbeat", body, kind, at)


@pytest.fixture
def signing(any_server: Server, door: Door) -> Door:
    """A door whose token the server itself has made."""
    name = f"door-{uuid.uuid4().hex}"
    token = post_json(any_server, "/devices", {"name": name}).json["token"]
    return replace(door, name=name, token=token)


def state_of(door: Door) -> dict[str, Any]:
    """How the server has it."""
    body: dict[str, Any] = door.server.ask("GET", f"/devices/{door.name}").json
    return body


# Honest doors


def test_a_signed_press_is_answered_with_its_proof(signing: Door, ana: str, photo: Photo) -> None:
    for name, status in (("ana-4", 200), ("bruno-1", 404)):
        sent = press_of(signing, photo(name))
        answer = sent.arrives()

        press = sent.headers["Idempotency-Key"]
        assert (answer.status, answer.headers["Idempotency-Key"]) == (status, press)
        assert signing.believes(answer.json, press, photo(name))


def test_each_photo_of_a_burst_is_in_the_proof(signing: Door, photo: Photo) -> None:
    photos = (photo("nobody-1"), photo("bruno-1"), photo("nobody-1"))
    sent = press_of(signing, *photos)

    body, press = sent.arrives().json, sent.headers["Idempotency-Key"]

    assert signing.believes(body, press, *photos)
    for others in (photos[:1], photos[:2], photos[::2], (photos[1], photos[0], photos[2])):
        assert not signing.believes(body, press, *others)


def test_a_press_that_is_sent_again_gets_the_same_answer(signing: Door, photo: Photo) -> None:
    sent = press_of(signing, photo("nobody-1"))

    first, again = sent.arrives().json, sent.arrives().json

    assert first["visit"] == again["visit"]
    assert signing.believes(again, sent.headers["Idempotency-Key"], photo("nobody-1"))


def test_a_signed_heartbeat_is_heard(signing: Door) -> None:
    answer = heartbeat_of(signing, signing.now(), state="failed").arrives()

    assert (answer.status, answer.headers["Porteiro-Evidence"]) == (204, "2")
    assert state_of(signing)["vitals"] == {**VITALS, "state": "failed"}


# What somebody makes of what they read on the way


def test_nothing_on_the_wire_holds_the_token_or_a_key(signing: Door, photo: Photo) -> None:
    press, heartbeat = press_of(signing, photo("nobody-1")), heartbeat_of(signing, signing.now())
    answers = press.arrives(), heartbeat.arrives()
    seen = "".join(
        f"{sent.headers} {sent.body.decode('latin-1')} {answer.headers} {answer.body.decode('latin-1')}"
        for sent, answer in zip((press, heartbeat), answers, strict=True)
    )

    secret = signing.token.partition(".")[2]
    assert secret not in seen
    for key in (signing_key(signing.token), token_key(signing.token), token_key(secret)):
        assert key.hex() not in seen.lower()
        assert b64encode(key).decode() not in seen


CHANGES: dict[str, dict[str, str | None]] = {
    "another press": {"Idempotency_Key": "another"},
    "no press": {"Idempotency_Key": None},
    "another boot": {"Porteiro_Boot": "another"},
    "a later press": {"Porteiro_Pressed_Monotonic_Ms": "999999999"},
    "the same press later": {"Porteiro_Pressed_At": "2026-01-05T10:00:10+00:00"},
    "another version": {"Porteiro_Evidence": "1"},
    "another type": {"Content_Type": "image/jpeg"},
    "another boundary": {"Content_Type": "multipart/form-data; boundary=other"},
    "no digest": {"Content_Digest": None},
    "the digest of nothing": {"Content_Digest": f"sha-256=:{b64encode(sha256().digest()).decode()}:"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_header_that_counts_can_be_changed(signing: Door, photo: Photo, change: str) -> None:
    sent = press_of(signing, photo("nobody-1"))

    changed = sent.arrives(**CHANGES[change])

    assert (changed.status, changed.error) == (401, "bad_signature")
    assert changed.headers["WWW-Authenticate"] == "Porteiro"
    assert sent.arrives().status == 404  # the door's own press was not used up


def test_no_photo_can_be_put_in_place_of_the_doors(signing: Door, ana: str, photo: Photo) -> None:
    sent, other = press_of(signing, photo("nobody-1")), press_of(signing, photo("ana-4"))
    swapped = replace(sent, body=sent.body.replace(photo("nobody-1"), photo("ana-4")))
    bodies = (swapped, replace(sent, body=sent.body[:-1]), replace(sent, body=sent.body + b"\n"))

    refused = [forged.arrives() for forged in bodies]
    digest, kind = other.headers["Content-Digest"], other.headers["Content-Type"]
    refused.append(replace(sent, body=other.body).arrives(Content_Digest=digest, Content_Type=kind))

    assert [(answer.status, answer.error) for answer in refused] == [(401, "bad_signature")] * 4
    assert sent.arrives().json["outcome"] == "no_face"


def test_a_retry_with_another_photo_is_refused_too(signing: Door, photo: Photo) -> None:
    sent = press_of(signing, photo("nobody-1"))
    assert sent.arrives().status == 404

    swapped = replace(sent, body=sent.body.replace(photo("nobody-1"), photo("bruno-1"))).arrives()

    assert (swapped.status, swapped.error) == (401, "bad_signature")


def test_no_request_fits_another_address_or_method(signing: Door, photo: Photo) -> None:
    press, heartbeat = press_of(signing, photo("nobody-1")), heartbeat_of(signing, signing.now())
    path = heartbeat.path
    forged = (
        replace(press, method="PUT", path=path),
        replace(heartbeat, method="POST", path="/"),
        replace(press, path="/?door=other"),
        replace(heartbeat, path=f"{path}?state=failed"),
        replace(heartbeat, path=path.replace(signing.name, "front-door")),
    )

    answers = [sent.arrives() for sent in forged]

    assert [(answer.status, answer.error) for answer in answers] == [(401, "bad_signature")] * len(forged)


def test_another_doors_key_signs_nothing_for_this_one(
    any_server: Server, signing: Door, door: Door, photo: Photo
) -> None:
    other = replace(signing, token=f"{signing.name}.{door.token.partition('.')[2]}")
    name = f"door-{uuid.uuid4().hex}"
    neighbour = post_json(any_server, "/devices", {"name": name}).json["token"]
    posing = replace(signing, token=f"{signing.name}.{neighbour.partition('.')[2]}")
    own = replace(signing, name=name, token=neighbour)

    answers = [press_of(forger, photo("nobody-1")).arrives() for forger in (other, posing)]
    crossed = signed(own, "PUT", f"/devices/{signing.name}/heartbeat", b"{}", {}, own.now()).arrives()

    assert [(answer.status, answer.error) for answer in answers] == [(401, "bad_signature")] * 2
    assert (crossed.status, crossed.error) == (403, "other_device")


@pytest.mark.parametrize("seconds", [-31.0, 31.0, -3600.0, 1e9, -1e9])
def test_what_was_signed_at_another_time_is_refused(signing: Door, photo: Photo, seconds: float) -> None:
    at = signing.now() + timedelta(seconds=seconds)

    answers = [press_of(signing, photo("nobody-1"), at=at).arrives(), heartbeat_of(signing, at).arrives()]

    assert [(answer.status, answer.error) for answer in answers] == [(409, "clock")] * 2
    assert state_of(signing)["state"] == "never"


def test_an_old_press_cannot_be_signed_anew_by_time_alone(signing: Door, photo: Photo) -> None:
    signing.behind_s = 60.0

    answer = press_of(signing, photo("nobody-1")).arrives()

    assert (answer.status, answer.error) == (409, "clock")


def test_a_heartbeat_is_heard_once_and_none_before_it_any_more(signing: Door) -> None:
    now = signing.now()
    earlier = heartbeat_of(signing, now - timedelta(seconds=1), state="failed")
    sent = heartbeat_of(signing, now)

    assert sent.arrives().status == 204
    replayed = [sent.arrives(), earlier.arrives()]

    assert [(answer.status, answer.error) for answer in replayed] == [(409, "replayed")] * 2
    assert state_of(signing)["vitals"] == VITALS


PROOF = 'device="{name}", at="{at}", signature="{zeros}"'
ODD_PROOFS = {
    "nothing": "Porteiro",
    "a space": "Porteiro ",
    "no signature": 'Porteiro device="{name}", at="{at}"',
    "a short signature": 'Porteiro device="{name}", at="{at}", signature="00"',
    "capitals": "Porteiro " + PROOF.replace("{zeros}", "A" * 64),
    "another order": 'Porteiro at="{at}", device="{name}", signature="{zeros}"',
    "no quotes": "Porteiro device={name}, at={at}, signature={zeros}",
    "more": "Porteiro " + PROOF + ', realm="x"',
    "twice": "Porteiro " + PROOF + ", Porteiro " + PROOF,
    "both ways": "Porteiro " + PROOF + ", Bearer {token}",
    "another name": "Porteiro " + PROOF.replace("{name}", "Front Door"),
    "no name": "Porteiro " + PROOF.replace("{name}", ""),
    "no time": "Porteiro " + PROOF.replace("{at}", "now"),
    "a time without its zone": "Porteiro " + PROOF.replace("{at}", "2026-01-05T10:00:00"),
    "a day that is none": "Porteiro " + PROOF.replace("{at}", "2026-02-30T10:00:00+00:00"),
    "letters of others": "Porteiro " + PROOF.replace("{zeros}", "\u00e9" * 64),
    "digits of others": "Porteiro " + PROOF.replace("{zeros}", "\u00b2" * 64),
    "much": "Porteiro " + PROOF.replace("{zeros}", "0" * 6000),
    "small letters": "porteiro " + PROOF,
    "nobody's": "Porteiro " + PROOF,
}


@pytest.mark.parametrize("odd", ODD_PROOFS)
def test_a_proof_of_another_form_is_none(signing: Door, photo: Photo, odd: str) -> None:
    at = signing.now().isoformat()
    proof = ODD_PROOFS[odd].format(name=signing.name, at=at, zeros="0" * 64, token=signing.token)

    answer = press_of(signing, photo("nobody-1")).arrives(Authorization=proof)

    assert (answer.status, answer.error) == (401, "bad_signature")


def test_a_signature_of_what_the_database_has_is_none(signing: Door, kept: Stores, photo: Photo) -> None:
    device = kept.devices.get(signing.name)
    assert device.salt is not None
    at = signing.now()
    sent = press_of(signing, photo("nobody-1"), at=at)
    stated = {name: sent.headers.get(name, "") for name in SIGNED_HEADERS}
    stated |= {"method": "POST", "target": "/", "device": signing.name, "at": at.isoformat()}
    for key in (token_key(signing.token), device.salt, b"", bytes(32)):
        proof = f'Porteiro device="{signing.name}", at="{at.isoformat()}", '
        forged = sent.arrives(Authorization=f'{proof}signature="{request_signature(key, stated)}"')

        assert (forged.status, forged.error) == (401, "bad_signature")


def test_a_token_of_an_earlier_release_asks_as_before_and_signs_nothing(door: Door, photo: Photo) -> None:
    answer, signed_one = door.rings(photo("nobody-1")), press_of(door, photo("nobody-1")).arrives()

    assert answer.status == 404
    assert (signed_one.status, signed_one.error) == (401, "bad_signature")
    assert "new token" in signed_one.json["error"]["message"]


def test_a_revoked_doors_signature_is_403(signing: Door, kept: Stores, photo: Photo) -> None:
    kept.devices.revoke(signing.name)

    answer = press_of(signing, photo("nobody-1")).arrives()

    assert (answer.status, answer.error) == (403, "revoked")


def test_a_body_is_bounded_before_it_is_compared(signing: Door) -> None:
    press = {**signing.press(), "Content-Type": "image/jpeg"}
    large = signed(signing, "POST", "/", b"x" * (12 * 1024 * 1024 + 1), press, signing.now()).arrives()

    assert (large.status, large.error) == (413, "too_large")
