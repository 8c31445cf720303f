"""Doors are known by their tokens, and by what they sign."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from wsgi_app.access.doors import (
    Holder,
    SignedRequest,
    doors_of_another_secret,
    needed_holder,
    signing_holder,
    token_holder,
)
from wsgi_app.access.evidence import request_signature, signing_key, token_key
from wsgi_app.access.tokens import add_door
from wsgi_app.base.errors import Forbidden, Unauthorized
from wsgi_app.stores.stores import Stores

TOKEN = f"front-door.{'a' * 43}"


def test_a_device_is_known_by_its_token(stores: Stores) -> None:
    stores.devices.add("front-door", token_key(TOKEN))

    expected = Holder(stores.devices.get("front-door"), token_key(TOKEN), signing_key(TOKEN))
    assert token_holder(TOKEN, stores.devices) == expected
    assert needed_holder(TOKEN, stores.devices) == expected
    assert not {"token", "key"} & {part.strip(" (,").partition("=")[0] for part in repr(expected).split()}


def test_no_token_is_nobody(stores: Stores) -> None:
    assert token_holder(None, stores.devices) is None
    with pytest.raises(Unauthorized) as refused:
        needed_holder(None, stores.devices)
    headers = {"WWW-Authenticate": "Bearer", "Porteiro-Evidence": "2"}  # by which a door sees who is old
    assert (refused.value.code, refused.value.headers) == ("token_needed", headers)


@pytest.mark.parametrize(
    "token", ["", "front-door", f"back-door.{'a' * 43}", f"front-door.{'b' * 43}", TOKEN + "a", f"{TOKEN}\n"]
)
def test_a_token_that_nobody_has_is_refused(stores: Stores, token: str) -> None:
    stores.devices.add("front-door", token_key(TOKEN))

    with pytest.raises(Unauthorized) as refused:
        token_holder(token, stores.devices)
    assert (refused.value.code, refused.value.headers) == ("bad_token", {"WWW-Authenticate": "Bearer"})


def test_a_revoked_token_is_refused_as_that(stores: Stores) -> None:
    stores.devices.add("front-door", token_key(TOKEN))
    stores.devices.revoke("front-door")

    with pytest.raises(Forbidden) as refused:
        token_holder(TOKEN, stores.devices)
    assert refused.value.code == "revoked"


SECRET, NOW = bytes(range(32)), datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def signed_by(token: str, name: str = "front-door") -> SignedRequest:
    """A request as a door signs it."""
    stated = {"method": "POST", "target": "/", "device": name, "at": NOW.isoformat()}
    return SignedRequest(name, NOW, request_signature(signing_key(token), stated), stated)


def test_a_device_is_known_by_what_it_signs(stores: Stores) -> None:
    token = add_door(stores.devices, "front-door", SECRET)

    expected = Holder(stores.devices.get("front-door"), token_key(token), signing_key(token), NOW)
    assert signing_holder(signed_by(token), stores.devices, SECRET) == expected


def test_what_another_signed_is_nobodys(stores: Stores) -> None:
    token, other = (add_door(stores.devices, name, SECRET) for name in ("front-door", "back-door"))
    good = signed_by(token)
    forged = (
        signed_by(other),
        signed_by(token, "back-door"),
        signed_by(token, "side-door"),
        signed_by(TOKEN),
        replace(good, stated={**good.stated, "method": "PUT"}),
        replace(good, stated={**good.stated, "target": "/devices/front-door/heartbeat"}),
        replace(good, stated={**good.stated, "Idempotency-Key": "another"}),
        replace(good, signature="0" * 64),
    )

    for signed in forged:
        with pytest.raises(Unauthorized, match=r"^bad_signature$") as refused:
            signing_holder(signed, stores.devices, SECRET)
        assert refused.value.headers == {"WWW-Authenticate": "Porteiro"}


def test_a_token_of_an_earlier_release_or_of_another_secret_has_to_be_renewed(stores: Stores) -> None:
    stores.devices.add("front-door", token_key(TOKEN))
    token = add_door(stores.devices, "back-door", SECRET)
    cases = ((signed_by(TOKEN), SECRET), (signed_by(token, "back-door"), bytes(32)))

    for signed, secret in cases:
        with pytest.raises(Unauthorized, match=r"^bad_signature:renew$"):
            signing_holder(signed, stores.devices, secret)
    assert token_holder(TOKEN, stores.devices) is not None
    assert token_holder(token, stores.devices) is not None


def test_the_doors_whose_tokens_are_of_another_secret_are_named(stores: Stores) -> None:
    stores.devices.add("old-door", token_key(TOKEN))  # of an earlier release: of no secret
    for name, secret in (("front-door", SECRET), ("back-door", bytes(32)), ("gone-door", bytes(32))):
        add_door(stores.devices, name, secret)
    stores.devices.revoke("gone-door")

    assert doors_of_another_secret(stores.devices, SECRET) == ["back-door"]
    assert doors_of_another_secret(stores.devices, bytes(32)) == ["front-door"]


def test_what_a_revoked_door_signs_is_refused_as_that(stores: Stores) -> None:
    token = add_door(stores.devices, "front-door", SECRET)
    stores.devices.revoke("front-door")

    with pytest.raises(Forbidden, match=r"^revoked$"):
        signing_holder(signed_by(token), stores.devices, SECRET)
    with pytest.raises(Unauthorized):  # whoever cannot sign learns nothing
        signing_holder(replace(signed_by(token), signature="0" * 64), stores.devices, SECRET)
