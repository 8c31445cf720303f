"""What tests of several stores begin with."""

import pytest

from wsgi_app.stores.devices import DeviceStore
from wsgi_app.stores.stores import Stores

KEY = b"k" * 32  # the hash of the door's token


@pytest.fixture
def devices(stores: Stores) -> DeviceStore:
    """A house with one door."""
    stores.devices.add("front-door", KEY)
    return stores.devices
