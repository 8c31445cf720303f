"""Doors are known by their tokens."""

import pytest

from wsgi_app.access.doors import Holder, needed_holder, token_holder
from wsgi_app.access.evidence import token_key
from wsgi_app.base.errors import Forbidden, Unauthorized
from wsgi_app.stores.stores import Stores

TOKEN = f"front-door.{'a' * 43}"


def test_a_device_is_known_by_its_token(stores: Stores) -> None:
    stores.devices.add("front-door", token_key(TOKEN))

    expected = Holder(stores.devices.get("front-door"), token_key(TOKEN))
    assert token_holder(TOKEN, stores.devices) == expected
    assert needed_holder(TOKEN, stores.devices) == expected
    assert "key" not in repr(expected)


def test_no_token_is_nobody(stores: Stores) -> None:
    assert token_holder(None, stores.devices) is None
    with pytest.raises(Unauthorized) as refused:
        needed_holder(None, stores.devices)
    assert (refused.value.code, refused.value.headers) == ("token_needed", {"WWW-Authenticate": "Bearer"})


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
