"""Tokens of door devices: made at random, told once, kept as their hashes."""

import re

import pytest

from wsgi_app.access.evidence import token_key
from wsgi_app.access.tokens import add_door, random_secret
from wsgi_app.base.errors import Conflict, Unfit
from wsgi_app.stores.stores import Stores


def test_a_token_is_the_doors_name_and_a_secret(stores: Stores) -> None:
    token = add_door(stores.devices, "front-door", lambda: "s" * 43)

    assert token == f"front-door.{'s' * 43}"
    assert stores.devices.holding(token_key(token)) == stores.devices.get("front-door")


def test_no_two_secrets_are_alike() -> None:
    secrets = {random_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{43}", secret) for secret in secrets)


@pytest.mark.parametrize(
    "name", ["", "Front", "-door", "front door", "front.door", "d" * 64, "door\n", "\xe9"]
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_kept(stores: Stores, name: str) -> None:
    with pytest.raises(Unfit, match="bad_name:device name="):
        add_door(stores.devices, name)

    assert stores.devices.everyone() == []


def test_a_name_that_is_taken_keeps_its_token(stores: Stores) -> None:
    token = add_door(stores.devices, "front-door")

    with pytest.raises(Conflict):
        add_door(stores.devices, "front-door")

    assert stores.devices.holding(token_key(token)) is not None
