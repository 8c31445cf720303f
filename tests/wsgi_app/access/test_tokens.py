"""Tokens of door devices: made of the server's secret, told once, kept as what they are found by."""

import re

import pytest

from wsgi_app.access.evidence import door_token, token_key
from wsgi_app.access.tokens import add_door, random_salt, random_secret
from wsgi_app.base.errors import Conflict, Unfit
from wsgi_app.stores.stores import Stores

SECRET = bytes(range(32))


def test_a_token_is_the_doors_name_and_43_letters(stores: Stores) -> None:
    token = add_door(stores.devices, "front-door", SECRET, lambda: b"salt")

    assert token == door_token(SECRET, "front-door", b"salt")
    assert re.fullmatch(r"front-door\.[0-9A-Za-z_-]{43}", token)
    device = stores.devices.holding(token_key(token))
    assert device == stores.devices.get("front-door")
    assert device.salt == b"salt"
    assert "salt" not in repr(device)


def test_no_two_secrets_or_salts_are_alike() -> None:
    secrets = {random_secret() for _ in range(100)}

    assert len(secrets) == len({random_salt() for _ in range(100)}) == 100
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{43}", secret) for secret in secrets)


def test_a_door_gets_another_token_each_time(stores: Stores) -> None:
    first = add_door(stores.devices, "front-door", SECRET)
    stores.devices.revoke("front-door")

    assert add_door(stores.devices, "front-door", SECRET) != first


@pytest.mark.parametrize(
    "name", ["", "Front", "-door", "front door", "front.door", "d" * 64, "door\n", "\xe9"]
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_kept(stores: Stores, name: str) -> None:
    with pytest.raises(Unfit, match="bad_name:device name="):
        add_door(stores.devices, name, SECRET)

    assert stores.devices.everyone() == []


def test_a_name_that_is_taken_keeps_its_token(stores: Stores) -> None:
    token = add_door(stores.devices, "front-door", SECRET)

    with pytest.raises(Conflict):
        add_door(stores.devices, "front-door", SECRET)

    assert stores.devices.holding(token_key(token)) is not None
