"""Door devices: what becomes of them while nothing is heard."""

import pytest

from tests.conftest import Clock
from tests.doors import Door, add_door
from tests.servers import InProcessServer
from wsgi_app.services import Stores


@pytest.fixture
def door(server: InProcessServer, stores: Stores) -> Door:
    """A door with a token."""
    return add_door(server, stores.devices, "front-door")


def test_a_silent_device_is_late_and_then_lost_until_it_is_heard_again(
    server: InProcessServer, door: Door, clock: Clock
) -> None:
    seen = []
    door.beats()
    for seconds in (60, 60, 180):
        clock.advance(seconds)
        seen.append(server.ask("GET", "/devices/front-door").json["state"])
    door.beats(uptime_s=2)

    again = server.ask("GET", "/devices/front-door").json
    assert seen == ["here", "late", "lost"]
    assert (again["state"], again["missed"]) == ("here", 4)


def test_a_list_without_devices_is_empty(server: InProcessServer) -> None:
    assert server.ask("GET", "/devices").json == {"devices": []}
