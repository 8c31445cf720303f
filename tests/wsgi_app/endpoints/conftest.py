"""What several endpoints are asked with."""

import pytest

from tests.doors import Door, add_door
from tests.servers import InProcessServer
from wsgi_app.stores.stores import Stores


@pytest.fixture
def door(server: InProcessServer, stores: Stores) -> Door:
    """A door with a token."""
    return add_door(server, stores, "front-door")
