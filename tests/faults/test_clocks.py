"""A wrong clock under a running server, by faketime: it loses nothing, and all goes on once it is right."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.doors import Door, add_door
from tests.servers import Answer, LiveServer, LocalPorts, RunningUwsgi, enrolled, uwsgi

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed"),
]

Photo = Callable[[str], bytes]
YEAR = timedelta(days=365)
WAITS = (
    "porteiro: Nothing is removed: the clock has jumped since the last purge, and {} of {} visits would go."
)


@dataclass
class House:
    """A running server whose clock can be set, and a door with a token whose clock is right, or set too."""

    server: LiveServer
    running: RunningUwsgi
    door: Door
    clock: Path

    def sets_clock(self, ahead: timedelta, door_too: bool = False) -> None:
        """The clock of the server is so much ahead from now on, and that of the door where told."""
        self.clock.write_text(f"{ahead.total_seconds():+.0f}")
        if door_too:
            self.door.now = lambda: datetime.now(UTC) + ahead

    def purges(self, *options: str) -> tuple[int, str, str]:
        """Run `porteiro purge` there: its exit status, and what it says on both streams."""
        done = subprocess.run(
            [sys.executable, "-m", "wsgi_app.cli", "purge", *options],
            env=self.running.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def visits(self) -> list[str]:
        """The ids of all visits whose photo is there."""
        listed = self.server.ask("GET", "/visits?limit=100").json["visits"]
        photos = [self.server.ask("GET", f"/visits/{visit['id']}/photo").status for visit in listed]
        assert set(photos) <= {200}
        return [visit["id"] for visit in listed]

    def is_held(self) -> bool:
        """Whether a purge waits, as the page House and the metrics say alike; it is ready all the same."""
        page = self.server.ask("GET", "/", headers={"Accept": "text/html"}).body.decode()
        metrics = self.server.ask("GET", "/metrics").body.decode().splitlines()
        held = "Purge all the same" in page
        assert f"porteiro_purge_held {held:.1f}" in metrics
        assert self.server.ask("GET", "/health/ready").status == 200
        return held

    def told(self, after: int) -> list[tuple[str, str]]:
        """What was told of the purges and of the door since an event, by kinds."""
        events = self.server.ask("GET", f"/events?after={after}&limit=100").json["events"]
        return sorted(
            (event["kind"], event["action"])
            for event in events
            if event["kind"] == "purge" or event["action"] == "clock_set_back"
        )


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, pack_folder: Path, photo: Photo
) -> Iterator[tuple[LiveServer, RunningUwsgi, Path]]:
    """A running server that knows Ana, and the file that sets its clock."""
    data, ports = tmp_path_factory.mktemp("clocks"), LocalPorts()
    clock = data / "clock"
    clock.write_text("+0")
    library = subprocess.check_output(["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], text=True).strip()
    faked = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # a clock that is set leaves that one alone
        "NO_FAKE_STAT": "1",  # and the times of files
    }
    settings = {"PORTEIRO_PACK": str(pack_folder), "PORTEIRO_PROCESSES": "1", **ports.settings, **faked}
    # libfaketime adds to the environment before uWSGI counts the room for its name there, and the name would
    # be written past the end: through `env` it finds what it would add.
    with uwsgi(data, settings, through=["env"]) as running:
        live = LiveServer(ports.http)
        enrolled(live, "Ana", photo("ana-1"), photo("ana-2"))
        yield live, running, clock
        clock.write_text("+0")


@pytest.fixture
def house(server: tuple[LiveServer, RunningUwsgi, Path], photo: Photo) -> House:
    """The same with a door of the test's own, where Ana came; a purge has seen the clock as it should be."""
    live, running, clock = server
    with running.stores() as stores:
        house = House(live, running, add_door(live, stores), clock)
    house.sets_clock(timedelta(0), door_too=True)
    assert house.door.rings(photo("ana-4")).status == 200
    assert house.purges("--yes")[0] == 0
    return house


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error


def test_a_clock_a_year_ahead_loses_no_visit_and_shuts_no_door_for_longer_than_it_is_wrong(
    house: House, photo: Photo
) -> None:
    before, last = house.visits(), house.server.ask("GET", "/events?after=999999").json["last"]
    house.sets_clock(YEAR, door_too=True)
    assert house.door.rings(photo("ana-4")).status == 200
    visits = house.visits()

    status, removed, why = house.purges()

    assert (status, removed) == (1, "")
    assert WAITS.format(len(before), len(visits)) in why
    assert "`porteiro purge --yes`" in why
    assert (house.visits(), house.is_held()) == (visits, True)

    house.sets_clock(timedelta(0), door_too=True)
    house.door.restart()
    first, second = house.door.rings(photo("ana-4")), house.door.rings(photo("ana-4"))
    status, removed, _ = house.purges()

    assert (refused(first), second.json["outcome"]) == ((409, "replayed"), "known")
    assert (status, "removed 0 visits of people let in" in removed) == (0, True)
    assert (house.visits(), house.is_held()) == ([second.json["visit"], *visits], False)
    assert house.told(last) == [("device", "clock_set_back"), ("purge", "ended"), ("purge", "held")]


def test_a_clock_a_year_behind_lets_nobody_in_loses_nothing_and_all_is_well_once_it_is_right(
    house: House, photo: Photo
) -> None:
    visits = house.visits()
    house.sets_clock(-YEAR)

    early = house.door.rings(photo("ana-4"))
    status, removed, why = house.purges()

    assert refused(early) == (409, "clock")
    assert "synchronise both clocks" in early.json["error"]["message"]
    assert (status, removed, WAITS.format(0, len(visits)) in why) == (1, "", True)
    assert (house.visits(), house.is_held()) == (visits, True)

    house.sets_clock(timedelta(0))
    late = house.door.rings(photo("ana-4"))

    assert late.json["outcome"] == "known"
    assert house.purges()[0] == 0
    assert (house.visits(), house.is_held()) == ([late.json["visit"], *visits], False)


def test_a_clock_that_is_right_after_all_is_approved_and_the_purge_goes_on(
    house: House, photo: Photo
) -> None:
    house.sets_clock(2 * YEAR, door_too=True)
    held = house.purges()[0]

    approved = house.server.ask("POST", "/purge")
    gone = house.purges()[0]

    assert (held, approved.status, approved.json["approved_by"], gone) == (1, 202, "Olga", 0)
    assert (house.visits(), house.is_held()) == ([], False)
    came = house.door.rings(photo("ana-4")).json
    assert house.purges()[0] == 0
    assert house.visits() == [came["visit"]]
